"""How late an active plan is: told on the day on which its class changes, and to the books."""

from datetime import datetime

from temporalio import workflow

from activities.contracts import ledger
from meqenet.bnpl.delinquency_events import (
    AccrualResumed,
    AccrualStopped,
    DelinquencyChange,
)
from meqenet.bnpl.servicing.delinquency import (
    Standing,
    age_owing,
    days_owing,
    next_change_on,
)
from meqenet.bnpl.states import PlanState
from meqenet.calendar import addis_date, at_addis
from workflows.agenda import next_step
from workflows.asking import ask
from workflows.dispute_waits import has_late_waiting
from workflows.plan_account import account, oldest_due, policy_of
from workflows.plan_desk import DAYS_PAST_DUE, PlanDesk

_PATCH = "delinquency-1"


async def tell_lateness(desk: PlanDesk) -> None:
    """Record what has changed since it was last looked at; nothing when nothing has.

    To be called before a payment is taken in as well as after it: until then the plan was as late
    as it was.
    """
    if not workflow.patched(_PATCH):
        return
    today = addis_date(at=desk.clock.now())
    before = desk.life.delinquency or Standing(on=desk.life.activated_on or today)
    aged = age_owing(
        oldest_due_on=oldest_due(desk),
        policy=policy_of(desk).delinquency,
        before=before,
        until=max(today, before.on),
        has_moved_arrears=_has_moved_arrears(desk) or has_late_waiting(desk),
        is_charged_off=desk.life.account.charged_off is not None,
    )
    for change in aged.changes:
        await _tell(desk, change)
    desk.life.delinquency = aged.standing
    if aged.changes:
        show_days_past_due(desk)


def _has_moved_arrears(desk: PlanDesk) -> bool:
    """Whether what was past due was moved to later dates by a change, and is not paid."""
    return bool(desk.life.account.changes) and bool(account(desk).arrears_moved)


def show_days_past_due(desk: PlanDesk) -> None:
    """For whoever lists plans."""
    today = addis_date(at=desk.clock.now())
    days = days_owing(oldest_due_on=oldest_due(desk), on=today)
    desk.tell_lists(DAYS_PAST_DUE.value_set(days))


def next_lateness(desk: PlanDesk) -> datetime | None:
    """When the plan has to look at its lateness next, if nothing is paid until then."""
    standing = desk.life.delinquency
    if standing is None:
        return None
    policy = policy_of(desk).delinquency
    on = next_change_on(oldest_due_on=oldest_due(desk), policy=policy, after=standing.on)
    return None if on is None else at_addis(on=on, hour=0)


async def _tell(desk: PlanDesk, change: DelinquencyChange) -> None:
    if isinstance(change, AccrualStopped | AccrualResumed):
        is_accruing = isinstance(change, AccrualResumed)
        await ask(
            ledger.SET_ACCRUAL,
            ledger.SetAccrual(
                plan_id=desk.plan_id,
                is_accruing=is_accruing,
                at=at_addis(on=change.on, hour=0),
            ),
            summary="Count interest as earned again" if is_accruing else "Interest is not earned",
        )
    is_late = not isinstance(change, AccrualResumed) and change.days_past_due > 0
    step, step_at = next_step(desk)
    await desk.record(
        change,
        state=PlanState.PAST_DUE if is_late else desk.life.state,
        step=step,
        step_at=step_at,
        action=desk.action,
    )
