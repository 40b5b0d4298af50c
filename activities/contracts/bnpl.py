"""What the bnpl domain can be asked: plans, offers, the plan's event log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from activities.contracts.step import Nothing, Step
from meqenet.bnpl.events import PlanEvent, PlannedInstallment
from meqenet.bnpl.progress import PlanProgress
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
END_PROCESS = Step(name="bnpl.end_process", command=EndProcess, result=Nothing)


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

    async def end_process(self, command: EndProcess) -> Nothing:
        """Idempotent. From then on the plan is not among those that a lost process is begun for."""
        ...
