"""Merchants and their orders."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from activities.contracts.marketplace import CloseOrder, OrderOutcome, OrderPlaced
from db.marketplace.tables import OrderState
from db.marketplace.views import find_merchant, find_order
from meqenet.errors import Defect, Refusal
from meqenet.money import Money
from tests.activities.marketplace.conftest import AT, SECRET, Desk


async def test_a_merchant_is_taken_on_once(desk: Desk) -> None:
    await asyncio.gather(*(desk.steps.register_merchant(desk.merchant) for _ in range(6)))
    async with desk.databases["marketplace"].read() as session:
        found = await find_merchant(session=session, merchant_id=desk.merchant.merchant_id)
        assert found is not None
        assert (found.name, found.webhook_url) == ("Merkato Phones", desk.shop.url)
        assert await find_merchant(session=session, merchant_id="mer_none") is None
    assert await desk.events(desk.merchant.merchant_id) == ["merchant_registered"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"},
        {"webhook_url": "https://other.example/"},
        {"webhook_secret": "whsec_" + "A" * 32},
        {"webhook_url": None, "webhook_secret": None},
    ],
)
async def test_another_merchant_under_the_id_is_refused(desk: Desk, change: dict[str, Any]) -> None:
    await desk.steps.register_merchant(desk.merchant)
    before = await desk.snapshot()
    with pytest.raises(Refusal) as refusal:
        await desk.steps.register_merchant(replace(desk.merchant, **change))
    assert refusal.value.code == "merchant_differs"
    assert await desk.snapshot() == before


async def test_a_malformed_webhook_leaves_no_trace(desk: Desk) -> None:
    before = await desk.snapshot()
    with pytest.raises(Refusal):
        await desk.steps.register_merchant(replace(desk.merchant, webhook_secret="short"))  # noqa: S106 - too short to be one
    assert await desk.snapshot() == before


async def test_a_webhook_secret_is_not_readable_in_the_store(desk: Desk) -> None:
    await desk.steps.register_merchant(desk.merchant)
    async with desk.databases["marketplace"].read() as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql("SELECT m::text FROM merchants m")
        written = "".join(row[0] for row in rows)
    assert SECRET not in written
    assert SECRET.encode().hex() not in written


async def test_an_order_is_placed_and_closed_once(desk: Desk) -> None:
    await desk.steps.register_merchant(desk.merchant)
    close = CloseOrder(plan_id=desk.order.plan_id, outcome=OrderOutcome.APPROVED, at=AT)
    for _ in range(2):
        placed = await desk.steps.place_order(desk.order)
        assert placed == OrderPlaced(merchant_name="Merkato Phones", wants_notices=True)
    await desk.steps.close_order(close)
    before = await desk.snapshot()
    await desk.steps.close_order(replace(close, at=AT + timedelta(1)))
    await desk.steps.place_order(desk.order)
    assert await desk.snapshot() == before
    async with desk.databases["marketplace"].read() as session:
        found = await find_order(session=session, plan_id=desk.order.plan_id)
        assert await find_order(session=session, plan_id="pln_none") is None
    assert found is not None
    assert (found.state, found.amount) == (OrderState.APPROVED, Money(1_250_050))
    assert await desk.events(desk.order.plan_id) == ["order_placed", "order_closed"]


async def test_what_is_refused_leaves_no_trace(desk: Desk) -> None:
    with pytest.raises(Refusal) as refusal:
        await desk.steps.place_order(desk.order)
    assert refusal.value.code == "merchant_unknown"
    await desk.steps.register_merchant(desk.merchant)
    await desk.steps.place_order(desk.order)
    before = await desk.snapshot()
    for change in (
        {"reference": "order 2"},
        {"amount": Money(1)},
        {"description": "Two phones"},
        {"plan_id": f"pln_{desk.unique}b"},
    ):
        with pytest.raises(Refusal) as refusal:
            await desk.steps.place_order(replace(desk.order, **change))
        assert refusal.value.code == "order_differs"
    with pytest.raises(Defect) as defect:
        await desk.steps.close_order(
            CloseOrder(plan_id="pln_none", outcome=OrderOutcome.APPROVED, at=AT)
        )
    assert defect.value.code == "order_missing"
    assert await desk.snapshot() == before


async def test_an_order_ends_one_way_only(desk: Desk) -> None:
    await desk.steps.register_merchant(desk.merchant)
    await desk.steps.place_order(desk.order)
    closes = [
        CloseOrder(plan_id=desk.order.plan_id, outcome=outcome, at=AT) for outcome in OrderOutcome
    ]
    outcomes = await asyncio.gather(
        *(desk.steps.close_order(close) for close in closes), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        *["Defect"] * (len(closes) - 1),
        "Nothing",
    ]
    assert await desk.events(desk.order.plan_id) == ["order_placed", "order_closed"]
