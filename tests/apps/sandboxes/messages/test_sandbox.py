"""The messages sandbox by its own wire and control API; its database keeps what was sent."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from apps.sandboxes.kernel.serve import RunningSandbox, running
from apps.sandboxes.messages.app import create

MESSAGE = {
    "id": "m-1",
    "channel": "sms",
    "from": "Meqenet",
    "to": "+251911223344",
    "text": "Your payment is due.",
}
AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@dataclass(kw_only=True)
class World:
    place: RunningSandbox
    http: httpx.AsyncClient
    now: datetime = AT

    def clock(self) -> datetime:
        return self.now

    async def send(self, **changed: object) -> httpx.Response:
        key = self.place.credentials["api_key"]
        return await self.http.post(
            f"{self.place.base_url}/v1/messages",
            json={**MESSAGE, **changed},
            headers={"Authorization": f"Bearer {key}"},
        )

    async def control(self, method: str, path: str, json: object = None) -> httpx.Response:
        return await self.http.request(method, f"{self.place.control_url}{path}", json=json)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    times = [AT]
    sandbox = create(directory=tmp_path, strict=True, clock=lambda: times[0])
    async with running(sandbox=sandbox) as place, httpx.AsyncClient() as http:
        yield World(place=place, http=http)


async def test_what_was_sent_is_kept_over_a_restart(world: World, tmp_path: Path) -> None:
    answer = await world.send()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": "m-1",
        "reference": "SM00000001",
        "status": "accepted",
        "segments": 1,
        "accepted_at": AT.isoformat(),
    }
    again = create(directory=tmp_path, strict=True, clock=lambda: AT + timedelta(minutes=1))
    assert again.credentials == world.place.credentials
    async with running(sandbox=again) as place:
        found = await world.http.get(f"{place.control_url}/messages", params={"to": "251911223344"})
        (kept,) = found.json()
        assert (kept["text"], kept["status"]) == (MESSAGE["text"], "delivered")
        other = await world.http.get(f"{place.control_url}/messages", params={"to": "1"})
        assert other.json() == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"to": "0911223344"}, "to"),
        ({"to": "abeba@example.com"}, "to"),
        ({"channel": "email"}, "to"),
        ({"channel": "email", "to": "abeba@example.com"}, "subject"),
        ({"subject": "Due"}, "subject"),
        ({"from": "a long sender"}, "from"),
        ({"id": "no spaces"}, "id"),
        ({"text": ""}, "text"),
        ({"text": "ብ" * 671}, "text"),
        ({"extra": 1}, "extra"),
    ],
)
async def test_wrong_grammar_names_the_field_and_keeps_nothing(
    world: World, changed: dict[str, object], field: str
) -> None:
    answer = await world.send(**changed)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "grammar"
    assert field in answer.json()["error"]["text"]
    assert (await world.control("GET", "/messages")).json() == []


async def test_an_id_is_one_message(world: World) -> None:
    assert (await world.send()).status_code == 201
    assert (await world.send()).status_code == 200
    other = await world.send(text="other")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "id_reused")
    assert len((await world.control("GET", "/messages")).json()) == 1


async def test_only_the_key_opens(world: World) -> None:
    for headers in ({}, {"Authorization": "Bearer other"}):
        answer = await world.http.post(
            f"{world.place.base_url}/v1/messages", json=MESSAGE, headers=headers
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


async def test_delivery_by_hand(world: World) -> None:
    await world.control("PUT", "/delivery", json={"mode": "held"})
    await world.send()
    await world.send(id="m-2")
    done = await world.control("POST", "/messages/m-1/deliver")
    assert done.json()["status"] == "delivered"
    failed = await world.control("POST", "/messages/m-2/fail", json={"reason": "expired"})
    assert (failed.json()["status"], failed.json()["reason"]) == ("undelivered", "expired")
    late = await world.control("POST", "/messages/m-1/fail", json={})
    assert late.json()["status"] == "delivered", "a final state stays"
    assert (await world.control("POST", "/messages/m-3/deliver")).status_code == 404


async def test_a_planned_refusal_and_a_provider_that_is_down(world: World) -> None:
    fault = {"operation": "send_message", "outcome": "refuse", "code": "blocked"}
    await world.control("POST", "/next", json=fault)
    assert (await world.send()).json()["reason"] == "blocked"
    await world.control("POST", "/down")
    assert (await world.send(id="m-2")).status_code == 503
    await world.control("POST", "/up")
    assert (await world.send(id="m-2")).status_code == 201


async def test_a_fault_for_one_receiver_spares_the_others(world: World) -> None:
    fault = {"operation": "send_message", "outcome": "unavailable", "subject": MESSAGE["to"]}
    await world.control("POST", "/next", json=fault)
    assert (await world.send(id="m-2", to="+251711223344")).status_code == 201
    assert (await world.send()).status_code == 503
    assert (await world.send()).status_code == 201


async def test_wallets_well_known_numbers_get_their_messages(world: World) -> None:
    await world.control("PUT", "/delivery", json={"mode": "at_once"})
    for number in range(13):
        answer = await world.send(id=f"m-{number}", to=f"+2519000000{number:02d}")
        assert answer.json()["status"] == "delivered"
