"""How workflows ask domains and rails: one way to call a step, one way to read what went wrong."""

from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.contracts.report import ErrorKind, ErrorReport
from activities.contracts.step import Step

C = TypeVar("C")
R = TypeVar("R")


async def ask(step: Step[C, R], command: C, *, summary: str) -> R:
    """Ask a domain or a rail to take a step. ``summary`` is what an operator reads.

    Raises:
        ActivityError: see :func:`report_of`. Steps that write to a store fail only with a
            refusal; everything else about them is tried again, in sight of an operator.
    """
    result: R = await workflow.execute_activity(
        step.name,
        command,
        result_type=step.result,
        task_queue=step.queue,
        start_to_close_timeout=step.attempt_max,
        heartbeat_timeout=step.heartbeat_max,
        retry_policy=step.retry,
        summary=summary,
    )
    return result


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
