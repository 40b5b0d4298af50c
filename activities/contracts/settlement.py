"""What the settlement domain and the bank can be asked: merchant payables and payouts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol

from activities.contracts.captures import CapturesFound, OrderAuthorised
from activities.contracts.step import Nothing, Step, StepKind
from meqenet.money import Money
from meqenet.payments.rail import RailStatus, RefundAnswer
from meqenet.settlement.lines import ReserveTerms
from meqenet.settlement.transfer import (
    CreditTransfer,
    PayoutAccount,
    TransferAnswer,
    TransferStatus,
)

NOTHING: Final = Money(0)
"""A minimum that lets everything pass."""


@dataclass(frozen=True, kw_only=True)
class RegisterTerms:
    """A merchant's terms: commission per option in basis points, days until payout.

    Attributes:
        fee_fixed: commission per option beside it.
        reserve: what of orders' money is kept, and for how long.
        minimum: what would be less waits for the next day.
    """

    merchant_id: str
    fee_basis_points: Mapping[str, int]
    delay_days: int
    account: PayoutAccount
    at: datetime
    fee_fixed: Mapping[str, Money] = field(default_factory=dict)
    reserve: ReserveTerms = field(default_factory=ReserveTerms)
    minimum: Money = NOTHING


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """What a merchant's statement names the order by, and the test clock that it lives by."""

    reference: str
    test_clock_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ScheduleSettlement:
    """A plan is about to be active: fix what the merchant gets and when.

    ``protection_days`` holds the money at least that long after ``activated_on`` (an Addis date).
    With ``line`` the merchant's day brings it, and no payout of the plan's own.
    """

    plan_id: str
    merchant_id: str
    payout_id: str
    option: str
    amount: Money
    activated_on: date
    protection_days: int
    at: datetime
    line: OrderLine | None = None


@dataclass(frozen=True, kw_only=True)
class SettlementScheduled:
    """``gross - fee = net``; ``due_at`` is when the payout is sent."""

    payout_id: str
    gross: Money
    fee: Money
    net: Money
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class OpenPayout:
    """Store the intent to pay before the bank hears of it."""

    payout_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RecordPayout:
    """Store what the bank said; ``answer`` None means that the outcome is not known yet."""

    payout_id: str
    answer: TransferAnswer | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class QueryTransfer:
    """Ask the bank for an order's state."""

    end_to_end_id: str


@dataclass(frozen=True, kw_only=True)
class LoadSettlement:
    """What must a run know that goes on with a plan whose process was lost?"""

    plan_id: str


@dataclass(frozen=True, kw_only=True)
class LoadedSettlement:
    """The plan's newest settlement.

    Attributes:
        scheduled: None when nothing was scheduled.
        number: which payout of the plan it is; a second one follows a refused first one.
        begun: its payout is stored, so the bank may have heard of it.
        by_day: the merchant's day brings it, and no payout of the plan's own.
        authorised: what the merchant may capture, where it does so itself.
        found: what has become of its captures.
    """

    scheduled: SettlementScheduled | None
    number: int = 1
    begun: bool = False
    by_day: bool = False
    authorised: OrderAuthorised | None = None
    found: CapturesFound = field(default_factory=CapturesFound)


REGISTER_TERMS = Step(name="settlement.register_terms", command=RegisterTerms, result=Nothing)
SCHEDULE = Step(name="settlement.schedule", command=ScheduleSettlement, result=SettlementScheduled)
LOAD_SETTLEMENT = Step(
    name="settlement.load_settlement", command=LoadSettlement, result=LoadedSettlement
)
OPEN_PAYOUT = Step(name="settlement.open_payout", command=OpenPayout, result=CreditTransfer)
RECORD_PAYOUT = Step(name="settlement.record_payout", command=RecordPayout, result=Nothing)
SEND_TRANSFER = Step(
    name="bank.send_transfer",
    command=CreditTransfer,
    result=TransferAnswer,
    kind=StepKind.COMMAND,
)
QUERY_TRANSFER = Step(
    name="bank.query_transfer",
    command=QueryTransfer,
    result=TransferAnswer,
    kind=StepKind.QUESTION,
)

MPESA_PAY_MERCHANT = Step(
    name="mpesa.pay_merchant",
    command=CreditTransfer,
    result=TransferAnswer,
    kind=StepKind.COMMAND,
)
MPESA_ASK_PAYOUT = Step(
    name="mpesa.ask_payout",
    command=QueryTransfer,
    result=TransferAnswer,
    kind=StepKind.QUESTION,
    is_apart=True,
)

_TRANSFER_IS: Final = {
    RailStatus.PENDING: TransferStatus.PENDING,
    RailStatus.SUCCEEDED: TransferStatus.SETTLED,
    RailStatus.FAILED: TransferStatus.REJECTED,
    RailStatus.NOT_FOUND: TransferStatus.NOT_FOUND,
}


def transfer_answer(*, said: RefundAnswer) -> TransferAnswer:
    """What a wallet provider says of a payout, as a bank would say it."""
    return TransferAnswer(
        end_to_end_id=said.refund_id,
        status=_TRANSFER_IS[said.status],
        bank_reference=said.receipt,
        reason_code=said.failure_code,
    )


class SettlementSteps(Protocol):
    """The settlement domain's steps, each idempotent by its ids."""

    async def register_terms(self, command: RegisterTerms) -> Nothing:
        """Versioned by time; the newest at or before an instant counts."""
        ...

    async def schedule(self, command: ScheduleSettlement) -> SettlementScheduled:
        """Refusal ``merchant_terms_missing``."""
        ...

    async def load_settlement(self, command: LoadSettlement) -> LoadedSettlement:
        """Changes nothing. A repeated payout is due when it was asked for."""
        ...

    async def open_payout(self, command: OpenPayout) -> CreditTransfer:
        """The same payout gives the same order."""
        ...

    async def record_payout(self, command: RecordPayout) -> Nothing:
        """A final state never changes; a contradiction is a defect."""
        ...


class BankSteps(Protocol):
    """The bank's own queue. See :class:`integrations.ports.banks.Bank`."""

    async def send_transfer(self, command: CreditTransfer) -> TransferAnswer:
        """Sent once."""
        ...

    async def query_transfer(self, command: QueryTransfer) -> TransferAnswer:
        """Changes nothing."""
        ...
