"""Notices on file: numbered without a gap, told again when asked, and one dead endpoint alone."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from activities.contracts.marketplace import (
    ListGivenUp,
    NoticeAnswer,
    NoticeStored,
    StoreNotice,
)
from db.marketplace.views.notices import plan_notices
from meqenet.errors import Unavailable
from meqenet.marketplace.endpoint_lanes import IN_HAND_MAX
from meqenet.marketplace.notices import NoticeState, TryFailure
from tests.activities.marketplace.conftest import AT, SILENCE, TAKEN, Desk, untimed

WEEK = timedelta(days=7)


async def stored(desk: Desk, number: int, *, is_replay: bool = False) -> NoticeStored:
    notice = replace(desk.notice, notice_id=f"{desk.notice.plan_id}-n{number}", is_replay=is_replay)
    found: NoticeStored = await desk.telling.store_notice(
        StoreNotice(notice=notice, at=AT + timedelta(hours=number))
    )
    return found


async def state_of(desk: Desk) -> NoticeState:
    found = await desk.found()
    assert found is not None
    return found.state


async def test_a_plans_notices_are_numbered_without_a_gap_whoever_stores_them_at_once(
    desk: Desk,
) -> None:
    await desk.steps.register_merchant(desk.merchant)
    events = (7, 9, 12, 13, 20)
    found = await asyncio.gather(*(stored(desk, event) for event in events * 3))
    by_event = [{found[place + turn * 5].sequence for turn in range(3)} for place in range(5)]
    assert all(len(numbers) == 1 for numbers in by_event), "a repetition has the same number"
    assert set.union(*by_event) == {1, 2, 3, 4, 5}
    async with desk.databases["marketplace"].read() as session:
        behind = await plan_notices(session=session, plan_id=desk.notice.plan_id, after=2, limit=10)
    assert [each.sequence for each in behind] == [3, 4, 5]


async def test_a_notice_waits_until_the_one_before_it_has_its_number(desk: Desk) -> None:
    await desk.steps.register_merchant(desk.merchant)
    second = StoreNotice(
        notice=replace(
            desk.notice, notice_id=f"{desk.notice.plan_id}-n8", after=desk.notice.notice_id
        ),
        at=AT,
    )
    with pytest.raises(Unavailable) as unavailable:
        await desk.telling.store_notice(second)
    assert unavailable.value.code == "earlier_notice_missing"
    assert (await stored(desk, 7)).sequence == 1
    assert (await desk.telling.store_notice(second)).sequence == 2


async def test_what_nobody_wants_is_on_file_all_the_same(desk: Desk) -> None:
    silent = replace(desk.merchant, webhook_url=None, webhook_secret=None)
    await desk.steps.register_merchant(silent)
    assert await stored(desk, 7) == NoticeStored(sequence=1, wanted=False)
    assert await state_of(desk) is NoticeState.NOT_WANTED


async def test_a_notice_that_was_given_up_is_told_again_when_asked(desk: Desk) -> None:
    await desk.steps.register_merchant(desk.merchant)
    await stored(desk, 7)
    last = replace(desk.told(SILENCE, number=40), is_last=True)
    await desk.telling.record_notice(last)
    assert await state_of(desk) is NoticeState.GIVEN_UP
    all_of_it = ListGivenUp(
        merchant_id=desk.merchant.merchant_id, since=AT, until=AT + WEEK, after=None, limit=10
    )
    (again,) = (await desk.telling.list_given_up(all_of_it)).notices
    assert again == replace(desk.notice, sequence=1, is_replay=True)
    for narrowed in (
        replace(all_of_it, since=AT + WEEK),
        replace(all_of_it, until=AT),
        replace(all_of_it, after=again.notice_id),
        replace(all_of_it, merchant_id="mer_other"),
    ):
        assert (await desk.telling.list_given_up(narrowed)).notices == ()
    await stored(desk, 7, is_replay=True)
    assert await state_of(desk) is NoticeState.PENDING
    assert (await desk.telling.list_given_up(all_of_it)).notices == ()
    answer = await desk.telling.deliver_notice(again)
    await desk.telling.record_notice(replace(desk.told(answer, number=1), is_replay=True))
    assert await state_of(desk) is NoticeState.DELIVERED
    assert [(made.number, made.is_replay) for made in await desk.tries()] == [
        (1, True),
        (40, False),
    ]


async def test_what_was_taken_is_sent_again_when_asked(desk: Desk) -> None:
    await desk.steps.register_merchant(desk.merchant)
    await stored(desk, 7)
    await desk.telling.record_notice(desk.told(TAKEN, number=1))
    await stored(desk, 7, is_replay=True)
    assert await state_of(desk) is NoticeState.DELIVERED
    again = replace(desk.notice, is_replay=True)
    assert untimed(await desk.telling.deliver_notice(again)) == TAKEN
    assert len(desk.shop.taken) == 1


async def test_many_notices_to_an_endpoint_that_hangs_hold_up_nobody(desk: Desk) -> None:
    """Five hundred of them take four places, and a neighbour's is delivered meanwhile."""
    hanging = replace(
        desk.merchant,
        merchant_id=f"mer_{desk.unique}_dead",
        webhook_url=desk.shop.url.replace("/hooks", "/silence"),
    )
    await desk.steps.register_merchant(hanging)
    await desk.steps.register_merchant(desk.merchant)
    dead = [
        replace(desk.notice, merchant_id=hanging.merchant_id, notice_id=f"pln_{desk.unique}-d{n}")
        for n in range(500)
    ]
    trying = [asyncio.create_task(desk.impatient.deliver_notice(notice)) for notice in dead]
    assert untimed(await desk.impatient.deliver_notice(desk.notice)) == TAKEN
    assert not all(task.done() for task in trying), "the endpoint still hangs"
    answers: list[NoticeAnswer] = await asyncio.gather(*trying)
    assert [answer.failure for answer in answers].count(TryFailure.TOO_SLOW) == IN_HAND_MAX
    assert [answer.held_back for answer in answers].count(True) == 500 - IN_HAND_MAX
    assert desk.shop.silent_count == IN_HAND_MAX
    later = await asyncio.gather(*(desk.impatient.deliver_notice(each) for each in dead[:20]))
    assert [answer.held_back for answer in later].count(False) == 1, "it was silent: one at a time"
