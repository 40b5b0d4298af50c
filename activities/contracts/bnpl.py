"""What the bnpl domain can be asked: plans, offers, the plan's event log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from activities.contracts.step import Nothing, Step
from meqenet.bnpl.events import PlanEvent, PlannedInstallment
from meqenet.bnpl.order_money import CaptureMode
from meqenet.bnpl.progress import PlanProgress
from meqenet.bnpl.servicing.told import ToldPlan
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class NextAction:
    """What the customer has to do next, as the checkout shows it.

    ``kind``: ``visit`` (open ``url`` in a browser), ``open_app`` (hand ``app_link`` to the wallet's
    app; ``url`` where the same can be done in a browser, if at all), ``accept_offer``,
    ``confirm_on_phone`` (a prompt was pushed). ``expires_at`` is when it is too late.
    """

    kind: str
    expires_at: datetime
    url: str | None = None
    app_link: str | None = None


@dataclass(frozen=True, kw_only=True)
class OpenPlan:
    """Open a plan from a checkout's application.

    ``request_hash`` is the hash of the application's content: the same reference with another
    content is refused. ``installment_count`` only where the option lets the customer choose.
    ``capture``: who says that the order is delivered.
    """

    plan_id: str
    merchant_id: str
    reference: str
    request_hash: str
    option: str
    amount: Money
    installment_count: int | None
    wallet_provider: str
    test_clock_id: str | None
    at: datetime
    capture: CaptureMode = CaptureMode.AUTOMATIC


@dataclass(frozen=True, kw_only=True)
class PlanTerms:
    """The product version that the plan lives under, as a document, and how it is to be lived.

    ``first_payment`` is zero where nothing is paid at checkout.
    """

    product: Mapping[str, Any]
    product_version: int
    lender_of_record: str
    first_payment: Money
    owed_after_checkout: Money
    monthly_payment_max: Money
    offer_minutes_max: int
    first_payment_minutes_max: int
    collection_hour: int
    retry_after_days: tuple[int, ...]
    protection_days: int


@dataclass(frozen=True, kw_only=True)
class MakeOffer:
    """Compute the offer for a decided tier, dated as if activated at ``at``. Stores nothing."""

    plan_id: str
    tier: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OfferMade:
    """The computed terms. Amounts do not depend on the day on which the plan is activated."""

    installments: tuple[PlannedInstallment, ...]
    total_payable: Money
    cost_of_credit: Money
    nominal_rate_basis_points: int
    nominal_apr_percent: Decimal
    effective_apr_percent: Decimal


@dataclass(frozen=True, kw_only=True)
class DateSchedule:
    """Give the offered installments their dates, counted from the Addis date of activation."""

    plan_id: str
    tier: str
    activated_on: date


@dataclass(frozen=True, kw_only=True)
class DatedSchedule:
    """The schedule in force."""

    installments: tuple[PlannedInstallment, ...]


@dataclass(frozen=True, kw_only=True)
class RecordEvent:
    """Append one event to the plan's log, and change the plan's rows as it says.

    ``sequence`` is the number that the event must get: the log is without gap or repeat.
    ``state`` is the plan's state after it; ``next_action`` and ``next_step_at`` replace what the
    plan's view shows (None clears).
    """

    plan_id: str
    sequence: int
    event: PlanEvent
    state: str
    next_action: NextAction | None
    next_step: str
    next_step_at: datetime | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """What must a run know that goes on with a plan whose process was lost?"""

    plan_id: str


@dataclass(frozen=True, kw_only=True)
class FindTold:
    """What does a plan's log tell of its payments, late fees and changes?"""

    plan_id: str


@dataclass(frozen=True, kw_only=True)
class LoadedInstallment:
    """An installment as the store has it; ``state`` is an ``InstallmentState``."""

    planned: PlannedInstallment
    state: str


@dataclass(frozen=True, kw_only=True)
class LoadedPlan:
    """All that this domain knows of a plan, private data not being among it.

    Attributes:
        state: a ``PlanState``.
        ended: its process has done all that there was to do: no run is needed.
        progress: what the plan's log says.
        test_clock_now: the newest instant that any plan on its test clock has lived.
    """

    plan_id: str
    merchant_id: str
    reference: str
    request_hash: str
    option: str
    amount: Money
    installment_count: int | None
    wallet_provider: str
    test_clock_id: str | None
    test_clock_now: datetime | None
    state: str
    ended: bool
    terms: PlanTerms
    tier: str
    customer_id: str | None
    installments: tuple[LoadedInstallment, ...]
    merchant_paid: bool
    next_step: str
    next_step_at: datetime | None
    progress: PlanProgress
    capture: CaptureMode = CaptureMode.AUTOMATIC


@dataclass(frozen=True, kw_only=True)
class ListOpenPlans:
    """The next ``limit`` plans whose process has work left, by id, behind the plan ``after``."""

    after: str | None
    limit: int


@dataclass(frozen=True, kw_only=True)
class OpenPlansListed:
    """``plan_ids`` in their order, none when there are no more; ``count``: of all open plans."""

    plan_ids: tuple[str, ...]
    count: int


@dataclass(frozen=True, kw_only=True)
class ListOpenClocks:
    """On which test clocks do open plans live?"""


@dataclass(frozen=True, kw_only=True)
class OpenTestClock:
    """A test clock of open plans; ``now`` is the newest instant that any plan lived on it."""

    clock_id: str
    merchant_id: str
    now: datetime
    plan_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OpenClocksListed:
    """Every test clock of an open plan."""

    clocks: tuple[OpenTestClock, ...]


@dataclass(frozen=True, kw_only=True)
class NewsPlace:
    """Where a piece of news stands among all: everything up to it has been read."""

    recorded_at: datetime
    plan_id: str
    sequence: int


@dataclass(frozen=True, kw_only=True)
class ListNews:
    """The next ``limit`` pieces of news for merchants recorded since an instant of real time."""

    since: datetime
    after: NewsPlace | None
    limit: int


@dataclass(frozen=True, kw_only=True)
class PlanNews:
    """What a merchant is told of a plan.

    Attributes:
        sequence: of the event of the plan's log after which it is told.
        kind: of the notice, ``plan.approved`` for example.
        at: the instant of the news, by the plan's clock.
    """

    plan_id: str
    merchant_id: str
    reference: str
    sequence: int
    kind: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class NewsListed:
    """``last`` is where to go on; None when there was none left."""

    news: tuple[PlanNews, ...]
    last: NewsPlace | None


@dataclass(frozen=True, kw_only=True)
class EndProcess:
    """The plan's run has done all that there was to do."""

    plan_id: str
    at: datetime


OPEN_PLAN = Step(name="bnpl.open_plan", command=OpenPlan, result=PlanTerms)
MAKE_OFFER = Step(name="bnpl.make_offer", command=MakeOffer, result=OfferMade)
DATE_SCHEDULE = Step(name="bnpl.date_schedule", command=DateSchedule, result=DatedSchedule)
RECORD_EVENT = Step(name="bnpl.record_event", command=RecordEvent, result=Nothing)
LOAD_PLAN = Step(name="bnpl.load_plan", command=LoadPlan, result=LoadedPlan)
FIND_TOLD = Step(name="bnpl.find_told", command=FindTold, result=ToldPlan)
END_PROCESS = Step(name="bnpl.end_process", command=EndProcess, result=Nothing)
LIST_OPEN_PLANS = Step(name="bnpl.list_open_plans", command=ListOpenPlans, result=OpenPlansListed)
LIST_OPEN_CLOCKS = Step(
    name="bnpl.list_open_clocks", command=ListOpenClocks, result=OpenClocksListed
)
LIST_NEWS = Step(name="bnpl.list_news", command=ListNews, result=NewsListed)


class BnplSteps(Protocol):
    """The bnpl domain's steps."""

    async def open_plan(self, command: OpenPlan) -> PlanTerms:
        """Store the plan and its first event (sequence 1, PlanOpened, state ``applied``).

        Idempotent by plan id. Refusals: ``reference_reused`` (same reference, other content),
        ``plan_exists`` (its log has moved on), ``option_unknown``, and every code of
        :class:`meqenet.bnpl.offer.NotOffered`.
        """
        ...

    async def make_offer(self, command: MakeOffer) -> OfferMade:
        """Pure arithmetic over the plan's product version."""
        ...

    async def date_schedule(self, command: DateSchedule) -> DatedSchedule:
        """Pure arithmetic over the plan's product version and its stored offer."""
        ...

    async def record_event(self, command: RecordEvent) -> Nothing:
        """Idempotent by plan and sequence; another event under the same number is a defect.

        A forbidden state transition is a defect too.
        """
        ...

    async def load_plan(self, command: LoadPlan) -> LoadedPlan:
        """Changes nothing. An unknown plan is a defect."""
        ...

    async def find_told(self, command: FindTold) -> ToldPlan:
        """Changes nothing. Of an unknown plan nothing is told."""
        ...

    async def end_process(self, command: EndProcess) -> Nothing:
        """Idempotent. From then on the plan is not among those that a lost process is begun for."""
        ...

    async def list_open_plans(self, command: ListOpenPlans) -> OpenPlansListed:
        """Changes nothing."""
        ...

    async def list_open_clocks(self, command: ListOpenClocks) -> OpenClocksListed:
        """Changes nothing. A clock on which no open plan lives is not known here."""
        ...

    async def list_news(self, command: ListNews) -> NewsListed:
        """Changes nothing. What an open plan recorded last is left out: its own run tells it."""
        ...
