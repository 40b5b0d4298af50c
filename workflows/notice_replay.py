"""Notices that were given up, told anew because the merchant asks for them."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.contracts.marketplace import LIST_GIVEN_UP, DeliverNotice, ListGivenUp
    from workflows.asking import ask
    from workflows.messages import notice_replay_workflow_id
    from workflows.notice import MerchantNoticeWorkflow
    from workflows.turns import of_merchant

_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class ReplayNotices:
    """Tell again what of a merchant's notices, put on file in a period, was given up.

    ``after`` and ``begun`` are of the runs before: the last notice, and how many were begun.
    ``page`` is how many one run begins; the next run goes on behind them.
    """

    merchant_id: str
    since: datetime | None
    until: datetime | None
    after: str | None = None
    begun: int = 0
    page: int = _PAGE


@workflow.defn
class NoticeReplayWorkflow:
    """Begins the replay of all given-up notices of a period; each has a life of its own."""

    @workflow.run
    async def run(self, wanted: ReplayNotices) -> int:
        """Return how many were begun; one that is being replayed already is left alone."""
        listed = await ask(
            LIST_GIVEN_UP,
            ListGivenUp(
                merchant_id=wanted.merchant_id,
                since=wanted.since,
                until=wanted.until,
                after=wanted.after,
                limit=wanted.page,
            ),
            summary="What was given up?",
        )
        begun = await asyncio.gather(*(_replay(notice) for notice in listed.notices))
        told = replace(wanted, begun=wanted.begun + begun.count(True))
        if len(listed.notices) == wanted.page:
            workflow.continue_as_new(replace(told, after=listed.notices[-1].notice_id))
        return told.begun


async def _replay(notice: DeliverNotice) -> bool:
    try:
        # Started, not awaited: the notice has a life of its own.
        _ = await workflow.start_child_workflow(
            MerchantNoticeWorkflow.run,
            notice,
            id=notice_replay_workflow_id(notice_id=notice.notice_id),
            parent_close_policy=ParentClosePolicy.ABANDON,
            priority=of_merchant(notice.merchant_id),
            static_summary=f"{notice.kind} to the merchant, again",
        )
    except WorkflowAlreadyStartedError:
        return False
    return True
