"""Notices to merchants: patience, and its end; that no plan waits for them is with reminders."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle

from activities.contracts.marketplace import DeliverNotice, NoticeAnswer, OrderOutcome, RecordNotice
from meqenet.bnpl.news import NOTICE_BY_EVENT
from meqenet.errors import Defect, Refusal, Unavailable
from meqenet.marketplace.notices import TryFailure
from tests.waiting import eventually
from tests.workflows.conftest import Bench
from tests.workflows.fakes import TAKEN, UNWANTED
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.notice import MerchantNoticeWorkflow, NoticeEnd
from workflows.notice_replay import NoticeReplayWorkflow, ReplayNotices

ROOT = Path(__file__).parents[2]
REFUSED = NoticeAnswer(delivered=False, status=500, wanted=True)
SILENCE = NoticeAnswer(delivered=False, status=None, wanted=True)
AN_HOUR = timedelta(hours=1)
HELD = replace(SILENCE, held_back=True)

Handle = WorkflowHandle[MerchantNoticeWorkflow, NoticeEnd]


def notice_of(bench: Bench) -> DeliverNotice:
    return DeliverNotice(
        notice_id=f"pln_{bench.merchant_id}-n7",
        merchant_id=bench.merchant_id,
        plan_id=f"pln_{bench.merchant_id}",
        reference="1",
        kind="plan.approved",
        at=datetime(2026, 3, 1, 9, tzinfo=UTC),
    )


def numbered(bench: Bench) -> DeliverNotice:
    """As it is sent: once it is on file, it has its number among the plan's notices."""
    return replace(notice_of(bench), sequence=1)


async def tell(bench: Bench, *, notice: DeliverNotice | None = None) -> Handle:
    notice = notice or notice_of(bench)
    return await bench.env.client.start_workflow(
        MerchantNoticeWorkflow.run,
        notice,
        id=f"notice-{notice.notice_id}",
        task_queue=WORKFLOW_QUEUE,
    )


def tries(bench: Bench) -> list[RecordNotice]:
    return bench.domains.notice_tries[notice_of(bench).notice_id]


async def test_a_notice_that_is_taken_is_told_once(bench: Bench) -> None:
    bench.domains.hear = lambda _notice: TAKEN
    assert await (await tell(bench)).result() == "delivered"
    assert bench.domains.notices == [numbered(bench)]
    assert [(t.number, t.answer) for t in tries(bench)] == [(1, TAKEN)]


async def test_a_merchant_without_a_webhook_is_told_nothing(bench: Bench) -> None:
    assert await (await tell(bench)).result() == "not wanted"
    assert bench.domains.notices == []
    assert tries(bench) == []


async def test_a_webhook_that_is_withdrawn_ends_the_tries(bench: Bench) -> None:
    answers = iter((REFUSED, UNWANTED))
    bench.domains.hear = lambda _notice: next(answers)
    handle = await tell(bench)
    await bench.live_out(handle)
    assert await handle.result() == "not wanted"
    assert [t.answer for t in tries(bench)] == [REFUSED]


async def test_each_try_is_of_the_same_notice_and_recorded_until_it_is_taken(bench: Bench) -> None:
    answers = (REFUSED, SILENCE, TAKEN)
    told = iter(answers)
    bench.domains.hear = lambda _notice: next(told)
    handle = await tell(bench)
    await bench.live_out(handle)
    assert await handle.result() == "delivered"
    assert bench.domains.notices == [numbered(bench)] * 3
    assert [(t.number, t.answer) for t in tries(bench)] == list(enumerate(answers, start=1))


async def test_a_dead_endpoint_is_given_up_after_a_week_of_growing_distances(bench: Bench) -> None:
    bench.domains.hear = lambda _notice: SILENCE
    handle = await tell(bench)
    await bench.live_out(handle)
    assert await handle.result() == "given up"
    assert [(t.number, t.is_last) for t in tries(bench)] == [(n, n == 40) for n in range(1, 41)]
    waits = [
        event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
        for event in (await handle.fetch_history()).events
        if event.HasField("timer_started_event_attributes")
    ]
    longest = timedelta(hours=6)
    assert waits == [min(timedelta(seconds=5 * 2**turn), longest) for turn in range(39)]
    assert sum(waits, timedelta()) < timedelta(days=7) < sum(waits, longest)


@pytest.mark.parametrize(
    "trouble",
    [
        Unavailable("store_unavailable", "try again later"),
        Refusal("merchant_unknown", "there is no such merchant"),
        Defect("key_unknown", "no key of that name"),
    ],
    ids=lambda trouble: trouble.code,
)
async def test_our_own_trouble_is_a_try_without_an_answer(bench: Bench, trouble: Exception) -> None:
    bench.domains.hear = lambda _notice: TAKEN if tries(bench) else trouble
    handle = await tell(bench)
    await bench.live_out(handle)
    assert await handle.result() == "delivered"
    not_sent = replace(SILENCE, failure=TryFailure.NOT_SENT)
    assert [t.answer for t in tries(bench)] == [not_sent, TAKEN]


async def test_a_notice_is_numbered_behind_the_one_before_it_unless_that_is_lost(
    bench: Bench,
) -> None:
    bench.domains.hear = lambda _notice: TAKEN
    behind = replace(notice_of(bench), after=f"pln_{bench.merchant_id}-lost")
    handle = await tell(bench, notice=behind)
    await bench.live_out(handle)
    assert await handle.result() == "delivered"
    (told,) = bench.domains.notices
    assert told.sequence == 1
    waited = tries(bench)[0].at - (await handle.describe()).start_time
    assert AN_HOUR - timedelta(minutes=2) <= waited <= AN_HOUR + timedelta(minutes=2)


async def test_to_be_held_back_is_no_try(bench: Bench) -> None:
    answers = iter((HELD, HELD, HELD, REFUSED, HELD, TAKEN))
    bench.domains.hear = lambda _notice: next(answers)
    handle = await tell(bench)
    await bench.live_out(handle)
    assert await handle.result() == "delivered"
    assert [(t.number, t.answer) for t in tries(bench)] == [(1, REFUSED), (2, TAKEN)]


async def test_who_finds_no_place_for_a_week_is_given_up(bench: Bench) -> None:
    bench.domains.hear = lambda _notice: HELD
    handle = await tell(bench)
    await bench.live_out(handle)
    assert await handle.result() == "given up"
    (made,) = tries(bench)
    assert (made.is_last, made.answer.failure) == (True, TryFailure.NOT_SENT)
    begun = (await handle.describe()).start_time
    assert timedelta(days=7) <= made.at - begun < timedelta(days=7, hours=9)


async def test_all_that_was_given_up_is_told_again_once(bench: Bench) -> None:
    """Two replays at once, over more notices than one run begins: each notice has one run."""
    given_up = [
        replace(notice_of(bench), notice_id=f"pln_{bench.merchant_id}-n{n}", is_replay=True)
        for n in range(1, 4)
    ]
    bench.domains.given_up[bench.merchant_id] = given_up
    bench.domains.hear = lambda _notice: SILENCE
    wanted = ReplayNotices(merchant_id=bench.merchant_id, since=None, until=None, page=2)
    runs = [
        await bench.env.client.start_workflow(
            NoticeReplayWorkflow.run,
            wanted,
            id=f"replays-{bench.merchant_id}-{number}",
            task_queue=WORKFLOW_QUEUE,
        )
        for number in (1, 2)
    ]
    assert sum([await run.result() for run in runs]) == len(given_up)

    async def told() -> set[str]:
        return {notice.notice_id for notice in bench.domains.notices if notice.is_replay}

    await eventually(told, lambda found: len(found) == len(given_up))
    for notice in given_up:
        handle = bench.env.client.get_workflow_handle(f"replay-{notice.notice_id}")
        await handle.terminate()


async def test_an_operator_can_call_a_notice_off(bench: Bench) -> None:
    bench.domains.hear = lambda _notice: Unavailable("store_unavailable", "try again later")
    handle = await tell(bench)

    async def told() -> int:
        return len(bench.domains.notices)

    await eventually(told, bool)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED


def test_every_kind_that_is_told_is_documented() -> None:
    told = {f"plan.{outcome}" for outcome in OrderOutcome} | set(NOTICE_BY_EVENT.values())
    for source in (ROOT / "workflows").glob("*.py"):
        told.update(re.findall(r'tell_merchant\("([^"]+)"\)', source.read_text()))
    page = (ROOT / "docs" / "webhooks.md").read_text()
    assert set(re.findall(r"^\| `(plan\.\w+)` \|", page, flags=re.MULTILINE)) == told
    assert {"plan.settled", "plan.completed"} <= told
