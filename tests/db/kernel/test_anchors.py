import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.kernel.anchor_check import (
    ANCHORS,
    anchors_to_compare,
    first_broken_link,
    first_uncovered,
)
from db.kernel.anchors import Anchor, Signer, all_anchors, take_anchor, unanchored_events
from db.kernel.chains import Streams, first_chain_break
from db.kernel.engine import Database
from db.kernel.events import NewEvent, append
from meqenet.errors import Defect
from meqenet.event_chain import GENESIS, ChainBreak, canonical_json
from tests.db.kernel.tampering import columns_of, dice, flipped

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
SIGNER = Signer(key_id="test-1", sign=KEY.sign)
TRUSTED = {"test-1": KEY.public_key()}


def _event(stream: str, number: int) -> NewEvent:
    return NewEvent(
        event_id=f"{stream}-e{number}",
        stream=stream,
        event_type="counted",
        data={"number": number},
        at=AT,
    )


async def _append(store: Database, stream: str, number: int) -> None:
    async with store.write() as session:
        await append(session=session, event=_event(stream, number))


async def _anchor(
    store: Database, at: datetime, not_since: datetime | None = None
) -> Anchor | None:
    async with store.write() as session:
        return await take_anchor(
            session=session, domain="bnpl", signer=SIGNER, at=at, not_since=not_since
        )


async def _two_anchors(store: Database) -> list[Anchor]:
    """Three streams of three events; the second anchor covers two of b2's and all of c4's."""
    for stream, number in (("a1", 1), ("b2", 1), ("a1", 2), ("a1", 3)):
        await _append(store, stream, number)
    first = await _anchor(store, AT)
    for stream, number in (("b2", 2), ("c4", 1), ("b2", 3), ("c4", 2), ("c4", 3)):
        await _append(store, stream, number)
    second = await _anchor(store, AT + HOUR)
    assert first is not None
    assert second is not None
    return [first, second]


async def _check(store: Database, streams: Streams | None = None) -> ChainBreak | None:
    async with store.read() as session:
        anchors = await all_anchors(session=session, domain="bnpl")
        broken = first_broken_link(anchors=anchors, public_keys=TRUSTED)
        if broken is not None:
            return broken
        wanted = streams or Streams()
        chosen = await anchors_to_compare(session=session, anchors=anchors, streams=wanted)
        return await first_uncovered(
            session=session, anchors=chosen, stream=wanted.stream, advance=lambda _events: None
        )


async def test_an_anchor_covers_what_has_grown_and_names_the_one_before(
    kernel_store: Database,
) -> None:
    assert await _anchor(kernel_store, AT) is None, "nothing has happened"
    first, second = await _two_anchors(kernel_store)
    assert (first.content.number, first.content.streams, first.content.events) == (1, 2, 4)
    assert first.content.previous_hash == GENESIS
    assert (second.content.number, second.content.streams, second.content.events) == (2, 2, 5)
    assert second.content.previous_hash == first.hash
    assert second.content.from_xid == first.content.until_xid
    assert await _anchor(kernel_store, AT + 2 * HOUR) is None, "nothing has happened since"
    async with kernel_store.read() as session:
        assert await all_anchors(session=session, domain="bnpl") == [first, second]
        assert await unanchored_events(session=session, after=second) == 0
        assert await unanchored_events(session=session, after=first) == 5
        assert await unanchored_events(session=session, after=None) == 9
    assert await _check(kernel_store) is None
    assert await _check(kernel_store, Streams(stream="c4")) is None
    assert await _check(kernel_store, Streams(changed_since=AT + HOUR)) is None


async def test_an_anchor_is_taken_once_in_its_interval_however_many_try(
    kernel_store: Database,
) -> None:
    await _append(kernel_store, "a1", 1)
    taken = await asyncio.gather(
        *(_anchor(kernel_store, AT, not_since=AT - HOUR) for _ in range(5))
    )
    assert len([anchor for anchor in taken if anchor is not None]) == 1
    await _append(kernel_store, "a1", 2)
    assert await _anchor(kernel_store, AT + HOUR / 2, not_since=AT - HOUR / 2) is None
    assert await _anchor(kernel_store, AT + HOUR, not_since=AT + timedelta(seconds=1)) is not None


async def test_an_event_that_commits_late_is_in_the_next_anchor(kernel_store: Database) -> None:
    await _append(kernel_store, "a1", 1)
    async with kernel_store.write() as late:
        await append(session=late, event=_event("b2", 1))
        await _append(kernel_store, "c4", 1)
        first = await _anchor(kernel_store, AT)
        assert first is not None
        assert first.content.events == 1, "what began after the open transaction waits with it"
    second = await _anchor(kernel_store, AT + HOUR)
    assert second is not None
    assert second.content.events == 2
    assert await _check(kernel_store) is None


async def test_any_flipped_bit_of_an_anchored_event_or_an_anchor_is_found(
    kernel_store: Database, admin: AsyncEngine
) -> None:
    await _two_anchors(kernel_store)
    async with admin.begin() as connection:
        await connection.execute(text("ALTER TABLE events ALTER position DROP IDENTITY"))
    chance = dice(seed=20261124)
    for table, where, named in (
        ("events", "stream = 'b2' AND stream_sequence = 2", {"b2", ANCHORS}),
        ("anchors", "number = 2", {ANCHORS}),
        ("anchor_heads", "stream = 'b2' AND anchor = 2", {ANCHORS}),
    ):
        for column, kind in (await columns_of(admin, table=table)).items():
            for _ in range(6):
                async with flipped(
                    admin, table=table, column=column, kind=kind, where=where, chance=chance
                ) as what:
                    broken = await first_chain_break(
                        database=kernel_store, streams=Streams(), advance=lambda _events: None
                    )
                    broken = broken or await _check(kernel_store)
                    assert broken is not None, what
                    if column != "stream":
                        assert broken.stream in named, (what, broken)
    assert await _check(kernel_store) is None


async def test_notes_of_the_database_are_named_with_their_stream(
    kernel_store: Database, admin: AsyncEngine
) -> None:
    await _two_anchors(kernel_store)
    async with admin.begin() as connection:
        await connection.execute(
            text(
                "UPDATE events SET recorded_at = recorded_at + interval '1 microsecond'"
                " WHERE stream = 'c4' AND stream_sequence = 2"
            )
        )
    broken = await _check(kernel_store)
    assert broken is not None
    assert (broken.stream, broken.sequence) == ("c4", 1)
    assert "recorded_at" in broken.what
    assert await _check(kernel_store, Streams(stream="b2")) is None
    assert await _check(kernel_store, Streams(stream="c4")) == broken


@pytest.mark.parametrize(
    ("deed", "stream", "sequence"),
    [
        ("DELETE FROM events WHERE stream = 'b2' AND stream_sequence = 3", "b2", 3),
        ("DELETE FROM events WHERE stream = 'a1'", "a1", 3),
        ("DELETE FROM anchor_heads WHERE stream = 'a1'", ANCHORS, 1),
        ("DELETE FROM anchors WHERE number = 1", ANCHORS, 1),
        ("UPDATE anchors SET until_xid = '99999999' WHERE number = 1", ANCHORS, 1),
    ],
)
async def test_what_is_cut_off_is_named(
    kernel_store: Database, admin: AsyncEngine, deed: str, stream: str, sequence: int
) -> None:
    await _two_anchors(kernel_store)
    async with admin.begin() as connection:
        await connection.execute(text(deed))
    broken = await _check(kernel_store)
    assert broken is not None
    assert (broken.stream, broken.sequence) == (stream, sequence)


async def test_a_history_rewritten_with_all_its_hashes_is_caught(
    kernel_store: Database, admin: AsyncEngine
) -> None:
    await _two_anchors(kernel_store)
    async with admin.begin() as connection:
        await connection.execute(text("DELETE FROM events WHERE stream = 'b2'"))
    for number in (7, 8, 9):
        async with kernel_store.write() as session:
            await append(session=session, event=replace(_event("b2", number), at=AT + HOUR))
    chains = await first_chain_break(
        database=kernel_store, streams=Streams(), advance=lambda _events: None
    )
    assert chains is None, "the forged chain is whole"
    broken = await _check(kernel_store)
    assert broken is not None
    assert (broken.stream, broken.sequence) == ("b2", 1)


async def test_a_foreign_key_and_another_domain_are_not_trusted(kernel_store: Database) -> None:
    anchors = await _two_anchors(kernel_store)
    other = Ed25519PrivateKey.from_private_bytes(b"b" * 32)
    unknown = first_broken_link(anchors=anchors, public_keys={"test-2": other.public_key()})
    assert unknown is not None
    assert "not trusted" in unknown.what
    forged = first_broken_link(anchors=anchors, public_keys={"test-1": other.public_key()})
    assert forged is not None
    assert forged.what == "signature does not fit"
    assert first_broken_link(anchors=anchors, public_keys={}) is None
    moved = [replace(a, content=replace(a.content, domain="ledger")) for a in anchors]
    foreign = first_broken_link(anchors=moved, public_keys=TRUSTED)
    assert foreign is not None
    assert foreign.what == "hash is not that of its content"


async def test_what_is_signed_is_fixed_for_ever(kernel_store: Database) -> None:
    content = replace(
        (await _two_anchors(kernel_store))[0].content,
        from_xid=0,
        until_xid=800,
        root=bytes(32),
    )
    assert content.signed == b"meqenet anchor 1\n" + canonical_json(
        value={
            "domain": "bnpl",
            "events": 4,
            "from_xid": 0,
            "key_id": "test-1",
            "number": 1,
            "previous_hash": "00" * 32,
            "root": "00" * 32,
            "streams": 2,
            "taken_at": "2026-03-01T09:30:00.000000Z",
            "until_xid": 800,
        }
    )


async def test_transaction_ids_that_go_back_are_a_defect(
    kernel_store: Database, admin: AsyncEngine
) -> None:
    await _two_anchors(kernel_store)
    async with admin.begin() as connection:
        await connection.execute(text("UPDATE anchors SET until_xid = '99999999' WHERE number = 2"))
    await _append(kernel_store, "a1", 4)
    with pytest.raises(Defect) as defect:
        await _anchor(kernel_store, AT + 2 * HOUR)
    assert defect.value.code == "anchor_of_another_cluster"
