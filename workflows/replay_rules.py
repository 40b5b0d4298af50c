"""Whether a plan's payments may be replayed now, what that would do, and why not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from temporalio.exceptions import ActivityError

from activities.contracts import bnpl, ledger, payment_replays
from meqenet.bnpl.replay_events import InstallmentStood, PaymentsReplayed
from meqenet.bnpl.replaying import PlanNow, WantedReplay, payments_replayed
from meqenet.bnpl.servicing.delinquency import days_owing
from meqenet.bnpl.servicing.told import ToldPlan
from meqenet.calendar import addis_date
from meqenet.errors import Refusal
from workflows.asking import ask, report_of
from workflows.dispute_rules import no_dispute_open
from workflows.messages import DeedStanding
from workflows.plan_account import account, bears_interest, policy_of
from workflows.plan_desk import PlanDesk
from workflows.replay_messages import ReplayOutlook, ReplayPayment, ReplayRequest
from workflows.replay_postings import replay_command
from workflows.support import (
    No,
    deed_standing,
    first_under_way,
    no_force,
    no_signature,
    payment_under_way,
)

_NOBODY: Final = "nobody"
_PREVIEW: Final = "a preview, which is not posted"


def no_replay(desk: PlanDesk, deed: ReplayPayment, *, is_asked: bool = True) -> No | None:
    """Why nothing is replayed now, whatever the log tells.

    Args:
        desk: the plan's desk.
        deed: who asks for it, and why.
        is_asked: whether one that is asked for already is in the way.
    """
    return no_signature(deed) or _in_the_way(desk, is_asked=is_asked)


def replay_deeds(desk: PlanDesk) -> Iterator[DeedStanding]:
    """Told of a plan in force: whether payments may be replayed now, or why none."""
    if desk.life.activated_on is None or no_force(desk) is not None:
        return
    yield deed_standing("replay_payment", _in_the_way(desk, is_asked=True))


def _in_the_way(desk: PlanDesk, *, is_asked: bool) -> No | None:
    if no := no_force(desk, or_completed=True) or payment_under_way(desk):
        return no
    if no := no_dispute_open(desk):
        return no
    if is_asked and any(isinstance(asked.deed, ReplayPayment) for asked in desk.deeds):
        return No("replay_under_way", "Payments of the plan are being replayed.")
    return first_under_way(desk)


async def outlook(
    desk: PlanDesk, request: ReplayRequest, *, by: str = "", why: str = "", is_asked: bool = True
) -> PaymentsReplayed | No:
    """What a replay would do now; or why it is refused.

    Args:
        desk: the plan's desk.
        request: of which payment what is known.
        by: who says so.
        why: the reason.
        is_asked: whether one that is asked for already is in the way.
    """
    if no := _in_the_way(desk, is_asked=is_asked):
        return no
    wanted = WantedReplay(
        cause=request.cause,
        attempt_id=request.attempt_id,
        value_date=request.value_date,
        repeats=request.repeats,
        by=by,
        why=why,
    )
    try:
        told = await ask(
            bnpl.FIND_TOLD,
            bnpl.FindTold(plan_id=desk.plan_id),
            summary="What has been paid when?",
        )
        gone = await ask(
            payment_replays.FIND_GONE_BACK,
            payment_replays.FindGoneBack(plan_id=desk.plan_id),
            summary="What of it has gone back?",
        )
        found = payments_replayed(plan=_now(desk, told), wanted=wanted)
    except Refusal as refusal:
        return No(refusal.code, refusal.text, refusal.field)
    except ActivityError as error:
        report = report_of(error)
        return No(report.code, report.text)
    return _gone_back(found, gone=gone.attempt_ids) or _not_earning(desk, found) or found


def _now(desk: PlanDesk, told: ToldPlan) -> PlanNow:
    return PlanNow(
        account=account(desk),
        policy=policy_of(desk),
        told=told,
        states={each.planned.number: each.state for each in desk.life.installments},
        refunds=len(desk.life.account.refunds),
        on=addis_date(at=desk.clock.now()),
    )


def _gone_back(told: PaymentsReplayed, *, gone: tuple[str, ...]) -> No | None:
    """Money that has gone back to a wallet pays nothing any more, whatever is replayed."""
    touched = {told.attempt_id, *(each.attempt_id for each in told.posted_anew)}
    found = next((each for each in gone if each in touched), None)
    if found is None:
        return None
    name = found.removeprefix(f"{_plan_of(found)}-")
    text = (
        f"attempt: money of {name} has gone back to the customer, or is on its way; what it had "
        "paid is settled with finance"
    )
    return No("money_went_back", text, "attempt")


def _not_earning(desk: PlanDesk, told: PaymentsReplayed) -> No | None:
    """The books of a plan that does not perform have stopped to earn: they are not told anew."""
    if not bears_interest(desk):
        return None
    last = policy_of(desk).delinquency.non_accrual_days
    late = max(days_late(told, is_after=True), days_late(told, is_after=False))
    standing = desk.life.delinquency
    if late < last and (standing is None or standing.is_accruing):
        return None
    text = (
        f"plan: it bears interest and is, or would be, {late} days past due, which is when its "
        "interest is not counted as earned any more; finance settles it"
    )
    return No("plan_not_performing", text)


def days_late(told: PaymentsReplayed, *, is_after: bool) -> int:
    """How late the plan is on the day of the replay, before it or after it."""
    due: list[date] = [
        row.due_on
        for row, stood in zip(told.installments, told.rows, strict=True)
        if _owes(stood.after if is_after else stood.before)
    ]
    return days_owing(oldest_due_on=min(due, default=None), on=told.on)


def _owes(stood: InstallmentStood) -> bool:
    return stood.principal + stood.interest > stood.paid_principal + stood.paid_interest


async def shown(desk: PlanDesk, request: ReplayRequest) -> ReplayOutlook:
    """What staff are shown of it, the books included."""
    on, found = addis_date(at=desk.clock.now()), await outlook(desk, request)
    if isinstance(found, No):
        return ReplayOutlook(on=on, code=found.code, text=found.text, field=found.field)
    try:
        books = await ask(
            ledger.PREVIEW_REPLAY,
            replay_command(desk, replace(found, by=_NOBODY, why=_PREVIEW)),
            summary="What would the books post?",
        )
    except ActivityError as error:
        report = report_of(error)
        return ReplayOutlook(on=on, code=report.code, text=report.text)
    return ReplayOutlook(
        on=on,
        told=found,
        books=books.accounts,
        days_past_due_before=days_late(found, is_after=False),
        days_past_due_after=days_late(found, is_after=True),
    )


def _plan_of(attempt_id: str) -> str:
    return attempt_id.rsplit("-", 2)[0]
