"""What the settlement domain can be asked of an order that its merchant captures itself."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from activities.contracts.step import Step
from meqenet.money import Money
from meqenet.settlement.payouts import PayoutState


@dataclass(frozen=True, kw_only=True)
class AuthoriseOrder:
    """A plan is about to be active: fix what its merchant gets once it captures the order.

    Attributes:
        authorised_on: the Addis Ababa date of the activation.
        protection_days: the buyer's window, counted from each capture.
        reference: what the merchant's statement names the order by.
        test_clock_id: the test clock that it lives by.
    """

    plan_id: str
    merchant_id: str
    option: str
    amount: Money
    authorised_on: date
    protection_days: int
    reference: str
    test_clock_id: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderAuthorised:
    """``gross - fee = net``; the tax on the fee is in the fee."""

    gross: Money
    fee: Money
    net: Money


@dataclass(frozen=True, kw_only=True)
class CaptureStanding:
    """A capture as the settlement domain has it.

    Attributes:
        fee: its share of the fee, the tax on it included.
        left: what of its price has not gone back.
        due_at: when a payout takes it at the earliest.
        is_paid: the merchant has it.
    """

    capture_id: str
    amount: Money
    fee: Money
    left: Money
    due_at: datetime
    is_paid: bool


@dataclass(frozen=True, kw_only=True)
class ShareStanding:
    """What a plan had in a payout of its merchant."""

    payout_id: str
    amount: Money
    state: PayoutState
    reason_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class CapturesFound:
    """All captures of a plan, and what it has had in payouts, the oldest first."""

    captures: tuple[CaptureStanding, ...] = ()
    shares: tuple[ShareStanding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CaptureOrder:
    """The merchant has delivered a part. ``on``: the Addis Ababa date from which all counts."""

    plan_id: str
    capture_id: str
    amount: Money
    on: date
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderCaptured:
    """What of it the merchant gets. ``is_protected``: once the buyer's window is over."""

    net: Money
    is_protected: bool
    found: CapturesFound


@dataclass(frozen=True, kw_only=True)
class VoidOrder:
    """A part will not be captured."""

    plan_id: str
    void_id: str
    amount: Money
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderVoided:
    """The fee that there will not be on it."""

    fee: Money


@dataclass(frozen=True, kw_only=True)
class TakeFromCaptures:
    """Goods went back that had been captured: take them off what the merchant gets.

    ``dispute_id``: of a refund that ends a dispute: just what has waited for that is taken.
    """

    plan_id: str
    refund_id: str
    amount: Money
    at: datetime
    dispute_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class TakenFromCaptures:
    """What the merchant gets less, by where that is in the books.

    Attributes:
        fee_back: what of its fee it gets back; the others are without it.
        protected: held for the buyer.
        payable: owed, and not paid out.
        paid_out: the merchant has it, and owes it back.
    """

    fee_back: Money
    protected: Money
    payable: Money
    paid_out: Money
    found: CapturesFound


@dataclass(frozen=True, kw_only=True)
class FindCaptures:
    """What has become of a plan's captures?"""

    plan_id: str


AUTHORISE_ORDER = Step(
    name="settlement.authorise_order", command=AuthoriseOrder, result=OrderAuthorised
)
CAPTURE_ORDER = Step(name="settlement.capture_order", command=CaptureOrder, result=OrderCaptured)
VOID_ORDER = Step(name="settlement.void_order", command=VoidOrder, result=OrderVoided)
TAKE_FROM_CAPTURES = Step(
    name="settlement.take_from_captures", command=TakeFromCaptures, result=TakenFromCaptures
)
FIND_CAPTURES = Step(name="settlement.find_captures", command=FindCaptures, result=CapturesFound)


class CaptureSteps(Protocol):
    """The steps of orders that merchants capture, each idempotent by its ids."""

    async def authorise_order(self, command: AuthoriseOrder) -> OrderAuthorised:
        """Refusal ``merchant_terms_missing``."""
        ...

    async def capture_order(self, command: CaptureOrder) -> OrderCaptured:
        """A line of its own, with its share of the fee. Defect ``part_above_authorised``."""
        ...

    async def void_order(self, command: VoidOrder) -> OrderVoided:
        """Defect ``part_above_authorised``."""
        ...

    async def take_from_captures(self, command: TakeFromCaptures) -> TakenFromCaptures:
        """First from what no payout has, the newest first. Defect ``refund_above_captured``."""
        ...

    async def find_captures(self, command: FindCaptures) -> CapturesFound:
        """Changes nothing."""
        ...
