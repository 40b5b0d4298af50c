"""What belongs to plans and was lost with them: their test clocks, notices to their merchants."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.contracts import bnpl, marketplace
    from workflows.asking import ask, passed_on, report_of
    from workflows.messages import (
        TestClockStart,
        notice_id_of,
        notice_workflow_id,
        test_clock_workflow_id,
    )
    from workflows.notice import TRIES_MAX, MerchantNoticeWorkflow
    from workflows.rehydration import PATIENCE
    from workflows.test_clock import TestClockWorkflow
    from workflows.turns import of_merchant


@dataclass(frozen=True, kw_only=True)
class Restored:
    """How many were begun, and how many had a run, which was left alone."""

    begun: int
    running: int


@workflow.defn
class OpenClocksWorkflow:
    """Lists the test clocks of open plans.

    To be run before the plans are begun: one that comes to its end at once keeps its clock.
    """

    @workflow.run
    async def run(self) -> bnpl.OpenClocksListed:
        """Return them. The run fails when they cannot be listed."""
        try:
            return await ask(
                bnpl.LIST_OPEN_CLOCKS,
                bnpl.ListOpenClocks(),
                summary="On which test clocks do plans live?",
                patience=PATIENCE,
            )
        except ActivityError as error:
            raise passed_on(report_of(error)) from error


@workflow.defn
class ClockRestorationWorkflow:
    """Makes test clocks anew, each at the newest instant that was lived on it.

    To be run when the plans have been begun: whoever moves a clock finds all of its plans there.
    """

    @workflow.run
    async def run(self, listed: bnpl.OpenClocksListed) -> Restored:
        """Return how many there are."""
        begun = await asyncio.gather(*(_make(clock) for clock in listed.clocks))
        return Restored(begun=begun.count(True), running=begun.count(False))


async def _make(clock: bnpl.OpenTestClock) -> bool:
    try:
        # Started, not awaited: a clock serves for ever.
        _ = await workflow.start_child_workflow(
            TestClockWorkflow.run,
            TestClockStart(
                clock_id=clock.clock_id,
                merchant_id=clock.merchant_id,
                now=clock.now,
                wakes=dict.fromkeys(clock.plan_ids),
            ),
            id=test_clock_workflow_id(clock_id=clock.clock_id),
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary="Test clock, from the stores",
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class NewsPage:
    """Tell merchants the next ``limit`` pieces of news since an instant of real time."""

    since: datetime
    after: bnpl.NewsPlace | None
    limit: int


@dataclass(frozen=True, kw_only=True)
class PageTold:
    """What became of a page; ``last`` is where to go on, None when no news was left."""

    restored: Restored
    last: bnpl.NewsPlace | None


@workflow.defn
class NoticeRestorationWorkflow:
    """Begins notices again that merchants have not taken and that were not given up.

    What was to be told is read from the plans' logs: a notice leaves no other trace before its
    first try.
    """

    @workflow.run
    async def run(self, page: NewsPage) -> PageTold:
        """Return how many are told now. The run fails when the news cannot be listed."""
        try:
            listed = await ask(
                bnpl.LIST_NEWS,
                bnpl.ListNews(since=page.since, after=page.after, limit=page.limit),
                summary="What were merchants to be told?",
                patience=PATIENCE,
            )
            of = {notice_id_of(plan_id=n.plan_id, sequence=n.sequence): n for n in listed.news}
            untold = await ask(
                marketplace.FIND_UNTOLD,
                marketplace.FindUntold(
                    notices=tuple(
                        marketplace.NoticeOf(notice_id=notice_id, merchant_id=news.merchant_id)
                        for notice_id, news in of.items()
                    ),
                    tries_max=TRIES_MAX,
                ),
                summary="What of it have they not taken?",
                patience=PATIENCE,
            )
        except ActivityError as error:
            raise passed_on(report_of(error)) from error
        begun = await asyncio.gather(*(_tell(each, of[each]) for each in untold.notice_ids))
        restored = Restored(begun=begun.count(True), running=begun.count(False))
        return PageTold(restored=restored, last=listed.last)


async def _tell(notice_id: str, news: bnpl.PlanNews) -> bool:
    try:
        # Started, not awaited: the notice has a life of its own.
        _ = await workflow.start_child_workflow(
            MerchantNoticeWorkflow.run,
            marketplace.DeliverNotice(
                notice_id=notice_id,
                merchant_id=news.merchant_id,
                plan_id=news.plan_id,
                reference=news.reference,
                kind=news.kind,
                at=news.at,
            ),
            id=notice_workflow_id(notice_id=notice_id),
            parent_close_policy=ParentClosePolicy.ABANDON,
            # One that has run to its end, or was ended by a person, was not lost.
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            priority=of_merchant(news.merchant_id),
            static_summary=f"{news.kind} to the merchant, from the stores",
        )
    except WorkflowAlreadyStartedError:
        return False
    return True
