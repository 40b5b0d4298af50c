"""How workflows ask domains and rails: one way to call a step, one way to read what went wrong."""

from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.contracts.report import ErrorKind, ErrorReport
from activities.contracts.step import Step, StepKind

C = TypeVar("C")
R = TypeVar("R")


async def ask(
    step: Step[C, R], command: C, *, summary: str, patience: timedelta | None = None
) -> R:
    """Ask a domain or a rail to take a step. ``summary`` is what an operator reads.

    ``patience`` is for those who would rather be told that there was no answer: after so long,
    repetitions included, the step has failed.

    Raises:
        ActivityError: see :func:`report_of`. Steps that write to a store fail only with a
            refusal; everything else about them is tried again, in sight of an operator.
    """
    result: R
    if patience is None and _is_at_hand(step):
        result = await workflow.execute_local_activity(
            step.name,
            command,
            result_type=step.result,
            start_to_close_timeout=step.attempt_max,
            retry_policy=step.retry,
            local_retry_threshold=_RETRIED_IN_PLACE_MAX,
            summary=summary,
        )
        return result
    result = await workflow.execute_activity(
        step.name,
        command,
        result_type=step.result,
        task_queue=step.queue,
        schedule_to_close_timeout=patience,
        start_to_close_timeout=step.attempt_max,
        heartbeat_timeout=step.heartbeat_max,
        retry_policy=step.retry,
        summary=summary,
    )
    return result


_OWN_QUEUE: Final = "bnpl"
"""Where all workflows run: a queue that a run asks for by name could not be replayed elsewhere."""
_RETRIED_IN_PLACE_MAX = timedelta(seconds=4)
"""A longer wait for the store becomes a timer: the run hears what it is told meanwhile, and an
operator sees what it waits for."""


def _is_at_hand(step: Step[Any, Any]) -> bool:
    """Whether the worker that runs this workflow also takes the step.

    Then it is taken in place, without a way through the server that costs as much as the step. A
    step whose worker is lost is taken again, like any other: store steps are idempotent.
    """
    is_own = step.kind is StepKind.STORE and step.queue == _OWN_QUEUE
    return is_own and workflow.patched("steps-at-hand")


ON_ITS_WAY_MAX = timedelta(seconds=45)
"""So long a request may still be on its way which a worker sent for a run that is lost by now: as
long as an attempt at a step that moves money may take."""


def believed_from(*, asks_first: bool) -> datetime:
    """From when on a provider is believed that it does not know an order, so that it may be sent.

    At once, unless a run that was lost may have sent it (``asks_first``): what a worker still has
    in hand for it may get there after the question.
    """
    return workflow.now() + (ON_ITS_WAY_MAX if asks_first else timedelta(0))


def report_of(error: ActivityError) -> ErrorReport:
    """What went wrong. A step that never answered (its worker died) has an unknown outcome."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        report = ErrorReport.from_details(cause.details)
        if report is not None:
            return report
        return ErrorReport(kind=ErrorKind.DEFECT, code=cause.type or "unexpected", text="")
    return ErrorReport(
        kind=ErrorKind.UNKNOWN, code="no_answer", text="the step did not answer in time"
    )


def refusal(*, code: str, text: str, field: str | None = None) -> ApplicationError:
    """A refusal raised by the workflow itself, in the shape in which domains refuse."""
    report = ErrorReport(kind=ErrorKind.REFUSAL, code=code, text=text, field=field)
    return ApplicationError(text, report.as_details(), type=code, non_retryable=True)


def passed_on(report: ErrorReport) -> ApplicationError:
    """A domain's report as the workflow's own failure, for whoever asked the workflow."""
    return ApplicationError(report.text, report.as_details(), type=report.code, non_retryable=True)


def distances(*, first: timedelta, longest: timedelta, count: int) -> tuple[timedelta, ...]:
    """Doubling waits, none longer than ``longest``."""
    waits = []
    wait = first
    for _ in range(count):
        waits.append(wait)
        wait = min(wait * 2, longest)
    return tuple(waits)
