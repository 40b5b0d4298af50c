"""How a collection ends, as its plan is told."""

from datetime import datetime

from activities.contracts.payments import AttemptStanding, AttemptState
from meqenet.bnpl.events import CollectionAttemptFailed
from workflows.news import CollectionEnd, CollectionOrder, CollectionResult
from workflows.plan_life import InstallmentLife


def ended_unsent(*, order: CollectionOrder, attempts: int, reason: str | None) -> CollectionResult:
    """Nothing was sent: it was stopped before, or the policy knows no way.

    Args:
        order: what was to be collected.
        attempts: how many were made in all, over all collections of the installment.
        reason: the policy's code of why not; None where it was stopped.
    """
    return CollectionResult(
        number=order.number,
        end=CollectionEnd.STOPPED if reason is None else CollectionEnd.FAILED,
        attempts=attempts,
        cause=reason,
        reason=reason,
    )


def ended_after(
    standing: AttemptStanding,
    /,
    *,
    order: CollectionOrder,
    attempts: int,
    is_stopped: bool,
    reason: str | None,
    now: datetime,
) -> CollectionResult:
    """The end after an attempt that was the last.

    Args:
        standing: how that attempt stands: paid or failed.
        order: what was to be collected.
        attempts: how many were made in all, over all collections of the installment.
        is_stopped: the plan no longer wants the money.
        reason: the policy's code of why nothing more is tried by itself.
        now: the present, by the plan's clock.
    """
    if standing.state is AttemptState.SUCCEEDED:
        return CollectionResult(
            number=order.number,
            end=CollectionEnd.PAID,
            attempts=attempts,
            attempt_id=standing.attempt_id,
            amount=standing.amount or order.amount,
            paid_at=standing.succeeded_at or now,
            provider=standing.provider,
        )
    return CollectionResult(
        number=order.number,
        end=CollectionEnd.STOPPED if is_stopped else CollectionEnd.FAILED,
        attempts=attempts,
        attempt_id=standing.attempt_id,
        cause=standing.cause,
        reason=reason,
    )


def attempt_unheard(
    installment: InstallmentLife, result: CollectionResult, *, next_attempt_at: datetime | None
) -> CollectionAttemptFailed | None:
    """An attempt of a stopped collection that it began before it heard that it should not.

    It has failed, and counts; None where there was none.
    """
    if result.attempts <= installment.attempts:
        return None
    installment.attempts = result.attempts
    installment.failed += 1
    return CollectionAttemptFailed(
        number=result.number,
        attempt_id=result.attempt_id or "",
        cause=result.cause or "unknown",
        next_attempt_at=next_attempt_at,
    )
