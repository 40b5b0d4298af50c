"""What the ledger domain can be asked: to post a business event, and what time has earned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from activities.contracts.step import Nothing, Step
from meqenet.ledger.earning import EarningTerms, RefundOrder, TakePayment
from meqenet.ledger.happenings import Happening
from meqenet.ledger.replays import AccountChange, ReplayPayments
from meqenet.money import Money

__all__ = [
    "ACCRUE_DUE",
    "ACCRUE_INSTALLMENT",
    "HOLD_MONEY",
    "POST",
    "PREVIEW_REPLAY",
    "REFUND_ORDER",
    "REPLAN_EARNINGS",
    "REPLAY_PAYMENTS",
    "SET_ACCRUAL",
    "SHARE_FEE",
    "TAKE_PAYMENT",
    "VOID_HOLD",
    "AccrueDue",
    "AccrueInstallment",
    "DueAccrued",
    "HoldMoney",
    "InstallmentAccrued",
    "LedgerSteps",
    "Post",
    "RefundOrder",
    "ReplanEarnings",
    "ReplayPayments",
    "ReplayPreviewed",
    "SetAccrual",
    "ShareFee",
    "TakePayment",
    "VoidHold",
]


@dataclass(frozen=True, kw_only=True)
class Post:
    """Post a happening under an id that the caller derived. ``effective_at``: when it was true."""

    posting_id: str
    happening: Happening
    effective_at: datetime


@dataclass(frozen=True, kw_only=True)
class HoldMoney:
    """Keep the money that a happening will take; it is posted under the hold's id."""

    hold_id: str
    happening: Happening
    at: datetime


@dataclass(frozen=True, kw_only=True)
class VoidHold:
    """What a hold has waited for will not come about: its money is free again."""

    plan_id: str
    hold_id: str
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AccrueInstallment:
    """An installment is paid at ``at``, by the plan's clock: post what its days have earned."""

    plan_id: str
    number: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class InstallmentAccrued:
    """What the books hold of the installment until its payment is posted.

    Attributes:
        interest: accrued, not paid by a part, and receivable. The rest of what is left of its
            interest is earned as it is paid.
        merchant_fee: deferred, and earned with its principal.
    """

    interest: Money
    merchant_fee: Money


@dataclass(frozen=True, kw_only=True)
class AccrueDue:
    """Accrue plans in real time whose days were over by ``until``: the next ``limit`` of them.

    They are taken in the order of their ids, from the one behind ``after_plan`` on.
    """

    until: datetime
    after_plan: str = ""
    limit: int = 20


@dataclass(frozen=True, kw_only=True)
class DueAccrued:
    """How far that went.

    Attributes:
        count: plans accrued.
        failed: plans whose interest cannot be posted; all of what they would have posted is undone.
        last_plan: the last one looked at; None when no plan was left.
    """

    count: int
    failed: tuple[str, ...]
    last_plan: str | None


@dataclass(frozen=True, kw_only=True)
class SetAccrual:
    """From ``at`` on a plan's days earn interest, or do not: whether it performs."""

    plan_id: str
    is_accruing: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ShareFee:
    """The schedule was changed: these installments earn so much of the merchant's fee from now on.

    ``shares``: number and share; one that the books do not know is new.
    """

    plan_id: str
    shares: tuple[tuple[int, Money], ...]


@dataclass(frozen=True, kw_only=True)
class ReplanEarnings:
    """The schedule was changed: its installments earn otherwise from ``at`` on.

    ``change_id`` is derived by the caller: what the books take back is posted under it.
    """

    plan_id: str
    change_id: str
    installments: tuple[EarningTerms, ...]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ReplayPreviewed:
    """The accounts that a replay would change, by code."""

    accounts: tuple[AccountChange, ...]


POST = Step(name="ledger.post", command=Post, result=Nothing)
HOLD_MONEY = Step(name="ledger.hold_money", command=HoldMoney, result=Nothing)
VOID_HOLD = Step(name="ledger.void_hold", command=VoidHold, result=Nothing)
ACCRUE_INSTALLMENT = Step(
    name="ledger.accrue_installment", command=AccrueInstallment, result=InstallmentAccrued
)
SET_ACCRUAL = Step(name="ledger.set_accrual", command=SetAccrual, result=Nothing)
SHARE_FEE = Step(name="ledger.share_fee", command=ShareFee, result=Nothing)
REPLAN_EARNINGS = Step(name="ledger.replan_earnings", command=ReplanEarnings, result=Nothing)
TAKE_PAYMENT = Step(name="ledger.take_payment", command=TakePayment, result=Nothing)
REFUND_ORDER = Step(name="ledger.refund_order", command=RefundOrder, result=Nothing)
REPLAY_PAYMENTS = Step(name="ledger.replay_payments", command=ReplayPayments, result=Nothing)
PREVIEW_REPLAY = Step(name="ledger.preview_replay", command=ReplayPayments, result=ReplayPreviewed)
ACCRUE_DUE = Step(name="ledger.accrue_due", command=AccrueDue, result=DueAccrued)


class LedgerSteps(Protocol):
    """The ledger domain's steps."""

    async def post(self, command: Post) -> Nothing:
        """Idempotent by posting id; refusal ``posting_differs`` for other content under it.

        The entries come from :mod:`meqenet.ledger.posting_rules`. With a plan's activation, what
        its installments will earn is noted in the same transaction.
        """
        ...

    async def hold_money(self, command: HoldMoney) -> Nothing:
        """Idempotent by hold id. Refusal ``funds_not_free``: less is there, or others hold it."""
        ...

    async def void_hold(self, command: VoidHold) -> Nothing:
        """Again, nothing changes. Refusal ``hold_ended``: it was posted, or has expired."""
        ...

    async def accrue_installment(self, command: AccrueInstallment) -> InstallmentAccrued:
        """Post every day of the plan that is over, and accrue this installment no more.

        Asked again it answers the same. Of an installment that the books do not know, nothing.
        """
        ...

    async def set_accrual(self, command: SetAccrual) -> Nothing:
        """Stopped, the days until then are posted first; resumed, those in between are. Idempotent.

        Interest of a stopped plan counts as earned when it is paid.
        """
        ...

    async def share_fee(self, command: ShareFee) -> Nothing:
        """Only of a plan that is free of interest. Idempotent.

        Defect ``shares_differ``: what is still to be earned would be more, or less.
        """
        ...

    async def replan_earnings(self, command: ReplanEarnings) -> Nothing:
        """Post the days that are over as they were agreed, and the others as they are now.

        Interest that was earned, and is owed on another date, goes there; what is not owed any more
        is taken back. Idempotent. Defect ``shares_differ``: see ``share_fee``.
        """
        ...

    async def take_payment(self, command: TakePayment) -> Nothing:
        """Post a payment, with what of its interest was earned before and what is earned with it.

        All in one transaction, once by its posting id.
        """
        ...

    async def refund_order(self, command: RefundOrder) -> Nothing:
        """Post goods that went back, once by the posting id, all in one transaction.

        What the fee had still to earn of the principal that is gone goes back to the merchant as
        far as it gets its fee back; the rest is earned.
        """
        ...

    async def replay_payments(self, command: ReplayPayments) -> Nothing:
        """Take back what was posted of payments and post it anew, once by the replay's id.

        All in one transaction. What interest has been earned by them is what their value dates say.
        """
        ...

    async def preview_replay(self, command: ReplayPayments) -> ReplayPreviewed:
        """What ``replay_payments`` would change. Nothing is posted."""
        ...

    async def accrue_due(self, command: AccrueDue) -> DueAccrued:
        """Post every day that is over, of some plans. Asked again it finds nothing left of them."""
        ...
