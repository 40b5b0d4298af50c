"""The client against the messages sandbox, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response
from pydantic import SecretStr, ValidationError

from apps.sandboxes.kernel.serve import RunningSandbox, Sandbox, running
from apps.sandboxes.messages import app as messages
from integrations.messages.client import MessagesClient
from integrations.messages.settings import MessagesSettings
from integrations.ports.messages import Messages
from meqenet.errors import Defect, OutcomeUnknown, Unavailable
from meqenet.payments.messages import MessageAnswer, MessageKind, MessageStatus, OutgoingMessage

ID = "pln_abc-i02-mb20261212"
SMS = OutgoingMessage(message_id=ID, kind=MessageKind.SMS, to="251911223344", text="ሰላም፦ 1/4")
EMAIL = OutgoingMessage(
    message_id=ID, kind=MessageKind.EMAIL, to="abeba@example.com", text="Hello", subject="Due"
)
ACCEPTED, DELIVERED = MessageStatus.ACCEPTED, MessageStatus.DELIVERED
UNDELIVERED, REFUSED = MessageStatus.UNDELIVERED, MessageStatus.REFUSED


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass(kw_only=True)
class World:
    clock: Clock
    place: RunningSandbox
    http: httpx.AsyncClient
    settings: MessagesSettings

    def client(self, **changed: object) -> MessagesClient:
        settings = self.settings.model_copy(update=changed)
        return MessagesClient(settings=settings, http=self.http)

    async def plan(self, **fault: object) -> None:
        planned = await self.http.post(f"{self.place.control_url}/next", json=fault)
        assert planned.status_code == 201

    async def kept(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            await self.http.get(f"{self.place.control_url}/messages")
        ).json()
        return found


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = Clock()
    sandbox = messages.create(directory=None, strict=True, clock=clock)
    async with running(sandbox=sandbox) as place, httpx.AsyncClient() as http:
        settings = MessagesSettings.model_validate(
            {"base_url": place.base_url, **place.credentials}
        )
        yield World(clock=clock, place=place, http=http, settings=settings)


@pytest.fixture
def client(world: World) -> Messages:
    return world.client()


@pytest.mark.parametrize("message", [SMS, EMAIL], ids=lambda message: message.kind)
async def test_a_message_is_accepted_and_then_delivered(
    world: World, client: Messages, message: OutgoingMessage
) -> None:
    taken = await client.send_message(message=message)
    assert taken == MessageAnswer(message_id=ID, status=ACCEPTED, provider_reference="SM00000001")
    world.clock.now += timedelta(seconds=1)
    delivered = await client.query_message(message_id=ID)
    assert delivered == replace(taken, status=DELIVERED)
    assert await client.send_message(message=message) == delivered
    (kept,) = await world.kept()
    assert (kept["text"], kept["subject"]) == (message.text, message.subject)
    assert kept["to"] == ("+251911223344" if message is SMS else "abeba@example.com")


async def test_a_message_that_was_never_sent_is_not_found(client: Messages) -> None:
    answer = await client.query_message(message_id=ID)
    assert answer == MessageAnswer(message_id=ID, status=MessageStatus.NOT_FOUND)


@pytest.mark.parametrize(
    ("receiver", "status", "code"),
    [
        ("251999999901", REFUSED, "invalid_destination"),
        ("251799999902", REFUSED, "blocked"),
        ("251999999903", UNDELIVERED, "absent_subscriber"),
        ("251999999904", ACCEPTED, None),
    ],
)
async def test_what_becomes_of_well_known_receivers(
    world: World, client: Messages, receiver: str, status: MessageStatus, code: str | None
) -> None:
    await client.send_message(message=replace(SMS, to=receiver))
    world.clock.now += timedelta(hours=1)
    answer = await client.query_message(message_id=ID)
    assert (answer.status, answer.failure_code) == (status, code)


@pytest.mark.parametrize("receiver", ["251999999905", "251999999906"])
async def test_a_lost_answer_is_an_unknown_outcome_and_one_message(
    world: World, client: Messages, receiver: str
) -> None:
    message = replace(SMS, to=receiver)
    with pytest.raises(OutcomeUnknown):
        await client.send_message(message=message)
    world.clock.now += timedelta(seconds=1)
    assert (await client.query_message(message_id=ID)).status is DELIVERED
    assert [row["id"] for row in await world.kept()] == [ID]


async def test_a_lost_request_is_an_unknown_outcome_and_no_message(
    world: World, client: Messages
) -> None:
    await world.plan(operation="send_message", outcome="timeout_before")
    with pytest.raises(OutcomeUnknown):
        await client.send_message(message=SMS)
    assert (await client.query_message(message_id=ID)).status is MessageStatus.NOT_FOUND
    assert await world.kept() == []


async def test_an_answer_that_takes_too_long_is_an_unknown_outcome(world: World) -> None:
    held = {"outcome": "timeout_after_commit", "delay_ms": 60_000}
    await world.plan(operation="send_message", **held)
    with pytest.raises(OutcomeUnknown):
        await world.client(answer_timeout_seconds=0.2).send_message(message=SMS)
    assert len(await world.kept()) == 1


async def test_busy_once_is_unavailable_and_nothing_happened(
    world: World, client: Messages
) -> None:
    message = replace(SMS, to="251999999907")
    with pytest.raises(Unavailable):
        await client.send_message(message=message)
    assert await world.kept() == []
    assert (await client.send_message(message=message)).status is ACCEPTED


async def test_a_provider_that_is_not_there_is_unavailable(world: World) -> None:
    nowhere = world.client(base_url="http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        await nowhere.send_message(message=SMS)
    with pytest.raises(Unavailable):
        await nowhere.query_message(message_id=ID)


async def test_two_at_once_are_one_message(world: World, client: Messages) -> None:
    sent = [client.send_message(message=SMS) for _ in range(5)]
    answers = await asyncio.gather(*sent)
    assert {answer.provider_reference for answer in answers} == {"SM00000001"}
    assert len(await world.kept()) == 1


async def test_an_id_that_stands_for_another_message_is_a_defect(
    world: World, client: Messages
) -> None:
    await client.send_message(message=SMS)
    with pytest.raises(Defect) as refused:
        await client.send_message(message=replace(SMS, text="other"))
    assert refused.value.code == "message_id_reused"
    assert [row["text"] for row in await world.kept()] == [SMS.text]


async def test_a_wrong_key_is_a_defect(world: World) -> None:
    stranger = world.client(api_key=SecretStr("0" * 32))
    for call in (stranger.send_message(message=SMS), stranger.query_message(message_id=ID)):
        with pytest.raises(Defect) as refused:
            await call
        assert refused.value.code == "messages_credentials_refused"


async def test_wrong_grammar_is_a_defect_without_private_data(client: Messages) -> None:
    with pytest.raises(Defect) as refused:
        await client.send_message(message=replace(SMS, to="0911-secret"))
    assert refused.value.code == "messages_request_refused"
    assert "secret" not in f"{refused.value} {refused.value.facts}"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        '{"id": "other", "status": "accepted"}',
        f'{{"id": "{ID}", "status": "melted"}}',
        f'{{"id": "{ID}", "status": "refused"}}',
    ],
)
async def test_an_unreadable_answer_says_nothing(body: str) -> None:
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def answer() -> Response:
        return Response(body, status_code=200)

    sandbox = Sandbox(provider="messages", app=app, credentials={})
    async with running(sandbox=sandbox) as place, httpx.AsyncClient() as http:
        settings = MessagesSettings(base_url=place.base_url, api_key=SecretStr("0" * 32))
        client = MessagesClient(settings=settings, http=http)
        with pytest.raises(OutcomeUnknown):
            await client.send_message(message=SMS)
        with pytest.raises(Unavailable):
            await client.query_message(message_id=ID)


@pytest.mark.parametrize(
    "changed", [{"base_url": "messages"}, {"api_key": "short"}, {"sender": "a name"}]
)
def test_settings_are_checked(changed: dict[str, str]) -> None:
    values = {"base_url": "https://messages.example.com", "api_key": "0" * 32, **changed}
    with pytest.raises(ValidationError):
        MessagesSettings.model_validate(values)
