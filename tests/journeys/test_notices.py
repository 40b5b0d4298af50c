"""What a merchant's own server hears of its plans, over real HTTP, and what it cannot hold up."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from apps.demo.shop import Shop
from apps.sandboxes.kernel.serve import Sandbox, running
from db.marketplace.views.notices import NoticeView, find_notice
from meqenet.settlement.transfer import PayoutAccount
from tests.journeys.conftest import FourInstallments, Town
from tests.waiting import eventually
from workers.onboarding import NewMerchant, onboard
from workers.opening import utc_now
from workflows.messages import plan_workflow_id
from workflows.notice import MerchantNoticeWorkflow, NoticeEnd

Listening = Callable[[str], Awaitable[Town]]


@dataclass
class Endpoint:
    """A merchant's own server, which never answers at ``/silence``.

    ``failures``: how many tries of the first notice it fails to take.
    """

    secret: str
    base_url: str = ""
    failures: int = 0
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def ids(self) -> list[str]:
        """The id of each notice in the order of arrival, with its repetitions."""
        return [headers["webhook-id"] for headers, _ in self.heard]

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Hear one try; the status to answer."""
        self.heard.append((headers, body))
        ids = self.ids()
        fails = ids[-1] == ids[0] and ids.count(ids[0]) <= self.failures
        return 503 if fails else 204

    def news(self) -> dict[str, dict[str, Any]]:
        """What the signed bodies say, by notice id, in the order of the ids."""
        told: dict[str, dict[str, Any]] = {}
        for headers, body in self.heard:
            content = Webhook(self.secret).verify(body, headers)
            assert told.setdefault(headers["webhook-id"], content) == content
        return dict(sorted(told.items(), key=lambda item: number_of(item[0])))


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    app = FastAPI()
    found = Endpoint(secret="whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())

    @app.post("/hooks")
    async def hooks(request: Request) -> Response:
        return Response(status_code=found.take(dict(request.headers), await request.body()))

    @app.post("/silence")
    async def silence() -> Response:
        await found.closed.wait()
        return Response(status_code=503)

    async with running(sandbox=Sandbox(provider="shop", app=app, credentials={})) as place:
        found.base_url = place.base_url
        yield found
        found.closed.set()


@pytest.fixture
def listening(town: Town, endpoint: Endpoint) -> Listening:
    """Make the town's merchant one with a webhook at a path of its own server."""

    async def listen(url: str) -> Town:
        onboarded = await onboard(
            client=town.temporal,
            merchant=NewMerchant(
                handle=f"{town.unique}-told",
                name="Shop",
                account=PayoutAccount(
                    bic="CBETETAA", account_number="1000200030004", account_name="Shop"
                ),
                webhook_url=url,
                webhook_secret=endpoint.secret,
            ),
            at=utc_now(),
            randomness=secrets.token_bytes,
        )
        shop = Shop(town.http, town.running.api_url, onboarded.merchant_id, onboarded.api_key)
        return replace(town, shop=shop)

    return listen


async def on_file(town: Town, notice_id: str) -> NoticeView | None:
    """What the marketplace's store holds of a notice, by its id."""
    async with town.store("marketplace").read() as session:
        return await find_notice(session=session, notice_id=notice_id)


def number_of(notice_id: str) -> int:
    """The number of the event in the plan's log that a notice is about."""
    return int(notice_id.rpartition("-n")[2])


async def notices_of(
    town: Town, plan_id: str, *, count: int
) -> list[WorkflowHandle[MerchantNoticeWorkflow, NoticeEnd]]:
    """The runs that tell of a plan, in the order of the news."""

    async def ids() -> list[str]:
        query = f"WorkflowId STARTS_WITH 'notice-{plan_id}-n'"
        return [found.id async for found in town.temporal.list_workflows(query)]

    found = await eventually(ids, lambda listed: len(listed) == count)
    return [town.temporal.get_workflow_handle(run) for run in sorted(found, key=number_of)]


async def test_a_merchant_hears_each_turn_of_a_plan_and_can_verify_it(
    listening: Listening, endpoint: Endpoint
) -> None:
    """Its server fails twice: it hears the same again, and the plan goes on meanwhile."""
    endpoint.failures = 2
    town = await listening(f"{endpoint.base_url}/hooks")
    customer = await town.customer(provider="telebirr")
    clock = await town.clock()
    purchase = town.purchase(customer, "pay_in_30", clock=clock)
    plan_id = await town.active(customer, purchase)
    approved = (await notices_of(town, plan_id, count=1))[0]
    await town.days_pass(clock, days=31)
    assert (await town.shop.plan(plan_id))["state"] == "completed"
    for notice in await notices_of(town, plan_id, count=3):
        assert await notice.result() == "delivered"

    news = endpoint.news()
    kinds = [told["type"] for told in news.values()]
    assert kinds == ["plan.approved", "plan.settled", "plan.completed"]
    assert [endpoint.ids().count(notice_id) for notice_id in news] == [3, 1, 1]
    instants = [told["timestamp"] for told in news.values()]
    assert instants == sorted(instants)
    data = {
        "plan_id": plan_id,
        "merchant_id": town.shop.merchant_id,
        "reference": purchase.reference,
    }
    assert [told["data"] for told in news.values()] == [
        {**data, "sequence": number} for number in (1, 2, 3)
    ]
    assert all(told.keys() == {"type", "timestamp", "data"} for told in news.values())
    sent = "".join(f"{headers} {body.decode()}" for headers, body in endpoint.heard)
    for private in (customer.phone, customer.fan, town.shop.api_key, endpoint.secret):
        assert private not in sent
    found = await on_file(town, approved.id.removeprefix("notice-"))
    assert found is not None
    assert (found.kind, found.attempt_count, found.status) == ("plan.approved", 3, 204)
    assert found.delivered_at is not None
    headers, body = endpoint.heard[0]
    _is_refused_when_changed(endpoint.secret, headers, body)


def _is_refused_when_changed(secret: str, headers: dict[str, str], body: bytes) -> None:
    """What came verifies; on its way neither the body nor the id may become another."""
    assert Webhook(secret).verify(body, headers)["type"] == "plan.approved"
    for other in (body.replace(b"approved", b"completed"), body + b" "):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(other, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, {**headers, "webhook-id": "another"})


async def test_a_plan_does_not_wait_for_an_endpoint_that_never_answers(
    listening: Listening, endpoint: Endpoint
) -> None:
    town = await listening(f"{endpoint.base_url}/silence")
    customer = await town.customer(provider="mpesa")
    plan_id = await town.offered(customer, town.purchase(customer, "pay_in_30"))
    await town.shop.cancel(plan_id, reason="changed their mind")
    ended = await town.temporal.get_workflow_handle(plan_workflow_id(plan_id=plan_id)).result()
    assert ended["state"] == "cancelled"
    (notice,) = await notices_of(town, plan_id, count=1)
    notice_id = notice.id.removeprefix("notice-")
    found = await eventually(partial(on_file, town, notice_id), lambda view: view is not None)
    assert found is not None
    assert (found.status, found.delivered_at) == (None, None)
    assert (await notice.describe()).status is WorkflowExecutionStatus.RUNNING
    await notice.terminate()


async def test_a_merchant_without_a_webhook_is_told_nothing(
    four_installments: FourInstallments,
) -> None:
    town, plan_id = four_installments.town, four_installments.plan_id
    for number, notice in enumerate(await notices_of(town, plan_id, count=3), start=1):
        assert await notice.result() == "not wanted"
        found = await on_file(town, notice.id.removeprefix("notice-"))
        assert found is not None
        assert (found.state, found.sequence, found.attempt_count) == ("not_wanted", number, 0)
