"""What happens next in a plan, as its log and its installments tell it.

A running plan says the same of itself; this says it of any moment of its life.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from meqenet.bnpl.progress import PlanProgress
from meqenet.bnpl.states import ALLOWED, InstallmentState, PlanState
from meqenet.calendar import at_addis


@dataclass(frozen=True, kw_only=True)
class AwaitedInstallment:
    """An installment as it stands at the moment. ``due_on`` is an Addis Ababa date."""

    number: int
    due_on: date
    state: InstallmentState
    next_attempt_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What comes next, and when. ``at`` None: when somebody acts, or an answer comes."""

    what: str
    at: datetime | None = None


def outlook_of(
    *,
    state: PlanState,
    progress: PlanProgress,
    installments: Iterable[AwaitedInstallment],
    collection_hour: int,
    payout_due_at: datetime | None,
) -> Outlook | None:
    """What happens next; None of a plan that has ended.

    Args:
        state: where the plan is.
        progress: what its log says up to then.
        installments: as they stand.
        collection_hour: the hour in Addis Ababa at which its product collects.
        payout_due_at: when the merchant is to be paid; None when nothing waits for its day.
    """
    if not ALLOWED[state]:
        return None
    if progress.is_activated:
        return _when_active(
            progress,
            tuple(installments),
            collection_hour=collection_hour,
            payout_due_at=payout_due_at,
        )
    return _before(state, progress)


def _before(state: PlanState, progress: PlanProgress) -> Outlook:
    if state is PlanState.ACCEPTED:
        return _when_accepted(progress)
    if state is PlanState.OFFERED:
        return Outlook(what="the customer accepts the offer", at=progress.offer_expires_at)
    if progress.identity_confirmed:
        return Outlook(what="credit check")
    if state is PlanState.IDENTITY_REQUIRED:
        return Outlook(what="the customer logs in at Fayda", at=progress.login_expires_at)
    return Outlook(what="identity check")


def _when_accepted(progress: PlanProgress) -> Outlook:
    if progress.payment_requested:
        return Outlook(what="the customer pays", at=progress.payment_deadline)
    if progress.awaits_new_try:
        what = "the customer tries the payment again"
        return Outlook(what=what, at=progress.payment_deadline)
    return Outlook(what="payment at checkout, or activation")


def _when_active(
    progress: PlanProgress,
    installments: tuple[AwaitedInstallment, ...],
    *,
    collection_hour: int,
    payout_due_at: datetime | None,
) -> Outlook:
    if progress.payment is not None:
        return Outlook(what="the customer pays")
    steps: list[tuple[datetime, str]] = []
    dispute = progress.account.dispute
    waiting = () if dispute is None else dispute.waiting
    for each in installments:
        if each.number in waiting:
            continue
        if each.state is InstallmentState.SCHEDULED:
            at = at_addis(on=each.due_on, hour=collection_hour)
            steps.append((at, f"collect installment {each.number}"))
        elif each.next_attempt_at is not None:
            steps.append((each.next_attempt_at, f"try installment {each.number} again"))
    if payout_due_at is not None:
        steps.append((payout_due_at, "pay the merchant"))
    if steps:
        at, what = min(steps)
        return Outlook(what=what, at=at)
    return Outlook(what=_awaited(progress, installments))


def _awaited(progress: PlanProgress, installments: tuple[AwaitedInstallment, ...]) -> str:
    """What is waited for when nothing happens by itself."""
    dispute = progress.account.dispute
    if dispute is not None and dispute.waiting:
        return "a dispute of the order comes to its end"
    if progress.payout_rejected is not None:
        return "the merchant's payout waits for a retry"
    is_tried = any(each.state is InstallmentState.COLLECTING for each in installments)
    if progress.account.charged_off is not None and not is_tried:
        return "charged off: nothing more is tried by itself"
    if any(each.state is InstallmentState.FAILED for each in installments):
        return "a failed installment waits for a retry"
    return "await what is under way"
