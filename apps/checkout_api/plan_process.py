"""How the API reaches a plan's workflow, and what it makes of the ways in which that can end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from temporalio.client import (
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.contracts.report import ErrorKind, ErrorReport
from apps.checkout_api.parts import ApiParts
from apps.checkout_api.problems import Problem
from meqenet.errors import Defect, Mender, Unavailable
from workflows.hardship_messages import HardshipOutlook
from workflows.messages import plan_workflow_id
from workflows.order_refund_messages import RefundOutlook
from workflows.plan import PaymentPlanWorkflow
from workflows.plan_life import PlanOutcome
from workflows.replay_messages import ReplayOutlook

R = TypeVar("R")
PlanHandle = WorkflowHandle[PaymentPlanWorkflow, PlanOutcome]
"""A plan's process."""
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


async def status_of(
    deed: Callable[[], Awaitable[object]], *, gone: Exception, wait_seconds_max: float
) -> int:
    """Have a workflow do something: 200 once it is done, 202 while it is at work.

    Raises:
        Exception: ``gone``, where no such workflow is running; otherwise as ``asked`` does.
    """
    try:
        await asked(deed, wait_seconds_max=wait_seconds_max)
    except StillWorking:
        return 202
    except ProcessGone:
        raise gone from None
    return 200


def handle_of(parts: ApiParts, *, plan_id: str) -> PlanHandle:
    """The plan's process."""
    return parts.temporal.get_workflow_handle(plan_workflow_id(plan_id=plan_id))


def refused_outlook(
    found: RefundOutlook | HardshipOutlook | ReplayOutlook, /, *, code: str, text: str
) -> Problem:
    """Why a plan's process does not do what it has looked at.

    Args:
        found: what it says.
        code: where it gives none.
        text: the same.
    """
    return Problem(
        status=422 if found.field else 409,
        code=found.code or code,
        detail=found.text or text,
        field=found.field,
    )


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
