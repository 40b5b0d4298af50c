"""What a merchant sees and does of its webhook: over HTTP, and on the command line."""

import asyncio
import base64
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request, Response
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from typer.testing import CliRunner, Result

from activities.contracts.marketplace import DeliverNotice
from activities.notices import NoticeActivities
from apps.checkout_api.parts import ApiParts
from apps.cli.main import build
from apps.sandboxes.kernel.serve import Sandbox, running
from db.marketplace.merchants import register_merchant
from db.marketplace.notices import NoticeTry, record_try, store_notice
from integrations.webhooks.pinned import webhook_client
from meqenet.identity import plan_id
from meqenet.marketplace.endpoints import EndpointRules
from meqenet.marketplace.notices import TryFailure
from meqenet.marketplace.webhooks import Notice
from meqenet.marketplace.webhooks import Webhook as Target
from meqenet.settlement.transfer import PayoutAccount
from tests.apps.checkout_api.conftest import Shop
from tests.backing import TEST_KEYRING, Databases
from tests.waiting import eventually
from workers.connecting import temporal_client
from workers.onboarding import NewMerchant, onboard
from workers.opening import Environment, utc_now

AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
OLD = "whsec_" + base64.b64encode(bytes(range(32))).decode()
KINDS = ("plan.approved", "plan.settled", "plan.completed")
URL = "https://shop.example/hooks"


async def listening(shop: Shop, databases: Databases, *, url: str = URL) -> str:
    """Put a webhook on file for the shop; the id of a plan of its."""
    async with databases["marketplace"].write() as session:
        await register_merchant(
            session=session,
            keyring=TEST_KEYRING,
            merchant_id=shop.merchant_id,
            name="Shop",
            webhook=Target(url=url, secret=OLD),
            at=AT,
        )
    return plan_id(merchant_id=shop.merchant_id, reference="1")


async def told(shop: Shop, databases: Databases, plan: str) -> list[str]:
    """Three notices of a plan: the first was given up, the second taken, the third is pending."""
    ids = []
    async with databases["marketplace"].write() as session:
        for place, kind in enumerate(KINDS):
            at = AT + timedelta(days=place)
            notice = Notice(
                kind=kind, merchant_id=shop.merchant_id, plan_id=plan, reference="1", at=at
            )
            ids.append(f"{plan}-n{place + 7}")
            await store_notice(session=session, notice_id=ids[-1], notice=notice, at=at)
        for place, status in enumerate((None, 204)):
            await record_try(
                session=session,
                made=NoticeTry(
                    notice_id=ids[place],
                    merchant_id=shop.merchant_id,
                    plan_id=plan,
                    kind=KINDS[place],
                    number=40 if status is None else 1,
                    status=status,
                    failure=TryFailure.NO_CONNECTION if status is None else None,
                    took_ms=31,
                    delivered=status is not None,
                    is_replay=False,
                    is_last=status is None,
                    at=AT + timedelta(days=place, minutes=1),
                ),
            )
    return ids


async def page(shop: Shop, query: dict[str, str]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {shop.api_key}"}
    answer = await shop.http.get("/v1/webhooks/notices", params=query, headers=headers)
    found: dict[str, Any] = answer.json()
    return found


async def test_a_merchant_reads_its_notices_and_nobody_elses(
    keyholder: Shop, databases: Databases
) -> None:
    plan = await listening(keyholder, databases)
    ids = await told(keyholder, databases, plan)
    listed = await page(keyholder, {"limit": "2"})
    assert [each["id"] for each in listed["notices"]] == [ids[2], ids[1]]
    rest = await page(keyholder, {"limit": "2", "after": listed["next_after"]})
    assert [each["id"] for each in rest["notices"]] == [ids[0]]
    assert rest["next_after"] is None
    narrowed: list[tuple[dict[str, str], list[int]]] = [
        ({"state": "given_up"}, [0]),
        ({"state": "pending"}, [2]),
        ({"kind": "plan.settled"}, [1]),
        ({"plan": plan, "from": "2026-11-24", "to": "2026-11-24"}, [1]),
        ({"plan": "pln_aaaaaaaaaaaaaaaaaaaa"}, []),
    ]
    for query, places in narrowed:
        found = await page(keyholder, query)
        assert [each["id"] for each in found["notices"]] == [ids[place] for place in places]
    assert (await page(keyholder, {"after": "pln_other-n1"}))["code"] == "notice_unknown"

    one = (await keyholder.get(f"/v1/webhooks/notices/{ids[0]}")).json()
    assert (one["sequence"], one["state"], one["last_status"]) == (1, "given_up", None)
    assert one["content"]["data"] == {
        "plan_id": plan,
        "merchant_id": keyholder.merchant_id,
        "reference": "1",
        "sequence": 1,
    }
    assert one["tries"] == [
        {
            "number": 40,
            "tried_at": "2026-11-23T06:01:00Z",
            "is_replay": False,
            "status": None,
            "failure": "no_connection",
            "took_ms": 31,
        }
    ]
    for path in (f"/v1/webhooks/notices/{ids[0][:-1]}", "/v1/webhooks/notices/pln_other-n1"):
        unknown = await keyholder.get(path)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "notice_unknown")


@dataclass
class Endpoint:
    """A merchant's server. What it has heard, and how it answers."""

    url: str = ""
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    """Until it is set, it does not answer."""
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest_asyncio.fixture(loop_scope="session")
async def endpoint() -> AsyncIterator[Endpoint]:
    app, found = FastAPI(), Endpoint()

    @app.post("/hooks")
    async def hooks(request: Request) -> Response:
        found.heard.append((dict(request.headers), await request.body()))
        await found.answers.wait()
        return Response(status_code=204)

    async with running(sandbox=Sandbox(provider="shop", app=app, credentials={})) as place:
        found.url = f"{place.base_url}/hooks"
        found.answers.set()
        yield found
        found.answers.set()


async def test_both_secrets_sign_until_the_overlap_ends(
    keyholder: Shop, databases: Databases, endpoint: Endpoint, parts: ApiParts
) -> None:
    plan = await listening(keyholder, databases, url=endpoint.url)
    told_key = "change-it"
    rotated = await keyholder.post(
        "/v1/webhooks/secret/rotate", {"overlap_hours": 48}, key=told_key
    )
    assert rotated.status_code == 200, rotated.text
    new = rotated.json()["secret"]
    again = await keyholder.post("/v1/webhooks/secret/rotate", {"overlap_hours": 48}, key=told_key)
    assert again.json() == rotated.json(), "an answer that was lost is given again"
    assert [each["number"] for each in rotated.json()["signing"]] == [1, 0]
    shown = (await keyholder.get("/v1/webhooks/secret")).text
    assert new not in shown
    async with databases["marketplace"].read() as session:
        connection = await session.connection()
        kept = await connection.exec_driver_sql(
            "SELECT string_agg(r::text, '') || (SELECT coalesce(string_agg(i::text, ''), '') "
            "FROM idempotency_records AS i) FROM webhook_rotations AS r"
        )
    assert new.removeprefix("whsec_") not in str(kept.scalar_one())

    notice = DeliverNotice(
        notice_id=f"{plan}-n7",
        merchant_id=keyholder.merchant_id,
        plan_id=plan,
        reference="1",
        kind="plan.approved",
        at=AT,
        sequence=1,
    )
    async with webhook_client(rules=EndpointRules(is_loopback_allowed=True)) as http:
        telling = NoticeActivities(
            database=databases["marketplace"], keyring=TEST_KEYRING, http=http, clock=parts.clock
        )
        assert (await telling.deliver_notice(notice)).delivered
        ended = await keyholder.post("/v1/webhooks/secret/end-overlap", {})
        assert [each["number"] for each in ended.json()["signing"]] == [1]
        assert (await telling.deliver_notice(notice)).delivered
    (both, body), (alone, same_body) = endpoint.heard
    assert body == same_body
    assert len(both["webhook-signature"].split(" ")) == 2
    assert len(alone["webhook-signature"].split(" ")) == 1
    for secret in (OLD, new):
        assert Webhook(secret).verify(body, both)
    assert Webhook(new).verify(body, alone)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(body, alone)


@pytest_asyncio.fixture(loop_scope="session")
async def listener(
    http: httpx.AsyncClient,
    environment: Environment,
    working: None,
    endpoint: Endpoint,
    unique: str,
) -> Shop:
    """A merchant taken on with its server, and workers that tell it of news."""
    del working
    onboarded = await onboard(
        client=await temporal_client(settings=environment.settings),
        merchant=NewMerchant(
            handle=f"{unique}-told",
            name="Shop",
            account=PayoutAccount(bic="CBETETAA", account_number="1000200030004", account_name="S"),
            webhook_url=endpoint.url,
            webhook_secret=OLD,
        ),
        at=utc_now(),
        randomness=secrets.token_bytes,
    )
    return Shop(http, onboarded.merchant_id, onboarded.api_key, unique)


async def test_what_was_given_up_is_told_again(
    listener: Shop, databases: Databases, endpoint: Endpoint
) -> None:
    plan = plan_id(merchant_id=listener.merchant_id, reference="1")
    given_up, _taken, _pending = await told(listener, databases, plan)
    early = await listener.post("/v1/webhooks/notices/replay", {"to": "2026-11-22"})
    assert early.json() == {"notices": 0}
    backwards = {"from": "2026-11-23", "to": "2026-11-22"}
    refused = await listener.post("/v1/webhooks/notices/replay", backwards)
    assert refused.json()["code"] == "period_backwards"
    begun = await listener.post("/v1/webhooks/notices/replay", {"from": "2026-11-23"})
    assert begun.json() == {"notices": 1}

    async def state() -> str:
        found = await listener.get(f"/v1/webhooks/notices/{given_up}")
        return str(found.json()["state"])

    await eventually(state, lambda found: found == "delivered")
    assert [headers["webhook-id"] for headers, _ in endpoint.heard] == [given_up]


async def test_a_gap_is_fetched_and_two_replays_at_once_are_one(
    listener: Shop, endpoint: Endpoint, keyholder: Shop
) -> None:
    shop, http = listener, listener.http
    plan = (await shop.post("/v1/plans", shop.application())).json()["id"]
    assert (await shop.post(f"/v1/plans/{plan}/cancel", {"reason": "as asked"})).status_code == 200

    async def told() -> list[dict[str, Any]]:
        notices: list[dict[str, Any]] = (await shop.get(f"/v1/plans/{plan}/notices")).json()[
            "notices"
        ]
        return notices

    (notice,) = await eventually(told, lambda found: [n["state"] for n in found] == ["delivered"])
    (heard,) = endpoint.heard
    assert Webhook(OLD).verify(heard[1], heard[0]) == notice["content"]
    assert notice["content"]["data"]["sequence"] == notice["sequence"] == 1
    headers = {"Authorization": f"Bearer {shop.api_key}"}
    behind = await http.get(f"/v1/plans/{plan}/notices?after=1", headers=headers)
    assert behind.json() == {"notices": [], "newest": 1}
    assert (await keyholder.get(f"/v1/plans/{plan}/notices")).status_code == 404

    endpoint.answers.clear()
    path = f"/v1/webhooks/notices/{notice['id']}"
    begun = await asyncio.gather(*(shop.post(f"{path}/replay", {}) for _ in range(3)))
    assert [answer.status_code for answer in begun] == [200] * 3

    async def heard_count() -> int:
        return len(endpoint.heard)

    await eventually(heard_count, lambda count: count > 1)
    endpoint.answers.set()

    async def tries() -> list[bool]:
        return [made["is_replay"] for made in (await shop.get(path)).json()["tries"]]

    assert await eventually(tries, lambda found: len(found) > 1) == [False, True]
    assert [each[0]["webhook-id"] for each in endpoint.heard] == [notice["id"]] * 2
    assert (await keyholder.post(f"{path}/replay", {})).json()["code"] == "notice_unknown"


async def test_without_a_webhook_there_is_no_secret(keyholder: Shop, databases: Databases) -> None:
    async with databases["marketplace"].write() as session:
        await register_merchant(
            session=session,
            keyring=TEST_KEYRING,
            merchant_id=keyholder.merchant_id,
            name="Shop",
            webhook=None,
            at=AT,
        )
    for answer in (
        await keyholder.get("/v1/webhooks/secret"),
        await keyholder.post("/v1/webhooks/secret/rotate", {}),
        await keyholder.post("/v1/webhooks/notices/replay", {}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook_missing")
    much = await keyholder.post("/v1/webhooks/secret/rotate", {"overlap_hours": 169})
    assert (much.status_code, much.json()["field"]) == (422, "overlap_hours")


async def typed(shop: Shop, url: str, *words: str) -> Result:
    arguments = ["merchant", *words, "--api", url]
    environment = {"MEQENET_MERCHANT_KEY": shop.api_key, "COLUMNS": "160"}
    return await asyncio.to_thread(
        CliRunner(env=environment).invoke, build(arguments=arguments), arguments
    )


async def test_a_merchant_works_on_the_command_line(
    keyholder: Shop, databases: Databases, url: str
) -> None:
    ids = await told(keyholder, databases, await listening(keyholder, databases))
    listed = await typed(keyholder, url, "notices", "--state", "given_up")
    assert listed.exit_code == 0, listed.output
    assert ids[0] in listed.stdout
    assert ids[1] not in listed.stdout
    one = await typed(keyholder, url, "notice", ids[0])
    assert "no connection" in one.stdout
    rotated = await typed(keyholder, url, "rotate-secret", "--overlap-hours", "1")
    assert re.search(r"^secret  whsec_\S{44}$", rotated.stdout, flags=re.MULTILINE)
    assert "secret no. 0 signs since 2026-11-23 06:00:00 UTC until" in rotated.stdout
    ended = await typed(keyholder, url, "end-overlap")
    assert "secret no. 0" not in ended.stdout
    neither = await typed(keyholder, url, "replay")
    assert neither.exit_code == 2
    assert "name a NOTICE, or give --given-up" in neither.stderr
    unknown = await typed(keyholder, url, "notice", "pln_other-n1")
    assert (unknown.exit_code, unknown.stderr) == (
        1,
        "meqenet merchant notice: notice: there is no such notice of yours (notice_unknown)\n",
    )
