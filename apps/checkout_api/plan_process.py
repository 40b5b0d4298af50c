"""How the API reaches a plan's workflow, and what it makes of the ways in which that can end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.contracts.report import ErrorKind, ErrorReport
from apps.checkout_api.problems import Problem
from meqenet.errors import Defect, Mender, Unavailable

R = TypeVar("R")
_OURS: Final = frozenset(
    {
        RPCStatusCode.INVALID_ARGUMENT,
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.UNIMPLEMENTED,
    }
)
"""Statuses that no waiting mends."""
_CLOSED_MEANWHILE: Final = "AcceptedUpdateCompletedWorkflow"
"""How the server fails an update whose workflow ended before it was answered."""


class ProcessGone(Exception):
    """There is no such running workflow: it has ended, or never was."""


class StillWorking(Exception):
    """The workflow has not answered within the time that a browser waits. It goes on working."""


async def asked(call: Callable[[], Awaitable[R]], *, wait_seconds_max: float) -> R:
    """Await a workflow's answer.

    Raises:
        Problem: the workflow refused.
        ProcessGone: no such workflow is running.
        StillWorking: no answer within the time.
        Unavailable: the Temporal server cannot be reached.
        Defect: what was asked is not understood.
    """
    try:
        async with asyncio.timeout(wait_seconds_max):
            return await call()
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        raise StillWorking from None
    except WorkflowUpdateFailedError as error:
        raise _refused(error.cause) from error
    except RPCError as error:
        raise of_rpc(error) from error


def of_rpc(error: RPCError) -> ProcessGone | Unavailable | Defect:
    """What a failed call to the Temporal server means. Its text may quote what was sent."""
    if error.status is RPCStatusCode.NOT_FOUND:
        return ProcessGone()
    if error.status in _OURS:
        return Defect("temporal_refused", f"the Temporal server answered {error.status.name}")
    return Unavailable("temporal_unavailable", "the plan's process cannot be reached")


def _refused(cause: BaseException) -> Problem | ProcessGone | Unavailable | Defect:
    if not isinstance(cause, ApplicationError):
        return Defect("update_failed", f"an update failed with {type(cause).__name__}")
    if cause.type == _CLOSED_MEANWHILE:
        return ProcessGone()
    report = ErrorReport.from_details(cause.details)
    if report is None or report.kind is ErrorKind.DEFECT:
        code = report.code if report else cause.type
        return Defect("update_failed", f"an update failed with {code}")
    if report.kind is not ErrorKind.REFUSAL:
        return Unavailable(report.code, report.text)
    return Problem(
        status=422 if report.field else 409,
        code=report.code,
        detail=report.text,
        mender=Mender(report.mender) if report.mender else Mender.MERCHANT,
        field=report.field,
    )
