"""A notice to a merchant: delivered with growing patience, never in a plan's way."""

from datetime import timedelta
from enum import StrEnum
from itertools import count

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.contracts.marketplace import (
        DELIVER_NOTICE,
        RECORD_NOTICE,
        DeliverNotice,
        NoticeAnswer,
        RecordNotice,
    )
    from workflows.asking import ask, distances, report_of

_AGAIN_AFTER = distances(first=timedelta(seconds=5), longest=timedelta(hours=6), count=39)
"""Growing for half a day, then every six hours: 40 tries within seven days."""
TRIES_MAX = len(_AGAIN_AFTER) + 1
"""After so many tries a notice is given up."""


class NoticeEnd(StrEnum):
    """How the telling of a notice ended."""

    DELIVERED = "delivered"
    """The merchant's endpoint answered 2xx."""
    GIVEN_UP = "given up"
    """It did not for a week."""
    NOT_WANTED = "not wanted"
    """The merchant has given no webhook."""


@workflow.defn
class MerchantNoticeWorkflow:
    """Tells a merchant's endpoint one piece of news, for up to a week, under one id."""

    @workflow.run
    async def run(self, notice: DeliverNotice) -> NoticeEnd:
        """Try at growing distances until the endpoint takes the notice; record each try."""
        waits = iter(_AGAIN_AFTER)
        for number in count(1):
            answer = await _deliver(notice)
            if not answer.wanted:
                return NoticeEnd.NOT_WANTED
            await _record(notice, number=number, answer=answer)
            if answer.delivered:
                return NoticeEnd.DELIVERED
            wait = next(waits, None)
            if wait is None:
                break
            _show(notice, number=number, answer=answer, wait=wait)
            await workflow.sleep(wait, summary=f"then try {number + 1}")
        return NoticeEnd.GIVEN_UP


async def _deliver(notice: DeliverNotice) -> NoticeAnswer:
    try:
        return await ask(DELIVER_NOTICE, notice, summary=f"Tell the merchant: {notice.kind}")
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        # Our own trouble (the store, a lost worker) counts as a try that brought no answer.
        workflow.logger.warning("notice not sent: %s", report_of(error).code)
        return NoticeAnswer(delivered=False, status=None, wanted=True)


async def _record(notice: DeliverNotice, *, number: int, answer: NoticeAnswer) -> None:
    await ask(
        RECORD_NOTICE,
        RecordNotice(
            notice_id=notice.notice_id,
            merchant_id=notice.merchant_id,
            plan_id=notice.plan_id,
            kind=notice.kind,
            number=number,
            answer=answer,
            at=workflow.now(),
        ),
        summary=f"Store the answer to try {number}: {answer.status or 'none'}",
    )


def _show(notice: DeliverNotice, *, number: int, answer: NoticeAnswer, wait: timedelta) -> None:
    """For whoever opens the run: how it stands."""
    said = f"answered {answer.status}" if answer.status else "did not answer"
    again_at = workflow.now() + wait
    workflow.set_current_details(
        f"{notice.kind}: the merchant's endpoint {said} to try {number}; "
        f"next at {again_at:%Y-%m-%d %H:%M:%S} UTC"
    )
