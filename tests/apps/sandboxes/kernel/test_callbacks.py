import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI, Request, Response

from apps.sandboxes.kernel.book import Book
from apps.sandboxes.kernel.callbacks import CallbackResult, CallbackSender
from apps.sandboxes.kernel.faults import CallbackManner
from apps.sandboxes.kernel.serve import Sandbox, running

AT = datetime(2026, 11, 22, tzinfo=UTC)
SHORT = timedelta(milliseconds=5)
LONG = timedelta(hours=1)


@dataclass
class Receiver:
    url: str = ""
    answers: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    app, inbox = FastAPI(), Receiver()

    @app.post("/notify")
    async def notify(request: Request) -> Response:
        assert request.headers["content-type"] == "application/json"
        inbox.bodies.append(await request.body())
        inbox.arrived.set()
        return Response(status_code=inbox.answers.pop(0) if inbox.answers else 200)

    async with running(sandbox=Sandbox(provider="receiver", app=app, credentials={})) as place:
        inbox.url = f"{place.base_url}/notify"
        yield inbox


def make_sender(*distances: timedelta) -> CallbackSender:
    return CallbackSender(book=Book(path=None), clock=lambda: AT, distances=distances)


def results(sender: CallbackSender) -> list[tuple[int, CallbackResult, int | None]]:
    return [(line.attempt, line.result, line.status) for line in sender.log()]


async def test_an_acknowledged_callback_is_sent_once(receiver: Receiver) -> None:
    sender = make_sender(SHORT, SHORT)
    await sender.send(url=receiver.url, body={"title": "ሰላም"}, reference="ORD1")
    await sender.idle()
    assert [json.loads(body) for body in receiver.bodies] == [{"title": "ሰላም"}]
    assert results(sender) == [(1, CallbackResult.ACKNOWLEDGED, 200)]
    assert sender.log()[0].at == AT
    await sender.drain()


async def test_it_is_repeated_until_acknowledged(receiver: Receiver) -> None:
    sender = make_sender(SHORT, SHORT, SHORT)
    receiver.answers = [500, 302]
    await sender.send(url=receiver.url, body='{"n":10.50}', reference="ORD1")
    await sender.idle()
    assert receiver.bodies == [b'{"n":10.50}'] * 3
    assert results(sender) == [
        (1, CallbackResult.REFUSED, 500),
        (2, CallbackResult.REFUSED, 302),
        (3, CallbackResult.ACKNOWLEDGED, 200),
    ]
    await sender.drain()


async def test_it_is_given_up_after_the_last_distance(receiver: Receiver) -> None:
    sender = make_sender(SHORT)
    receiver.answers = [500, 500, 500]
    await sender.send(url=receiver.url, body={}, reference="ORD1")
    await sender.idle()
    assert len(receiver.bodies) == 2
    await sender.drain()


async def test_nobody_listening_is_logged_and_repeated() -> None:
    sender = make_sender(SHORT)
    await sender.send(url="http://127.0.0.1:1/notify", body={}, reference="ORD1")
    await sender.idle()
    assert results(sender) == [
        (1, CallbackResult.UNREACHABLE, None),
        (2, CallbackResult.UNREACHABLE, None),
    ]
    await sender.drain()


async def test_duplicates_and_drops(receiver: Receiver) -> None:
    sender = make_sender()
    twice, never = CallbackManner(copies=2), CallbackManner(copies=0)
    await sender.send(url=receiver.url, body={"n": 2}, reference="ORD1", manner=twice)
    await sender.send(url=receiver.url, body={"n": 0}, reference="ORD2", manner=never)
    await sender.idle()
    assert receiver.bodies == [b'{"n": 2}'] * 2
    lines = {(line.reference, line.result) for line in sender.log()}
    assert lines == {
        ("ORD1", CallbackResult.ACKNOWLEDGED),
        ("ORD2", CallbackResult.DROPPED),
    }
    await sender.drain()


async def test_first_waits_for_the_first_attempt_only(receiver: Receiver) -> None:
    sender = make_sender(LONG)
    receiver.answers = [500]
    first = CallbackManner(first=True)
    await sender.send(url=receiver.url, body={}, reference="ORD1", manner=first)
    assert results(sender) == [(1, CallbackResult.REFUSED, 500)]
    await sender.drain()
    assert results(sender)[-1] == (2, CallbackResult.ACKNOWLEDGED, 200)


async def test_draining_sends_what_waits(receiver: Receiver) -> None:
    sender = make_sender(LONG)
    late = CallbackManner(delay=LONG)
    await sender.send(url=receiver.url, body={}, reference="ORD1", manner=late)
    assert not receiver.arrived.is_set()
    await sender.drain()
    assert results(sender) == [(1, CallbackResult.ACKNOWLEDGED, 200)]


async def test_only_loopback_is_called() -> None:
    sender = make_sender()
    for url in ("https://example.com/notify", "notify", ""):
        await sender.send(url=url, body={}, reference="ORD1")
    assert {line.result for line in sender.log()} == {CallbackResult.BLOCKED}
    assert len(sender.log(last=2)) == 2
    await sender.drain()
