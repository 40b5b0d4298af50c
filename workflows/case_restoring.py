"""Complaints and disputes begun again from their store, each with a life of its own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from workflows.clock import ClockReading


@dataclass(frozen=True, kw_only=True)
class CasesBegun:
    """How many of a page were begun, how many had a run, and its last; None: none was left."""

    begun: int
    running: int
    last: str | None


@dataclass(frozen=True, kw_only=True)
class CaseRun:
    """A run to be begun.

    Attributes:
        case_id: the complaint's or the dispute's own.
        workflow_id: by which its run is found.
        start: what the run begins with.
        summary: for whoever sees the run among others.
    """

    case_id: str
    workflow_id: str
    start: object
    summary: str


async def begin_again(run: Any, /, *, cases: Sequence[CaseRun]) -> CasesBegun:  # noqa: ANN401 - a workflow's method
    """Begin a page of them. One that has a run is left alone.

    Args:
        run: the method of the workflow that they live by.
        cases: in the order of their ids.
    """
    begun = await asyncio.gather(*(_begin(run, case) for case in cases))
    return CasesBegun(
        begun=begun.count(True),
        running=begun.count(False),
        last=cases[-1].case_id if cases else None,
    )


def clock_of(*, test_clock_id: str | None, lived_until: datetime) -> ClockReading | None:
    """The time by which a case on a test clock goes on; None in real time."""
    return None if test_clock_id is None else ClockReading(now=lived_until, turn=0)


async def _begin(run: Any, case: CaseRun) -> bool:  # noqa: ANN401 - a workflow's method
    try:
        # Started, not awaited: it has a life of its own.
        _ = await workflow.start_child_workflow(
            run,
            case.start,
            id=case.workflow_id,
            parent_close_policy=ParentClosePolicy.ABANDON,
            # One that has come to its end since it was listed must not be lived twice.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            static_summary=case.summary,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True
