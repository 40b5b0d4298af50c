"""What the marketplace knows of a plan whose process was lost: its order, and untold notices."""

from dataclasses import replace

from activities.contracts.marketplace import (
    FindUntold,
    LoadedOrder,
    LoadOrder,
    NoticeOf,
)
from tests.activities.marketplace.conftest import SILENCE, TAKEN, Desk

TRIES_MAX = 3


async def untold(desk: Desk, *notice_ids: str) -> tuple[str, ...]:
    found = await desk.telling.find_untold(
        FindUntold(
            notices=tuple(
                NoticeOf(notice_id=each, merchant_id=desk.merchant.merchant_id)
                for each in notice_ids
            ),
            tries_max=TRIES_MAX,
        )
    )
    ids: tuple[str, ...] = found.notice_ids
    return ids


async def test_an_order_is_loaded_as_it_was_placed(desk: Desk) -> None:
    question = LoadOrder(plan_id=desk.order.plan_id)
    assert await desk.steps.load_order(question) == LoadedOrder(placed=False)
    await desk.steps.register_merchant(desk.merchant)
    order = replace(desk.order, return_url="https://shop.example/thanks")
    await desk.steps.place_order(order)
    assert await desk.steps.load_order(question) == LoadedOrder(
        placed=True,
        description="A phone",
        return_url="https://shop.example/thanks",
        merchant_name="Merkato Phones",
    )


async def test_an_order_from_before_it_had_a_return_url_is_the_same_order(desk: Desk) -> None:
    await desk.steps.register_merchant(desk.merchant)
    await desk.steps.place_order(desk.order)
    await desk.steps.place_order(replace(desk.order, return_url="https://shop.example/thanks"))


async def test_a_notice_is_untold_until_it_is_taken_or_given_up(desk: Desk) -> None:
    await desk.steps.register_merchant(desk.merchant)
    ours, other = desk.notice.notice_id, f"pln_{desk.unique}-n9"
    assert await untold(desk, other, ours) == (other, ours)
    for number in range(1, TRIES_MAX):
        await desk.telling.record_notice(desk.told(SILENCE, number=number))
        assert await untold(desk, ours, other) == (ours, other)
    await desk.telling.record_notice(desk.told(SILENCE, number=TRIES_MAX))
    assert await untold(desk, ours, other) == (other,)
    taken = replace(desk.told(TAKEN, number=1), notice_id=other)
    await desk.telling.record_notice(taken)
    assert await untold(desk, ours, other) == ()


async def test_a_merchant_without_a_webhook_is_told_nothing(desk: Desk) -> None:
    await desk.steps.register_merchant(
        replace(desk.merchant, webhook_url=None, webhook_secret=None)
    )
    assert await untold(desk, desk.notice.notice_id) == ()
