"""A notice to a merchant: delivered with growing patience, never in a plan's way."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.contracts.marketplace import (
        DELIVER_NOTICE,
        RECORD_NOTICE,
        STORE_NOTICE,
        DeliverNotice,
        NoticeAnswer,
        NoticeStored,
        RecordNotice,
        StoreNotice,
    )
    from meqenet.marketplace.notices import TryFailure
    from workflows.asking import ask, distances, report_of

_AGAIN_AFTER = distances(first=timedelta(seconds=5), longest=timedelta(hours=6), count=39)
"""Growing for half a day, then every six hours: 40 tries within seven days."""
TRIES_MAX = len(_AGAIN_AFTER) + 1
"""After so many tries a notice is given up."""
_TOLD_FOR_MAX = timedelta(days=7)
"""So is one that waits for its place for so long: its endpoint takes nothing."""
_PLACE_AFTER = distances(first=timedelta(seconds=5), longest=timedelta(hours=6), count=14)
"""Between questions for a free place; each is drawn out by up to half, so that they spread."""

_IN_ORDER_MAX = timedelta(hours=1)
"""So long a notice waits until the plan's notice before it is on file: that may have been lost."""


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
        if workflow.patched("stored-first"):
            stored = await _store(notice)
            if not stored.wanted:
                return NoticeEnd.NOT_WANTED
            notice = replace(notice, sequence=stored.sequence)
        give_up_at = workflow.now() + _TOLD_FOR_MAX
        for number in range(1, TRIES_MAX + 1):
            answer = await _deliver_in_place(notice, unless_after=give_up_at)
            if not answer.wanted:
                await _call_off(notice, number=number, answer=answer)
                return NoticeEnd.NOT_WANTED
            is_last = number == TRIES_MAX or answer.held_back
            await _record(notice, number=number, answer=answer, is_last=is_last)
            if answer.delivered:
                return NoticeEnd.DELIVERED
            if is_last:
                break
            wait = _AGAIN_AFTER[number - 1]
            _show(notice, number=number, answer=answer, wait=wait)
            await workflow.sleep(wait, summary=f"then try {number + 1}")
        return NoticeEnd.GIVEN_UP


async def _store(notice: DeliverNotice) -> NoticeStored:
    """Put it on file behind the plan's notice before it, unless that one does not come."""
    command = StoreNotice(notice=notice, at=workflow.now())
    summary = f"Put the notice on file: {notice.kind}"
    if notice.after is None:
        return await ask(STORE_NOTICE, command, summary=summary)
    try:
        return await ask(STORE_NOTICE, command, summary=summary, patience=_IN_ORDER_MAX)
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
    out_of_order = replace(command, notice=replace(notice, after=None))
    return await ask(STORE_NOTICE, out_of_order, summary=f"{summary}, out of order")


async def _deliver_in_place(notice: DeliverNotice, *, unless_after: datetime) -> NoticeAnswer:
    """The answer of the next try that is made; to be held back is no try.

    Held back still after ``unless_after``, it is told so.
    """
    waits = iter(_PLACE_AFTER)
    longest = _PLACE_AFTER[-1]
    while True:
        answer = await _deliver(notice)
        if not answer.held_back:
            return answer
        if workflow.now() >= unless_after:
            return replace(answer, failure=TryFailure.NOT_SENT)
        wait = next(waits, longest)
        workflow.set_current_details(
            f"{notice.kind}: other notices to this merchant's endpoint are under way"
        )
        drawn_out = wait * (1 + workflow.random().random() / 2)
        await workflow.sleep(drawn_out, summary="then ask for a place again")


async def _deliver(notice: DeliverNotice) -> NoticeAnswer:
    try:
        return await ask(DELIVER_NOTICE, notice, summary=f"Tell the merchant: {notice.kind}")
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        # Our own trouble (the store, a lost worker) counts as a try that brought no answer.
        workflow.logger.warning("notice not sent: %s", report_of(error).code)
        return NoticeAnswer(delivered=False, status=None, wanted=True, failure=TryFailure.NOT_SENT)


async def _call_off(notice: DeliverNotice, *, number: int, answer: NoticeAnswer) -> None:
    """On file it does not wait any more."""
    if workflow.patched("called-off-on-file"):
        await _record(notice, number=number, answer=answer, is_last=True)


async def _record(
    notice: DeliverNotice, *, number: int, answer: NoticeAnswer, is_last: bool
) -> None:
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
            is_replay=notice.is_replay,
            is_last=is_last,
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
