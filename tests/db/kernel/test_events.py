import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, text

from db.kernel.engine import Database
from db.kernel.events import NewEvent, append, lock_stream, read_stream, require_unbroken
from db.kernel.tables import events
from meqenet.errors import Defect, Unavailable
from meqenet.event_chain import ChainedEvent
from meqenet.money import Money

AT = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)


def _event(
    number: int, *, stream: str = "pln_a", data: Mapping[str, Any] | None = None
) -> NewEvent:
    return NewEvent(
        event_id=f"{stream}-{number}",
        stream=stream,
        event_type="counted",
        data={"number": number} if data is None else data,
        at=AT,
    )


async def _append(
    database: Database, event: NewEvent, expected_sequence: int | None = None
) -> ChainedEvent:
    async with database.write() as session:
        return await append(session=session, event=event, expected_sequence=expected_sequence)


async def _count(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(events)) or 0


async def test_events_come_back_as_they_went_in(kernel_store: Database) -> None:
    data = {"amount": Money(-5), "rate": Decimal("1.10"), "text": 'ብር " \\ \u2028', "none": None}
    appended = [
        await _append(kernel_store, _event(1, data=data), 1),
        await _append(kernel_store, _event(2, data={}), None),
    ]
    async with kernel_store.read() as session:
        assert await read_stream(session=session, stream="pln_a") == appended
        assert await read_stream(session=session, stream="pln_a", after_sequence=1) == appended[1:]
        await require_unbroken(session=session, stream="pln_a")
    assert appended[0].content.data["amount"] == {"currency": "ETB", "santim": -5}


async def test_the_same_event_again_changes_nothing(kernel_store: Database) -> None:
    first = await _append(kernel_store, _event(1), 1)
    await _append(kernel_store, _event(2), 2)
    await _append(kernel_store, _event(3), 3)
    assert await _append(kernel_store, _event(1), 1) == first
    assert await _append(kernel_store, _event(1), None) == first
    assert await _count(kernel_store) == 3


@pytest.mark.parametrize(
    ("change", "sequence", "code"),
    [
        ({"data": {"number": 9}}, 1, "event_differs"),
        ({"data": {"number": 9}}, None, "event_differs"),
        ({"version": 2}, 1, "event_differs"),
        ({"at": AT.replace(year=2027)}, 1, "event_differs"),
        ({"event_type": "other"}, 1, "event_differs"),
        ({"event_id": "other"}, 1, "event_differs"),
        ({}, 2, "event_differs"),
        ({"event_id": "other"}, 4, "event_out_of_sequence"),
        ({"event_id": "other", "stream": "pln_new"}, 2, "event_out_of_sequence"),
        ({"event_id": "other", "stream": "pln_new"}, 0, "event_out_of_sequence"),
    ],
)
async def test_another_event_in_its_place_is_a_defect(
    kernel_store: Database, change: dict[str, Any], sequence: int | None, code: str
) -> None:
    await _append(kernel_store, _event(1), 1)
    await _append(kernel_store, _event(2), 2)
    with pytest.raises(Defect) as defect:
        await _append(kernel_store, replace(_event(1), **change), sequence)
    assert defect.value.code == code
    assert await _count(kernel_store) == 2


async def test_writers_that_race_leave_one_unbroken_chain(kernel_store: Database) -> None:
    await asyncio.gather(*(_append(kernel_store, _event(number)) for number in range(20)))
    async with kernel_store.read() as session:
        chain = await read_stream(session=session, stream="pln_a")
        await require_unbroken(session=session, stream="pln_a")
    assert [event.content.sequence for event in chain] == list(range(1, 21))
    assert {event.content.event_id for event in chain} == {f"pln_a-{n}" for n in range(20)}


async def test_the_same_event_from_many_at_once_is_stored_once(kernel_store: Database) -> None:
    stored = await asyncio.gather(*(_append(kernel_store, _event(1), 1) for _ in range(10)))
    assert all(event == stored[0] for event in stored)
    assert await _count(kernel_store) == 1


async def test_an_event_goes_with_its_transaction(kernel_store: Database) -> None:
    async def fails_half_way() -> None:
        async with kernel_store.write() as session:
            await append(session=session, event=_event(1))
            raise LookupError

    with pytest.raises(LookupError):
        await fails_half_way()
    assert await _count(kernel_store) == 0


async def test_a_rewritten_history_is_found(kernel_store: Database) -> None:
    """The runtime role cannot do this; whoever holds the database can."""
    for number in range(1, 4):
        await _append(kernel_store, _event(number))
    async with kernel_store.write() as session:
        await session.execute(
            text("UPDATE events SET data = '{\"number\": 7}' WHERE stream_sequence = 2")
        )
    with pytest.raises(Defect) as defect:
        async with kernel_store.read() as session:
            await require_unbroken(session=session, stream="pln_a")
    assert defect.value.facts == {"stream": "pln_a", "sequence": "2"}


async def test_a_transaction_that_was_overtaken_is_tried_again(kernel_store: Database) -> None:
    """Its id is lower than that of the event before its own: readers would see them reversed."""
    async with kernel_store.write() as early:
        await early.scalar(select(func.pg_current_xact_id()))
        await _append(kernel_store, _event(1))
        with pytest.raises(Unavailable) as refused:
            await append(session=early, event=_event(2))
        assert refused.value.code == "transaction_overtaken"
        assert (await append(session=early, event=_event(1))).content.sequence == 1
    await _append(kernel_store, _event(2))
    async with kernel_store.read() as session:
        in_order_of_reading = await session.scalars(
            select(events.c.stream_sequence).order_by(events.c.xid, events.c.position)
        )
        assert list(in_order_of_reading) == [1, 2]


async def test_transactions_that_lock_the_stream_first_are_never_overtaken(
    kernel_store: Database,
) -> None:
    async def write(number: int) -> None:
        async with kernel_store.write() as session:
            await lock_stream(session=session, stream="pln_a")
            await session.scalar(select(func.pg_current_xact_id()))
            await append(session=session, event=_event(number))

    await asyncio.gather(*(write(number) for number in range(30)))
    async with kernel_store.read() as session:
        in_order_of_reading = await session.scalars(
            select(events.c.stream_sequence).order_by(events.c.xid, events.c.position)
        )
        assert list(in_order_of_reading) == list(range(1, 31))
