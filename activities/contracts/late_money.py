"""What the payments domain is asked of money that came late, and of credit that goes back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from activities.contracts.payments import AttemptStanding, AttemptState
from activities.contracts.step import Nothing, Step, StepKind
from meqenet.money import Money
from meqenet.payments.late_money import MoneyPlace, Need
from meqenet.payments.rail import RefundAnswer, RefundPayment, WalletProvider


@dataclass(frozen=True, kw_only=True)
class SettleInstallment:
    """Which attempt's money pays the installment? Money that came late is taken for it now."""

    plan_id: str
    installment_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class InstallmentSettled:
    """The attempt that pays it; None where no money is there, or an attempt is still open."""

    standing: AttemptStanding | None


@dataclass(frozen=True, kw_only=True)
class FindAttempt:
    """Is there such an attempt, and where does it stand?"""

    attempt_id: str


@dataclass(frozen=True, kw_only=True)
class AttemptKnown:
    """An attempt; ``state`` None: no order of ours has this id.

    ``receipt``: of money that came unasked, which the provider knows by nothing else.
    """

    state: AttemptState | None
    provider: WalletProvider | None = None
    provider_reference: str | None = None
    receipt: str | None = None


@dataclass(frozen=True, kw_only=True)
class OpenStrayBill:
    """Money is told of under the number of a plan that has ended: make it an order of ours."""

    plan_id: str
    receipt: str
    amount: Money
    at: datetime


@dataclass(frozen=True, kw_only=True)
class StrayBillOpened:
    """The order; the same for the same receipt."""

    attempt_id: str


@dataclass(frozen=True, kw_only=True)
class PlaceMoney:
    """Where does the attempt's money belong? Kept there where that is certain by now."""

    attempt_id: str
    need: Need
    at: datetime


@dataclass(frozen=True, kw_only=True)
class MoneyPlaced:
    """Where it belongs. ``surplus_at``: since when it is the customer's credit."""

    place: MoneyPlace
    provider: WalletProvider
    amount: Money
    surplus_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class KeepOverpaid:
    """So much of what the attempt has brought was more than was owed, and the books have it."""

    attempt_id: str
    amount: Money
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AskCreditReturn:
    """Send a surplus back, because a member of staff says so; ``by`` is an opaque id."""

    attempt_id: str
    by: str
    why: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class CreditReturnOpened:
    """The refund, stored.

    ``is_new``: it was not there before, so nothing can have been sent. ``is_returned``: the money
    is back in the wallet.
    """

    refund_id: str
    provider: WalletProvider
    amount: Money
    reason: str
    is_new: bool
    is_returned: bool = False


SETTLE_INSTALLMENT = Step(
    name="payments.settle_installment", command=SettleInstallment, result=InstallmentSettled
)
FIND_ATTEMPT = Step(name="payments.find_attempt", command=FindAttempt, result=AttemptKnown)
OPEN_STRAY_BILL = Step(
    name="payments.open_stray_bill", command=OpenStrayBill, result=StrayBillOpened
)
PLACE_MONEY = Step(name="payments.place_money", command=PlaceMoney, result=MoneyPlaced)
KEEP_OVERPAID = Step(name="payments.keep_overpaid", command=KeepOverpaid, result=Nothing)
ASK_CREDIT_RETURN = Step(
    name="payments.ask_credit_return", command=AskCreditReturn, result=CreditReturnOpened
)
MPESA_PAY_OUT_REFUND = Step(
    name="mpesa.pay_out_refund", command=RefundPayment, result=RefundAnswer, kind=StepKind.COMMAND
)
"""M-PESA reverses whole payments only: a part of one is paid out, under the refund's id."""


class LateMoneySteps(Protocol):
    """The payments domain's steps for money that no collection waits for, each idempotent."""

    async def settle_installment(self, command: SettleInstallment) -> InstallmentSettled:
        """The same attempt for ever, once there is one."""
        ...

    async def find_attempt(self, command: FindAttempt) -> AttemptKnown:
        """Changes nothing."""
        ...

    async def open_stray_bill(self, command: OpenStrayBill) -> StrayBillOpened:
        """Idempotent by receipt. Refusal ``too_many_payments``: the plan has no number left."""
        ...

    async def place_money(self, command: PlaceMoney) -> MoneyPlaced:
        """A surplus stays one."""
        ...

    async def keep_overpaid(self, command: KeepOverpaid) -> Nothing:
        """The customer's credit from then on, once."""
        ...

    async def ask_credit_return(self, command: AskCreditReturn) -> CreditReturnOpened:
        """A refund of it that has not failed is given as it stands.

        Refusal ``credit_unknown``: the attempt brought no surplus.
        """
        ...
