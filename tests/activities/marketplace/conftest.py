"""A merchant of a test's own, with its server, at the marketplace's desk."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI, Request, Response

from activities.contracts.marketplace import (
    DeliverNotice,
    NoticeAnswer,
    PlaceOrder,
    RecordNotice,
    RegisterMerchant,
)
from activities.marketplace import MarketplaceActivities
from activities.notices import NoticeActivities
from apps.sandboxes.kernel.serve import Sandbox, running
from db.kernel.encryption import Keyring
from db.kernel.events import read_stream, require_unbroken
from db.marketplace.views.notices import NoticeView, TryView, find_notice, notice_tries
from integrations.webhooks.pinned import webhook_client
from meqenet.marketplace.endpoints import EndpointRules
from meqenet.marketplace.notices import TryFailure
from meqenet.money import Money
from tests.backing import Databases, fingerprint

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TAKEN = NoticeAnswer(delivered=True, status=204, wanted=True)
SILENCE = NoticeAnswer(delivered=False, status=None, wanted=True, failure=TryFailure.TOO_SLOW)
ON_THIS_MACHINE = EndpointRules(is_loopback_allowed=True)


def untimed(answer: NoticeAnswer) -> NoticeAnswer:
    """The same, however long it took."""
    assert answer.took_ms is None or answer.took_ms >= 0
    return replace(answer, took_ms=None)


@dataclass
class Shop:
    """A merchant's own server."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Until it is set, ``/silence`` does not answer."""
    silent_count: int = 0
    """How many have come to ``/silence``."""
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The steps, and a merchant of this test's own."""

    steps: MarketplaceActivities
    telling: NoticeActivities
    impatient: NoticeActivities
    """The same steps, with no time to wait for an endpoint's answer."""
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

    def told(self, answer: NoticeAnswer, *, number: int) -> RecordNotice:
        return RecordNotice(
            notice_id=self.notice.notice_id,
            merchant_id=self.notice.merchant_id,
            plan_id=self.notice.plan_id,
            kind=self.notice.kind,
            number=number,
            answer=answer,
            at=AT + timedelta(minutes=number),
        )

    async def found(self) -> NoticeView | None:
        async with self.databases["marketplace"].read() as session:
            return await find_notice(session=session, notice_id=self.notice.notice_id)

    async def tries(self) -> tuple[TryView, ...]:
        async with self.databases["marketplace"].read() as session:
            return await notice_tries(session=session, notice_id=self.notice.notice_id)

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

    @app.post("/silence")
    async def silence() -> Response:
        shop.silent_count += 1
        await shop.closed.wait()
        return Response(status_code=204)

    async with running(sandbox=Sandbox(provider="shop", app=app, credentials={})) as place:
        shop.url = f"{place.base_url}/hooks"
        yield shop
        shop.closed.set()


@pytest.fixture
async def desk(
    databases: Databases, keyring: Keyring, unique: str, shop: Shop
) -> AsyncIterator[Desk]:
    async with webhook_client(rules=ON_THIS_MACHINE) as http:
        store = databases["marketplace"]
        yield Desk(
            steps=MarketplaceActivities(database=store, keyring=keyring, rules=ON_THIS_MACHINE),
            telling=NoticeActivities(database=store, keyring=keyring, http=http),
            impatient=NoticeActivities(
                database=store, keyring=keyring, http=http, answer_max=timedelta(seconds=1)
            ),
            databases=databases,
            shop=shop,
            unique=unique,
        )
