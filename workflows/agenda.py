"""What is due next in an active plan, and when: what people are shown, and what the plan awaits."""

from datetime import datetime, timedelta

from activities.contracts.bnpl import NextAction
from meqenet.bnpl.events import PlanEvent
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.calendar import addis_date, at_addis
from workflows.order_sums import still_authorised
from workflows.plan_desk import PlanDesk
from workflows.plan_life import InstallmentLife, PayoutLife

_LEFT_TO_THE_SCHEDULE = timedelta(minutes=10)


def due_at(desk: PlanDesk, *, installment: InstallmentLife) -> datetime:
    """When an installment is collected: its due date, at the product's hour in Addis Ababa."""
    return at_addis(on=installment.planned.due_on, hour=desk.life.signed.collection_hour)


def overdue(desk: PlanDesk) -> list[InstallmentLife]:
    """Installments not collected by the end of their due date."""
    today = addis_date(at=desk.clock.now())
    return [
        i
        for i in desk.life.installments
        if not desk.life.waits(number=i.planned.number)
        and (
            i.state is InstallmentState.FAILED
            or (i.state is InstallmentState.COLLECTING and i.planned.due_on < today)
        )
    ]


def payout_begins_at(desk: PlanDesk, *, payout: PayoutLife) -> datetime:
    """When the plan itself begins what pays its merchant.

    In real time the schedule of all merchants' days has come first: the plan leaves it some time.
    """
    if not payout.by_day:
        return payout.scheduled.due_at
    due = payout.again_at or payout.scheduled.due_at
    return due if desk.clock.reading is not None else due + _LEFT_TO_THE_SCHEDULE


def payout_waits(desk: PlanDesk) -> bool:
    """Whether the merchant's money waits for its day."""
    payout = desk.life.payout
    if payout is None or desk.paying:
        return False
    return not payout.done and not payout.rejected


def next_start(desk: PlanDesk) -> datetime | None:
    """When the plan itself has to begin something: a collection or the payout."""
    dues = [
        due_at(desk, installment=i)
        for i in desk.life.installments
        if i.state is InstallmentState.SCHEDULED
        and desk.life.payment is None
        and not desk.life.waits(number=i.planned.number)
    ]
    payout = desk.life.payout
    if payout is not None and payout_waits(desk):
        dues.append(payout_begins_at(desk, payout=payout))
    return min(dues, default=None)


def next_step(desk: PlanDesk) -> tuple[str, datetime | None]:
    """What happens next by itself, and when; what is waited for when nothing does."""
    if desk.life.payment is not None:
        return "the customer pays", None
    steps = _steps(desk)
    if steps:
        at, what = min(steps)
        return what, at
    return _awaited(desk), None


def _awaited(desk: PlanDesk) -> str:
    """What is waited for when nothing happens by itself."""
    dispute, payout = desk.life.account.dispute, desk.life.payout
    if dispute is not None and dispute.waiting:
        return "a dispute of the order comes to its end"
    if payout is not None and payout.rejected:
        return "the merchant's payout waits for a retry"
    is_tried = any(i.state is InstallmentState.COLLECTING for i in desk.life.installments)
    if desk.life.account.charged_off is not None and not is_tried:
        return "charged off: nothing more is tried by itself"
    if any(i.state is InstallmentState.FAILED for i in desk.life.installments):
        return "a failed installment waits for a retry"
    return "await what is under way"


def _steps(desk: PlanDesk) -> list[tuple[datetime, str]]:
    """All that happens by itself, and when."""
    steps: list[tuple[datetime, str]] = []
    for installment in desk.life.installments:
        number = installment.planned.number
        if desk.life.waits(number=number):
            continue
        if installment.state is InstallmentState.SCHEDULED:
            at = due_at(desk, installment=installment)
            steps.append((at, f"collect installment {number}"))
        elif installment.next_attempt_at is not None:
            steps.append((installment.next_attempt_at, f"try installment {number} again"))
    if still_authorised(desk) and desk.life.authorised_until is not None:
        steps.append((desk.life.authorised_until, "void what is not captured"))
    payout = desk.life.payout
    if payout is not None and payout_waits(desk):
        steps.append((payout.again_at or payout.scheduled.due_at, "pay the merchant"))
    return steps


async def record_in_force(
    desk: PlanDesk, event: PlanEvent, *, action: NextAction | None = None
) -> None:
    """Record what leaves an active plan active, or past due while an installment of it is late.

    A plan that is completed stays so.
    """
    if desk.life.state is PlanState.COMPLETED:
        await desk.record(event, state=PlanState.COMPLETED, step="none")
        return
    await record_owing(desk, event, action=action)


async def record_owing(
    desk: PlanDesk, event: PlanEvent, *, action: NextAction | None = None
) -> None:
    """The same of a plan that owes something, whatever it was before: it is in force by that."""
    step, step_at = next_step(desk)
    state = PlanState.PAST_DUE if overdue(desk) else PlanState.ACTIVE
    await desk.record(event, state=state, step=step, step_at=step_at, action=action)


async def record_beside(desk: PlanDesk, event: PlanEvent) -> None:
    """Record what leaves the state, and what the customer is shown to have to do, as they are."""
    step, step_at = next_step(desk)
    await desk.record(event, state=desk.life.state, step=step, step_at=step_at, action=desk.action)
