"""Notices: signed, sent once per try, told to the workflow, and recorded by a step of their own."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from activities.contracts.marketplace import NoticeAnswer
from db.marketplace.views.notices import NoticeView
from meqenet.errors import Refusal
from meqenet.marketplace.notices import NoticeState, TryFailure
from meqenet.marketplace.webhooks import Notice, notice_body
from tests.activities.marketplace.conftest import SECRET, SILENCE, TAKEN, Desk, untimed


async def test_a_merchant_can_verify_what_it_is_told(desk: Desk) -> None:
    await desk.steps.register_merchant(desk.merchant)
    assert untimed(await desk.telling.deliver_notice(desk.notice)) == TAKEN
    ((headers, body),) = desk.shop.taken
    told = Verifier(SECRET).verify(body, headers)
    assert headers["webhook-id"] == desk.notice.notice_id
    assert headers["content-type"] == "application/json"
    assert told == json.loads(body)
    assert told == {
        "type": "plan.approved",
        "timestamp": "2026-03-01T09:00:00.000000Z",
        "data": {
            "plan_id": desk.notice.plan_id,
            "merchant_id": desk.notice.merchant_id,
            "reference": "order 1",
        },
    }


@pytest.mark.parametrize("status", [302, 404, 410, 429, 500, 503])
async def test_any_other_answer_is_told_and_the_next_try_has_the_same_id(
    desk: Desk, status: int
) -> None:
    desk.shop.statuses[:] = [status]
    await desk.steps.register_merchant(desk.merchant)
    before = await desk.snapshot()
    refused = NoticeAnswer(delivered=False, status=status, wanted=True)
    assert untimed(await desk.telling.deliver_notice(desk.notice)) == refused
    assert await desk.snapshot() == before, "the try is told, not written"
    await desk.telling.record_notice(desk.told(refused, number=1))
    assert untimed(await desk.telling.deliver_notice(desk.notice)) == TAKEN
    first, second = (headers for headers, _ in desk.shop.taken)
    assert first["webhook-id"] == second["webhook-id"] == desk.notice.notice_id


async def test_what_was_taken_is_not_sent_again(desk: Desk) -> None:
    await desk.steps.register_merchant(desk.merchant)
    await desk.telling.record_notice(
        desk.told(await desk.telling.deliver_notice(desk.notice), number=1)
    )
    again = await desk.telling.deliver_notice(desk.notice)
    assert again == replace(TAKEN, was_taken=True)
    await desk.telling.record_notice(desk.told(again, number=2))
    assert [made.number for made in await desk.tries()] == [1]
    assert len(desk.shop.taken) == 1


@pytest.mark.parametrize(
    ("endpoint", "failure"),
    [("closed", TryFailure.NO_CONNECTION), ("hanging", TryFailure.TOO_SLOW)],
)
async def test_a_merchant_that_is_away_gives_no_answer(
    desk: Desk, endpoint: str, failure: TryFailure
) -> None:
    hanging = desk.shop.url.replace("/hooks", "/silence")
    url = "http://127.0.0.1:1/hooks" if endpoint == "closed" else hanging
    await desk.steps.register_merchant(replace(desk.merchant, webhook_url=url))
    answer = await desk.impatient.deliver_notice(desk.notice)
    assert untimed(answer) == replace(SILENCE, failure=failure)


async def test_each_try_is_on_file_once_and_a_delivery_for_good(desk: Desk) -> None:
    refused = NoticeAnswer(delivered=False, status=500, wanted=True)
    first, second, third = (
        desk.told(answer, number=number)
        for number, answer in enumerate((refused, SILENCE, TAKEN), start=1)
    )
    assert await desk.found() is None
    await asyncio.gather(*(desk.telling.record_notice(first) for _ in range(6)))
    on_file = await desk.found()
    assert on_file == NoticeView(
        notice_id=desk.notice.notice_id,
        merchant_id=desk.notice.merchant_id,
        plan_id=desk.notice.plan_id,
        sequence=1,
        kind="plan.approved",
        reference="",
        at=first.at,
        stored_at=first.at,
        state=NoticeState.PENDING,
        attempt_count=1,
        status=500,
        attempted_at=first.at,
        delivered_at=None,
        replayed_at=None,
    )
    await desk.telling.record_notice(second)
    before = await desk.snapshot()
    for again in (second, first):
        await desk.telling.record_notice(again)
    assert await desk.snapshot() == before
    await desk.telling.record_notice(third)
    taken = await desk.found()
    for later in (third, second, desk.told(refused, number=4), desk.told(TAKEN, number=5)):
        await desk.telling.record_notice(later)
    found = await desk.found()
    assert found == taken
    assert [(made.number, made.status, made.failure) for made in await desk.tries()] == [
        (1, 500, None),
        (2, None, TryFailure.TOO_SLOW),
        (3, 204, None),
        (4, 500, None),
        (5, 204, None),
    ]
    assert found is not None
    assert (found.attempt_count, found.status) == (3, 204)
    assert found.attempted_at == found.delivered_at == third.at


async def test_a_delivery_under_a_number_that_is_on_file_is_not_lost(desk: Desk) -> None:
    for number in (1, 2, 3):
        await desk.telling.record_notice(desk.told(SILENCE, number=number))
    delivery = desk.told(TAKEN, number=1)
    await desk.telling.record_notice(delivery)
    found = await desk.found()
    assert found is not None
    assert (found.attempt_count, found.status, found.delivered_at) == (3, 204, delivery.at)


async def test_who_wants_no_notices_gets_none(desk: Desk) -> None:
    silent = replace(desk.merchant, webhook_url=None, webhook_secret=None)
    await desk.steps.register_merchant(silent)
    placed = await desk.steps.place_order(desk.order)
    assert placed.wants_notices is False
    before = await desk.snapshot()
    unwanted = NoticeAnswer(delivered=False, status=None, wanted=False)
    assert await desk.telling.deliver_notice(desk.notice) == unwanted
    with pytest.raises(Refusal) as refusal:
        await desk.telling.deliver_notice(replace(desk.notice, merchant_id="mer_none"))
    assert refusal.value.code == "merchant_unknown"
    assert await desk.snapshot() == before
    assert desk.shop.taken == []


def test_the_documented_example_is_signed_as_we_sign() -> None:
    page = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
    secret = re.search(r"`(whsec_\w+)`", page)
    example = re.search(r"```http\n(.+?)\n\n(.+?)\n```", page, flags=re.DOTALL)
    assert secret
    assert example
    headers = dict(line.split(": ", 1) for line in example[1].splitlines()[1:])
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=UTC)
    signed = Verifier(secret[1]).sign(headers["webhook-id"], sent_at, example[2])
    assert signed == headers["webhook-signature"]
    told = json.loads(example[2])
    notice = Notice(kind=told["type"], at=datetime.fromisoformat(told["timestamp"]), **told["data"])
    assert notice_body(notice=notice) == example[2]
