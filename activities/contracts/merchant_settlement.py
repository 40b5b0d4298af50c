"""What the settlement domain can be asked of a merchant's day: its lines, its payout, its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from activities.contracts.step import Nothing, Step
from meqenet.money import Money
from meqenet.settlement.lines import CloseOutcome, LineKind, LineMoney, ReserveTerms
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import CreditTransfer, PayoutAccount, PayoutRail, TransferAnswer


@dataclass(frozen=True, kw_only=True)
class AddLine:
    """Something adds to a merchant's money of a plan, or takes from it (amounts are signed).

    The order must have its line. Whoever posts the money in the ledger asks for the line first:
    the answer says whether it is payable still, or receivable.

    Attributes:
        line_id: derived from the plan's id; the same line again changes nothing.
        gross, fee, tax: ``gross - fee - tax`` is what it adds to a payout.
        available_at: not before the order's own line is.
        follows: the id of the line whose money it takes back, as a refund does that follows a
            dispute: where that stands and no payout has it, so does this one.
        of_line: the capture's line that it takes from; None where the order has one line.
    """

    line_id: str
    merchant_id: str
    plan_id: str
    kind: LineKind
    gross: Money
    fee: Money
    tax: Money
    available_at: datetime
    at: datetime
    follows: str | None = None
    of_line: str | None = None


@dataclass(frozen=True, kw_only=True)
class LineAdded:
    """Where the line's money stands in the books, and what it adds to a payout.

    ``is_protected``: it is payable, and held for the buyer until the order is available.
    """

    line_id: str
    money: LineMoney
    net: Money
    is_protected: bool = False


@dataclass(frozen=True, kw_only=True)
class CloseDay:
    """Put a merchant's available lines into a payout, or go on with the one under way.

    Attributes:
        test_clock_id: by whose time; None in real time.
        at: the instant by which lines must be available.
        run: the run that asks, for telling its own payouts from those of a lost run.
    """

    merchant_id: str
    test_clock_id: str | None
    day: date
    at: datetime
    run: str


@dataclass(frozen=True, kw_only=True)
class Release:
    """What was held for the buyer of a capture, and the id under which it is let go."""

    posting_id: str
    amount: Money


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a plan has in a payout.

    Attributes:
        payout_id: the plan's own number of it; None where its order is in another payout.
        amount: what the plan's payable lines in this payout come to.
        owed: what the ledger should have as payable of the plan before the payout.
        protected: what of it was held for the buyer until now.
        releases: of an order that its merchant captures itself, the same by capture.
    """

    plan_id: str
    payout_id: str | None
    amount: Money
    owed: Money
    protected: Money
    releases: tuple[Release, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OpenedPayout:
    """A merchant's payout that is not finished. ``asks_first``: another run may have sent it."""

    transfer: CreditTransfer
    rail: PayoutRail
    state: PayoutState
    shares: tuple[Share, ...]
    owed_back: Money
    reserve_held: Money
    reserve_released: Money
    opened_at: datetime
    asks_first: bool = False
    reason_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class DayClosed:
    """What the close came to; ``payout`` when there is one to see through."""

    outcome: CloseOutcome
    available: Money
    payout: OpenedPayout | None = None


@dataclass(frozen=True, kw_only=True)
class RecordMerchantPayout:
    """Store what was said; ``answer`` None means that the outcome is not known yet."""

    payout_id: str
    answer: TransferAnswer | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RecordUnproven:
    """Tell operators that lines and ledger differ: nothing is sent."""

    payout_id: str
    differences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FinishMerchantPayout:
    """Nothing is left to do for a payout."""

    payout_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class LetRetry:
    """Let a merchant be paid again after a payout was rejected."""

    payout_id: str
    who: str
    why: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RetryLet:
    """Whose day is to be closed again."""

    merchant_id: str
    test_clock_id: str | None


@dataclass(frozen=True, kw_only=True)
class FindShare:
    """How does a plan's money stand?"""

    plan_id: str


@dataclass(frozen=True, kw_only=True)
class ShareFound:
    """The plan's newest share. ``payout_id`` None: no payout has taken it yet.

    ``carried_by`` is the merchant's payout in which it is.
    """

    payout_id: str | None = None
    carried_by: str | None = None
    amount: Money | None = None
    state: PayoutState | None = None
    reason_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class FindMerchantsDue:
    """Merchants with available lines in real time, in the order of their ids."""

    at: datetime
    after: str = ""
    limit: int = 200


@dataclass(frozen=True, kw_only=True)
class MerchantsDue:
    """The next merchants; none when there are no more."""

    merchant_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ChangeTerms:
    """Let other terms hold for a merchant from ``at`` on; what is None stays as it is.

    Without any change it only tells the terms. Fees are by payment option.
    """

    merchant_id: str
    at: datetime
    fee_basis_points: Mapping[str, int] = field(default_factory=dict)
    fee_fixed: Mapping[str, Money] = field(default_factory=dict)
    delay_days: int | None = None
    account: PayoutAccount | None = None
    reserve_basis_points: int | None = None
    reserve_days: int | None = None
    minimum: Money | None = None


@dataclass(frozen=True, kw_only=True)
class TermsTold:
    """The terms in force. Of the account only how it is paid and by which bank."""

    effective_at: datetime
    fee_basis_points: Mapping[str, int]
    fee_fixed: Mapping[str, Money]
    delay_days: int
    rail: PayoutRail
    bic: str
    reserve: ReserveTerms
    minimum: Money


ADD_LINE = Step(name="settlement.add_line", command=AddLine, result=LineAdded)
CLOSE_DAY = Step(name="settlement.close_day", command=CloseDay, result=DayClosed)
RECORD_MERCHANT_PAYOUT = Step(
    name="settlement.record_merchant_payout", command=RecordMerchantPayout, result=Nothing
)
RECORD_UNPROVEN = Step(name="settlement.record_unproven", command=RecordUnproven, result=Nothing)
FINISH_MERCHANT_PAYOUT = Step(
    name="settlement.finish_merchant_payout", command=FinishMerchantPayout, result=Nothing
)
CHANGE_TERMS = Step(name="settlement.change_terms", command=ChangeTerms, result=TermsTold)
LET_RETRY = Step(name="settlement.let_retry", command=LetRetry, result=RetryLet)
FIND_SHARE = Step(name="settlement.find_share", command=FindShare, result=ShareFound)
FIND_MERCHANTS_DUE = Step(
    name="settlement.find_merchants_due", command=FindMerchantsDue, result=MerchantsDue
)


class MerchantSettlementSteps(Protocol):
    """The steps of a merchant's day, each idempotent by its ids."""

    async def add_line(self, command: AddLine) -> LineAdded:
        """Refusals ``line_differs``, ``order_line_missing``."""
        ...

    async def close_day(self, command: CloseDay) -> DayClosed:
        """Refusal ``merchant_terms_missing``."""
        ...

    async def record_merchant_payout(self, command: RecordMerchantPayout) -> Nothing:
        """A final state never changes; a contradiction is a defect. A rejection frees the lines."""
        ...

    async def record_unproven(self, command: RecordUnproven) -> Nothing:
        """The same differences are told once."""
        ...

    async def finish_merchant_payout(self, command: FinishMerchantPayout) -> Nothing:
        """Once its end is known."""
        ...

    async def change_terms(self, command: ChangeTerms) -> TermsTold:
        """Refusals ``merchant_terms_missing``, and those of new terms."""
        ...

    async def let_retry(self, command: LetRetry) -> RetryLet:
        """Refusals ``payout_unknown``, ``payout_not_refused``."""
        ...

    async def find_share(self, command: FindShare) -> ShareFound:
        """Changes nothing."""
        ...

    async def find_merchants_due(self, command: FindMerchantsDue) -> MerchantsDue:
        """Changes nothing."""
        ...
