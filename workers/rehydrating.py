"""Beginning every open plan again from the stores, after the Temporal database was lost.

It asks the workers to do it, page by page: each domain loads its own part of a plan under its own
role and keys, and the plans travel from there in encrypted payloads. Whoever has it done needs
the Temporal server's address and the payload keys, and no store.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final, Protocol, TypeVar

from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.exceptions import TimeoutError as TemporalTimeoutError
from temporalio.service import RPCError
from temporalio.types import MethodAsyncSingleParam

from activities.contracts.complaints import ListOpenComplaints
from activities.contracts.disputes import ListUnsettledDisputes
from meqenet.errors import Unavailable
from workers.accruing import schedule_accruals
from workers.queue_worker import WORKFLOW_QUEUE
from workers.settling import schedule_settlement_days
from workflows.case_restoring import CasesBegun
from workflows.complaint_restoring import ComplaintRestorationWorkflow
from workflows.dispute_restoring import DisputeRestorationWorkflow
from workflows.rehydration import NotBegun, OpenPlansPage, PageBegun, RehydrationWorkflow
from workflows.restoring import (
    ClockRestorationWorkflow,
    NewsPage,
    NoticeRestorationWorkflow,
    OpenClocksWorkflow,
    PageTold,
)

PLANS_A_PAGE: Final = 25
NEWS_A_PAGE: Final = 200
PAGE_MAX: Final = timedelta(minutes=5)
"""A page takes a second; without a worker that does it, it would take for ever."""


class _Page(Protocol):
    """What became of a page. ``last`` is where to go on; None when nothing was left."""

    @property
    def last(self) -> object: ...


WorkflowT = TypeVar("WorkflowT")
OrderT = TypeVar("OrderT")
PageT = TypeVar("PageT", bound=_Page)
R = TypeVar("R")


@dataclass
class Tally:
    """What became of one kind of thing."""

    begun: int = 0
    running: int = 0
    over: int = 0
    failed: list[NotBegun] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """How many were looked at."""
        return self.begun + self.running + self.over + len(self.failed)


@dataclass
class Rehydrated:
    """What became of everything that lives in Temporal."""

    plans: Tally = field(default_factory=Tally)
    clocks: Tally = field(default_factory=Tally)
    notices: Tally = field(default_factory=Tally)
    complaints: Tally = field(default_factory=Tally)
    disputes: Tally = field(default_factory=Tally)


@dataclass(frozen=True, kw_only=True)
class Rehydrating:
    """How to do it.

    Attributes:
        run_id: makes the ids of the workflows that do it, so that two of them never meet.
        news_since: merchants' notices of older news than this are not begun again.
        on_progress: is told of each page: of how many open plans how many have been looked at.
    """

    client: Client
    run_id: str
    news_since: datetime
    on_progress: Callable[[int, int], None]


async def rehydrate(todo: Rehydrating, /) -> Rehydrated:
    """Begin plans, their test clocks, notices, complaints and disputes; what has a run stays.

    Once plans are there, a clock that somebody moves finds them; and a notice that a plan begins
    by itself is not begun twice.

    Raises:
        Unavailable: the server or the workers do not answer. What was begun by then goes on;
            it can all be done again.
    """
    done = Rehydrated()
    await _reached(schedule_accruals(client=todo.client))
    await _reached(schedule_settlement_days(client=todo.client))
    listed = await _reached(
        todo.client.execute_workflow(
            OpenClocksWorkflow.run,
            id=f"rehydrate-{todo.run_id}-open-clocks",
            task_queue=WORKFLOW_QUEUE,
            execution_timeout=PAGE_MAX,
            static_summary="On which test clocks do plans live?",
        )
    )
    await _begin_plans(todo, done.plans)
    clocks = await _reached(
        todo.client.execute_workflow(
            ClockRestorationWorkflow.run,
            listed,
            id=f"rehydrate-{todo.run_id}-clocks",
            task_queue=WORKFLOW_QUEUE,
            execution_timeout=PAGE_MAX,
            static_summary="Make the test clocks of open plans anew",
        )
    )
    done.clocks.begun, done.clocks.running = clocks.begun, clocks.running
    await _begin_notices(todo, done.notices)
    await _begin_complaints(todo, done.complaints)
    await _begin_disputes(todo, done.disputes)
    return done


async def _begin_plans(todo: Rehydrating, tally: Tally) -> None:
    def behind(page: PageBegun | None) -> OpenPlansPage:
        return OpenPlansPage(after=None if page is None else page.last, limit=PLANS_A_PAGE)

    pages = _pages(todo, RehydrationWorkflow.run, behind, kind="plans", name="open plans")
    async for page in pages:
        tally.begun += page.begun
        tally.running += page.running
        tally.over += page.over
        tally.failed += page.failed
        todo.on_progress(tally.seen, max(page.count, tally.seen))


async def _begin_notices(todo: Rehydrating, tally: Tally) -> None:
    def behind(page: PageTold | None) -> NewsPage:
        after = None if page is None else page.last
        return NewsPage(since=todo.news_since, after=after, limit=NEWS_A_PAGE)

    pages = _pages(todo, NoticeRestorationWorkflow.run, behind, kind="notices", name="notices")
    async for page in pages:
        tally.begun += page.restored.begun
        tally.running += page.restored.running


async def _begin_complaints(todo: Rehydrating, tally: Tally) -> None:
    def behind(page: CasesBegun | None) -> ListOpenComplaints:
        return ListOpenComplaints(after=None if page is None else page.last, limit=PLANS_A_PAGE)

    pages = _pages(
        todo, ComplaintRestorationWorkflow.run, behind, kind="complaints", name="complaints"
    )
    async for page in pages:
        tally.begun += page.begun
        tally.running += page.running


async def _begin_disputes(todo: Rehydrating, tally: Tally) -> None:
    def behind(page: CasesBegun | None) -> ListUnsettledDisputes:
        return ListUnsettledDisputes(after=None if page is None else page.last, limit=PLANS_A_PAGE)

    pages = _pages(todo, DisputeRestorationWorkflow.run, behind, kind="disputes", name="disputes")
    async for page in pages:
        tally.begun += page.begun
        tally.running += page.running


async def _pages(
    todo: Rehydrating,
    run: MethodAsyncSingleParam[WorkflowT, OrderT, PageT],
    behind: Callable[[PageT | None], OrderT],
    *,
    kind: str,
    name: str,
) -> AsyncIterator[PageT]:
    """Have page after page done, until one finds nothing left.

    ``behind``: the order of the page that follows another one. ``kind``: as in the ids of the
    workflows; ``name``: as people read it.
    """
    page: PageT | None = None
    for number in count(1):
        page = await _reached(
            todo.client.execute_workflow(
                run,
                behind(page),
                id=f"rehydrate-{todo.run_id}-{kind}-{number}",
                task_queue=WORKFLOW_QUEUE,
                execution_timeout=PAGE_MAX,
                static_summary=f"Begin {name} again, page {number}",
            )
        )
        if page.last is None:
            return
        yield page


async def _reached(call: Coroutine[Any, Any, R]) -> R:
    """Await the server or a workflow.

    Raises:
        Unavailable: it does not answer, or a domain does not.
    """
    try:
        return await call
    except RPCError as error:
        raise Unavailable(
            "temporal_unavailable", f"the Temporal server answers {error.status.name}"
        ) from error
    except WorkflowFailureError as error:
        raise Unavailable("rehydration_unfinished", _why(error.cause)) from error


def _why(cause: BaseException | None) -> str:
    match cause:
        case TemporalTimeoutError():
            minutes = PAGE_MAX.total_seconds() / 60
            return f"no worker of bnpl has done its part within {minutes:.0f} minutes"
        case ApplicationError(type=code, message=text):
            return f"bnpl, marketplace or disputes does not answer ({code}: {text})"
        case _:
            return f"the work was ended: {type(cause).__name__}"
