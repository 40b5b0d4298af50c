import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from standardwebhooks.webhooks import Webhook as Verifier

from activities.contracts.marketplace import (
    CloseOrder,
    DeliverNotice,
    OrderOutcome,
    OrderPlaced,
    PlaceOrder,
    RegisterMerchant,
)
from activities.contracts.step import Nothing
from activities.marketplace import MarketplaceActivities
from apps.sandboxes.kernel.serve import Sandbox, running
from db.kernel.encryption import Keyring
from db.kernel.events import read_stream, require_unbroken
from db.marketplace.tables import OrderState
from db.marketplace.views import find_merchant, find_notice, find_order
from meqenet.errors import Defect, Refusal, Unavailable
from meqenet.money import Money
from tests.backing import Databases, fingerprint

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@dataclass
class Shop:
    """A merchant's own server."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The steps, and a merchant of this test's own."""

    steps: MarketplaceActivities
    databases: Databases
    shop: Shop
    unique: str

    @property
    def merchant(self) -> RegisterMerchant:
        return RegisterMerchant(
            merchant_id=f"mer_{self.unique}",
            name="Merkato Phones",
            webhook_url=self.shop.url,
            webhook_secret=SECRET,
            at=AT,
        )

    @property
    def order(self) -> PlaceOrder:
        return PlaceOrder(
            plan_id=f"pln_{self.unique}",
            merchant_id=f"mer_{self.unique}",
            reference="order 1",
            amount=Money.from_birr("12500.50"),
            description="A phone",
            at=AT,
        )

    @property
    def notice(self) -> DeliverNotice:
        return DeliverNotice(
            notice_id=f"pln_{self.unique}-n7",
            merchant_id=f"mer_{self.unique}",
            plan_id=f"pln_{self.unique}",
            reference="order 1",
            kind="plan.approved",
            at=AT,
        )

    async def events(self, stream: str) -> list[str]:
        async with self.databases["marketplace"].read() as session:
            await require_unbroken(session=session, stream=stream)
            found = await read_stream(session=session, stream=stream)
        return [event.content.event_type for event in found]

    async def snapshot(self) -> dict[str, str]:
        return await fingerprint(self.databases["marketplace"])


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    app, shop = FastAPI(), Shop()

    @app.post("/hooks")
    async def hooks(request: Request) -> Response:
        shop.taken.append((dict(request.headers), await request.body()))
        status = shop.statuses.pop(0) if shop.statuses else 204
        return Response(status_code=status, headers={"location": "/hooks"})

    async with running(sandbox=Sandbox(provider="shop", app=app, credentials={})) as place:
        shop.url = f"{place.base_url}/hooks"
        yield shop


@pytest.fixture
async def desk(
    databases: Databases, keyring: Keyring, unique: str, shop: Shop
) -> AsyncIterator[Desk]:
    async with httpx.AsyncClient() as http:
        steps = MarketplaceActivities(database=databases["marketplace"], keyring=keyring, http=http)
        yield Desk(steps=steps, databases=databases, shop=shop, unique=unique)


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


async def test_a_merchant_can_verify_what_it_is_told(desk: Desk) -> None:
    await desk.steps.register_merchant(desk.merchant)
    assert await desk.steps.deliver_notice(desk.notice) == Nothing()
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


async def test_a_notice_is_repeated_under_one_id_until_it_is_taken_and_not_after(
    desk: Desk,
) -> None:
    desk.shop.statuses[:] = [500, 302, 404]
    await desk.steps.register_merchant(desk.merchant)
    for status in (500, 302, 404):
        with pytest.raises(Unavailable, match=f"answered {status}"):
            await desk.steps.deliver_notice(desk.notice)
    for _ in range(3):
        await desk.steps.deliver_notice(desk.notice)
    assert {headers["webhook-id"] for headers, _ in desk.shop.taken} == {desk.notice.notice_id}
    assert len(desk.shop.taken) == 4
    async with desk.databases["marketplace"].read() as session:
        found = await find_notice(session=session, notice_id=desk.notice.notice_id)
        assert await find_notice(session=session, notice_id="none") is None
    assert found is not None
    assert (found.attempt_count, found.status) == (4, 204)
    assert found.delivered_at is not None


async def test_a_merchant_that_is_away_is_unavailable(desk: Desk) -> None:
    away = replace(desk.merchant, webhook_url="http://127.0.0.1:1/hooks")
    await desk.steps.register_merchant(away)
    with pytest.raises(Unavailable) as refusal:
        await desk.steps.deliver_notice(desk.notice)
    assert refusal.value.code == "merchant_endpoint_unavailable"
    async with desk.databases["marketplace"].read() as session:
        found = await find_notice(session=session, notice_id=desk.notice.notice_id)
    assert found is not None
    assert (found.attempt_count, found.status, found.delivered_at) == (1, None, None)


async def test_who_wants_no_notices_gets_none(desk: Desk) -> None:
    silent = replace(desk.merchant, webhook_url=None, webhook_secret=None)
    await desk.steps.register_merchant(silent)
    placed = await desk.steps.place_order(desk.order)
    assert placed.wants_notices is False
    before = await desk.snapshot()
    with pytest.raises(Refusal) as refusal:
        await desk.steps.deliver_notice(desk.notice)
    assert refusal.value.code == "notices_unwanted"
    with pytest.raises(Refusal) as refusal:
        await desk.steps.deliver_notice(replace(desk.notice, merchant_id="mer_none"))
    assert refusal.value.code == "merchant_unknown"
    assert await desk.snapshot() == before
