from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from db.kernel.engine import Database, WriteSession
from db.kernel.events import NewEvent, append
from db.kernel.outbox import START, Position, holds, read_batch, read_position, store_position

AT = datetime(2026, 3, 1, tzinfo=UTC)


async def _append(session: WriteSession, *, stream: str) -> None:
    event = NewEvent(event_id=f"{stream}-1", stream=stream, event_type="x", data={}, at=AT)
    await append(session=session, event=event)


async def _read(
    database: Database, after: Position, *, limit: int = 100
) -> tuple[list[str], Position]:
    async with database.read() as session:
        batch = await read_batch(session=session, after=after, limit=limit)
    return [event.content.stream for event in batch], batch[-1].position if batch else after


async def test_transactions_that_commit_out_of_order_lose_nothing(kernel_store: Database) -> None:
    """Began a, b, c; committed c, a, b; read after each."""
    async with AsyncExitStack() as c, AsyncExitStack() as b, AsyncExitStack() as a:
        sessions = {
            name: await stack.enter_async_context(kernel_store.write())
            for name, stack in (("a", a), ("b", b), ("c", c))
        }
        for name, session in sessions.items():
            await _append(session, stream=name)
        seen, position = await _read(kernel_store, START)
        assert seen == []
        await c.aclose()
        seen, position = await _read(kernel_store, position)
        assert seen == []
        await a.aclose()
        seen, position = await _read(kernel_store, position)
        assert seen == ["a"]
        await b.aclose()
    seen, position = await _read(kernel_store, position)
    assert seen == ["b", "c"]
    assert await _read(kernel_store, position) == ([], position)


async def test_events_of_one_transaction_keep_their_order(kernel_store: Database) -> None:
    names = ["z", "a", "m", "b"]
    async with kernel_store.write() as session:
        for name in names:
            await _append(session, stream=name)
    seen, position = await _read(kernel_store, START, limit=3)
    assert seen == names[:3]
    assert await _read(kernel_store, position, limit=3) == (["b"], Position(position.xid, 4))


async def test_a_rolled_back_event_is_no_obstacle(kernel_store: Database) -> None:
    async def fails_half_way() -> None:
        async with kernel_store.write() as session:
            await _append(session, stream="lost")
            raise LookupError

    with pytest.raises(LookupError):
        await fails_half_way()
    async with kernel_store.write() as session:
        await _append(session, stream="kept")
    assert (await _read(kernel_store, START))[0] == ["kept"]


async def test_a_readers_position_is_kept(kernel_store: Database) -> None:
    far = Position(2**62, 2**62)
    for position in (Position(3, 7), far):
        async with kernel_store.write() as session:
            await store_position(session=session, reader="one", position=position)
        async with kernel_store.read() as session:
            assert await read_position(session=session, reader="one") == position
            assert await read_position(session=session, reader="two") == START


async def test_a_position_either_holds_an_event_or_not(kernel_store: Database) -> None:
    async with kernel_store.write() as session:
        await _append(session, stream="a")
    _, position = await _read(kernel_store, START)
    async with kernel_store.read() as session:
        assert await holds(session=session, position=position)
        assert not await holds(session=session, position=Position(position.xid, 99))
        assert not await holds(session=session, position=Position(2**63, position.number))
