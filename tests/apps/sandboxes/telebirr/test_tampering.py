"""Someone on the way changes answers: nothing is believed that Telebirr has not signed."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from apps.sandboxes.kernel.serve import Sandbox, running
from integrations.telebirr.client import TelebirrClient
from integrations.telebirr.signing import fresh_nonce
from meqenet.errors import Defect, MeqenetError, OutcomeUnknown, Unavailable
from meqenet.payments.rail import RailStatus
from tests.apps.sandboxes.telebirr.worlds import (
    World,
    debit_of,
    fresh_order,
    fresh_plan,
    settings_of,
)

Change = Callable[[dict[str, Any]], object]


@dataclass
class Path:
    """The way to the gateway, and who changes what on it."""

    client: TelebirrClient
    change: Change | None = None
    status: int | None = None


@pytest.fixture
async def path(world: World) -> AsyncIterator[Path]:
    app, upstream = FastAPI(), world.http
    found: list[Path] = []

    @app.post("/{rest:path}")
    async def forward(rest: str, request: Request) -> Response:
        names = ("x-app-key", "authorization", "content-type")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        answer = await upstream.post(
            f"{world.place.base_url}/{rest}", content=await request.body(), headers=headers
        )
        way = found[0]
        if way.change is None or rest.endswith("/token"):
            return Response(answer.content, answer.status_code)
        changed = way.change(answer.json())
        text = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
        return Response(text, way.status or answer.status_code)

    async with (
        running(sandbox=Sandbox(provider="path", app=app, credentials={})) as place,
        httpx.AsyncClient(trust_env=False, timeout=10) as http,
    ):
        settings = settings_of(world.place, notify_url=world.inbox.url, base_url=place.base_url)
        client = TelebirrClient(settings=settings, http=http, clock=world.clock, nonce=fresh_nonce)
        found.append(Path(client=client))
        yield found[0]


def biz(**changes: object) -> Change:
    return lambda fields: {**fields, "biz_content": {**fields["biz_content"], **changes}}


def without(*names: str) -> Change:
    return lambda fields: {name: value for name, value in fields.items() if name not in names}


LIES: list[Change] = [
    biz(order_status="PAY_SUCCESS", trade_status="PAY_SUCCESS"),
    biz(total_amount="1.00"),
    biz(extra="field"),
    biz(extra=[]),
    without("sign"),
    lambda fields: {**fields, "result": "FAIL", "code": "60200404"},
    lambda fields: {**fields, "sign": "AAAA"},
]
NOISE: list[Change] = [lambda _: b"<html>", lambda _: b"", lambda _: b"[]", lambda _: b"\xff"]


@pytest.mark.parametrize("lie", LIES)
async def test_a_changed_answer_to_a_question_is_a_defect(
    world: World, path: Path, lie: Change
) -> None:
    await world.open(order_id := fresh_order())
    path.change = lie
    with pytest.raises(Defect) as refused:
        await path.client.query_payment(order_id=order_id)
    assert refused.value.code == "telebirr_answer_unreadable"


@pytest.mark.parametrize("lie", [*LIES, *NOISE])
async def test_a_changed_answer_to_a_debit_leaves_the_outcome_unknown(
    world: World, path: Path, lie: Change
) -> None:
    await world.signed(plan := fresh_plan())
    request = debit_of(plan)
    path.change = lie
    with pytest.raises(OutcomeUnknown):
        await path.client.debit_mandate(request=request)
    queried = await world.client.query_payment(order_id=request.order_id)
    assert queried.status is RailStatus.SUCCEEDED


@pytest.mark.parametrize("noise", NOISE)
async def test_noise_in_place_of_an_answer_is_asked_again(
    world: World, path: Path, noise: Change
) -> None:
    await world.open(order_id := fresh_order())
    path.change = noise
    with pytest.raises(Unavailable):
        await path.client.query_payment(order_id=order_id)


async def test_the_answer_to_another_question_is_refused(world: World, path: Path) -> None:
    await world.open(first := fresh_order())
    await world.open(second := fresh_order())
    kept: list[dict[str, Any]] = []

    def keep(fields: dict[str, Any]) -> object:
        kept.append(fields)
        return kept[0]

    path.change = keep
    answer = await path.client.query_payment(order_id=first)
    assert answer.status is RailStatus.PENDING
    with pytest.raises(Defect, match="another merch_order_id"):
        await path.client.query_payment(order_id=second)


@pytest.mark.parametrize("status", [200, 299, 400, 404, 500, 502])
async def test_http_status_does_not_decide(world: World, path: Path, status: int) -> None:
    await world.open(order_id := fresh_order())
    path.change, path.status = (lambda fields: fields), status
    answer = await path.client.query_payment(order_id=order_id)
    assert answer.status is RailStatus.PENDING


@pytest.mark.parametrize(
    ("status", "code", "asks", "acts"),
    [
        (429, "", Unavailable, Unavailable),
        (503, "", Unavailable, Unavailable),
        (502, "", Unavailable, OutcomeUnknown),
        (500, "49401024991", Unavailable, Unavailable),
        (500, "60200099", Defect, Defect),
        (400, "60200087", Defect, Defect),
        (400, "49401024995", Defect, Defect),
        (299, "60209999", Defect, OutcomeUnknown),
    ],
)
async def test_unsigned_envelopes(
    world: World,
    path: Path,
    status: int,
    code: str,
    asks: type[MeqenetError],
    acts: type[MeqenetError],
) -> None:
    await world.signed(plan := fresh_plan())
    path.change, path.status = (lambda _: {"errorCode": code, "errorMsg": "private"}), status
    with pytest.raises(asks) as asked:
        await path.client.query_payment(order_id=fresh_order())
    with pytest.raises(acts) as acted:
        await path.client.debit_mandate(request=debit_of(plan))
    assert "private" not in f"{asked.value}{acted.value}"


async def test_a_gateway_that_refuses_every_token_is_unavailable(world: World, path: Path) -> None:
    path.change, path.status = (lambda _: {"errorCode": "60200088"}), 401
    with pytest.raises(Unavailable) as refused:
        await path.client.query_payment(order_id=fresh_order())
    assert refused.value.code == "telebirr_token_refused"
    assert world.place.base_url
