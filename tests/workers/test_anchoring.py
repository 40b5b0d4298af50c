import asyncio
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from db.kernel.anchor_check import first_broken_link
from db.kernel.anchors import Anchor, Signer, all_anchors
from db.kernel.engine import Database
from db.kernel.events import NewEvent, append
from tests.waiting import eventually
from workers.anchoring import run_anchoring, take_anchors

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
SIGNER = Signer(key_id="test-1", sign=KEY.sign)


async def _append(store: Database, *, stream: str, numbers: range) -> None:
    """All in one transaction."""
    async with store.write() as session:
        for number in numbers:
            event = NewEvent(
                event_id=f"{stream}-e{number}",
                stream=stream,
                event_type="counted",
                data={"number": number},
                at=AT,
            )
            await append(session=session, event=event)


async def _anchors(store: Database) -> list[Anchor]:
    async with store.read() as session:
        return await all_anchors(session=session, domain="bnpl")


async def test_many_events_are_anchored_a_few_at_a_time(kernel_store: Database) -> None:
    for number in range(1, 8):
        await _append(kernel_store, stream="a1", numbers=range(number, number + 1))
    await _append(kernel_store, stream="b2", numbers=range(1, 6))
    await _append(kernel_store, stream="c3", numbers=range(1, 2))
    taken = await take_anchors(
        domain="bnpl", database=kernel_store, signer=SIGNER, at=AT, events_max=3
    )
    anchors = await _anchors(kernel_store)
    # The transaction of five events cannot be taken apart.
    assert [anchor.content.events for anchor in anchors] == [3, 3, 1, 5, 1]
    assert taken == len(anchors)
    assert first_broken_link(anchors=anchors, public_keys={"test-1": KEY.public_key()}) is None
    again = await take_anchors(domain="bnpl", database=kernel_store, signer=SIGNER, at=AT)
    assert again == 0


async def test_workers_take_turns_at_the_set_interval(kernel_store: Database) -> None:
    await _append(kernel_store, stream="a1", numbers=range(1, 2))
    stop = asyncio.Event()
    now = AT

    async def work() -> None:
        await run_anchoring(
            domain="bnpl",
            database=kernel_store,
            signer=SIGNER,
            interval=timedelta(milliseconds=20),
            clock=lambda: now,
            stop=stop,
        )

    workers = [asyncio.create_task(work()) for _ in range(3)]
    await eventually(lambda: _anchors(kernel_store), lambda found: len(found) == 1)
    # By the clock no time has passed, so none of them takes another one.
    await _append(kernel_store, stream="a1", numbers=range(2, 3))
    now = AT + timedelta(seconds=1)
    found = await eventually(lambda: _anchors(kernel_store), lambda found: len(found) > 1)
    stop.set()
    await asyncio.gather(*workers)
    assert [anchor.content.taken_at for anchor in found] == [AT, now]
    assert len(await _anchors(kernel_store)) == len(found)
