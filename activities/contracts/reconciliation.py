"""What is asked of providers and domains to hold a statement to our orders and our ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from activities.contracts.step import Nothing, Step, StepKind
from meqenet.money import Money
from meqenet.payments.reconciliation import Order
from meqenet.payments.statement_document import LineKind, StatementForm


@dataclass(frozen=True, kw_only=True)
class FetchStatement:
    """Ask a provider for its statement of one day in Addis Ababa."""

    provider: str
    day: date


@dataclass(frozen=True, kw_only=True)
class FetchedStatement:
    """The document, packed (zlib, base64), for it travels through a workflow's history."""

    form: StatementForm
    packed: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class FindDaysDue:
    """Which days up to ``until`` still lack the statement of the whole day?"""

    provider: str
    until: date


@dataclass(frozen=True, kw_only=True)
class DaysDue:
    """Oldest first."""

    days: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class KeepStatement:
    """Keep a document as it came. ``source``: ``provider`` or ``file``."""

    provider: str
    day: date
    document: FetchedStatement
    source: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class StatementKept:
    """A version of a day's statement."""

    day: date
    version: int
    line_count: int
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class ExpectMoved:
    """Expect on a statement what was recorded as moved since; payouts are given."""

    provider: str
    since: datetime
    at: datetime
    payouts: tuple[Order, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FindUndecided:
    """The next keys at a provider with something to judge."""

    provider: str
    after: str
    limit: int = 200


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """In their order; none when all are judged."""

    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FindOrders:
    """Our orders behind these keys."""

    provider: str
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FindSettledPayouts:
    """Payouts of plans of which something was recorded since, that the bank has settled."""

    since: datetime


@dataclass(frozen=True, kw_only=True)
class OrdersFound:
    """Whatever became of them."""

    orders: tuple[Order, ...]


@dataclass(frozen=True, kw_only=True)
class FindCleared:
    """What have postings of these orders moved on the provider's account?"""

    provider: str
    order_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """By order id; orders without a posting are not in it."""

    posted: Mapping[str, Money]


@dataclass(frozen=True, kw_only=True)
class JudgeKeys:
    """Judge everything of these keys."""

    provider: str
    keys: tuple[str, ...]
    orders: tuple[Order, ...]
    posted: Mapping[str, Money]
    at: datetime
    pending_hours_max: int


@dataclass(frozen=True, kw_only=True)
class FoundPayment:
    """Money that the provider has moved, of an order that we do not have as moved or posted."""

    order_id: str
    kind: LineKind
    amount: Money
    receipt: str | None
    moved_at: datetime


@dataclass(frozen=True, kw_only=True)
class KeysJudged:
    """What has to be told to whoever waits for it."""

    found: tuple[FoundPayment, ...]


@dataclass(frozen=True, kw_only=True)
class FinishDay:
    """Tell how a day's statement stands after a run."""

    provider: str
    day: date
    version: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DayFinished:
    """Lines by verdict; ``open_count``: of all days of the provider."""

    line_counts: Mapping[str, int]
    open_count: int


TELEBIRR_FETCH_STATEMENT = Step(
    name="telebirr.fetch_statement",
    command=FetchStatement,
    result=FetchedStatement,
    kind=StepKind.QUESTION,
)
MPESA_FETCH_STATEMENT = Step(
    name="mpesa.fetch_statement",
    command=FetchStatement,
    result=FetchedStatement,
    kind=StepKind.QUESTION,
)
BANK_FETCH_STATEMENT = Step(
    name="bank.fetch_statement",
    command=FetchStatement,
    result=FetchedStatement,
    kind=StepKind.QUESTION,
)
FIND_DAYS_DUE = Step(name="payments.find_days_due", command=FindDaysDue, result=DaysDue)
KEEP_STATEMENT = Step(name="payments.keep_statement", command=KeepStatement, result=StatementKept)
EXPECT_MOVED = Step(name="payments.expect_moved", command=ExpectMoved, result=Nothing)
FIND_UNDECIDED = Step(name="payments.find_undecided", command=FindUndecided, result=Undecided)
FIND_ORDERS = Step(name="payments.find_orders", command=FindOrders, result=OrdersFound)
FIND_PAYOUTS = Step(name="settlement.find_payouts", command=FindOrders, result=OrdersFound)
FIND_SETTLED_PAYOUTS = Step(
    name="settlement.find_settled_payouts", command=FindSettledPayouts, result=OrdersFound
)
FIND_CLEARED = Step(name="ledger.find_cleared", command=FindCleared, result=Cleared)
JUDGE_KEYS = Step(name="payments.judge_keys", command=JudgeKeys, result=KeysJudged)
FINISH_DAY = Step(name="payments.finish_day", command=FinishDay, result=DayFinished)


class ReconciliationSteps(Protocol):
    """The payments domain's steps of reconciliation, each idempotent."""

    async def find_days_due(self, command: FindDaysDue) -> DaysDue:
        """Changes nothing."""
        ...

    async def keep_statement(self, command: KeepStatement) -> StatementKept:
        """The same content again is the same version. Refusal ``statement_malformed``."""
        ...

    async def expect_moved(self, command: ExpectMoved) -> Nothing:
        """What is expected already stays as it is."""
        ...

    async def find_undecided(self, command: FindUndecided) -> Undecided:
        """Changes nothing."""
        ...

    async def find_orders(self, command: FindOrders) -> OrdersFound:
        """Changes nothing."""
        ...

    async def judge_keys(self, command: JudgeKeys) -> KeysJudged:
        """The same judgement again is not kept again."""
        ...

    async def finish_day(self, command: FinishDay) -> DayFinished:
        """Idempotent by its instant."""
        ...
