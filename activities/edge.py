"""The activity edge: names from the contract, the one translator of errors, heartbeats."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from activities.contracts.report import ErrorKind, ErrorReport
from activities.contracts.step import Step
from meqenet.errors import Defect, OutcomeUnknown, Refusal, Unavailable
from meqenet.payments.lanes import HeldBack

C = TypeVar("C")
R = TypeVar("R")
S = TypeVar("S")
_BEATS_PER_SILENCE = 3


def takes(step: Step[C, R]) -> Callable[[Callable[[S, C], Awaitable[R]]], Any]:
    """Register a method as the activity that takes this step."""
    return activity.defn(name=step.name)


def translated(error: Exception) -> ApplicationError:
    """The ``ApplicationError`` for one of ours; anything else is a defect that is tried again.

    A foreign exception's text may hold private data (SQL parameters, URLs), so only its type
    name crosses the edge; the traceback is in the worker's log.
    """
    match error:
        case Refusal():
            report = ErrorReport(
                kind=ErrorKind.REFUSAL,
                code=error.code,
                text=error.text,
                mender=error.mender.value,
                field=error.field,
            )
            return ApplicationError(
                error.text,
                report.as_details(),
                type=error.code,
                non_retryable=True,
                category=ApplicationErrorCategory.BENIGN,
            )
        case Unavailable():
            report = ErrorReport(kind=ErrorKind.UNAVAILABLE, code=error.code, text=error.text)
            # A step that waits for its turn is held back again and again: that is no failure.
            is_benign = isinstance(error, HeldBack)
            return ApplicationError(
                error.text,
                report.as_details(),
                type=error.code,
                next_retry_delay=error.retry_after,
                category=ApplicationErrorCategory.BENIGN
                if is_benign
                else ApplicationErrorCategory.UNSPECIFIED,
            )
        case OutcomeUnknown():
            report = ErrorReport(kind=ErrorKind.UNKNOWN, code=error.code, text=error.text)
            return ApplicationError(error.text, report.as_details(), type=error.code)
        case Defect():
            report = ErrorReport(kind=ErrorKind.DEFECT, code=error.code, text=error.text)
            return ApplicationError(error.text, report.as_details(), type=error.code)
        case _:
            name = type(error).__name__
            report = ErrorReport(kind=ErrorKind.DEFECT, code="unexpected", text=name)
            return ApplicationError(name, report.as_details(), type="unexpected")


class EdgeInterceptor(Interceptor):
    """Put on every worker: translates errors and keeps provider calls' heartbeats going."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's own parameter name
        """Wrap every activity of the worker."""
        return _Edge(next)


class _Edge(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's signature
        beating = asyncio.create_task(_beat())
        try:
            return await self.next.execute_activity(input)
        except (ApplicationError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - the edge maps every error there is
            outward = translated(error)
            if outward.type == "unexpected":
                activity.logger.exception("unexpected error in an activity")
            raise outward from (error if outward.type != "unexpected" else None)
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating


async def _beat() -> None:
    silence = activity.info().heartbeat_timeout
    if silence is None:
        return
    while True:
        activity.heartbeat()
        await asyncio.sleep(silence.total_seconds() / _BEATS_PER_SILENCE)
