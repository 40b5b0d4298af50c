"""Signed anchors: at set times, one hash over the heads of all chains that have grown.

A chain shows a changed event as long as the hashes after it stand. Whoever rewrites them too, or
cuts a chain's end off, is caught by the anchors: each names the one before, holds the head of every
stream that changed since, and is signed with a key that the database does not have. They also hold
what the database noted of each event (``recorded_at``, ``xid``, ``position``), which no chain does.

An anchor covers the events of the transactions from one id to another, up to the oldest that was
still running, so it is never late for one that commits afterwards (see :mod:`db.kernel.outbox`).
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Row, Text, cast, func, insert, literal, select, text

from db.kernel.chains import lift_limits
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.merkle import MerkleTree
from db.kernel.tables import TransactionId, anchor_heads, anchors
from meqenet.errors import Defect
from meqenet.event_chain import GENESIS, canonical_json, instant_text

_LOCK: Final = 0x616E63686F72
_PURPOSE: Final = b"meqenet anchor 1\n"
"""What is signed begins with it, so that the signature is good for nothing else."""
HEADS: Final = """
    SELECT stream, count(*) AS events,
        min(stream_sequence) AS first_sequence, max(stream_sequence) AS last_sequence,
        (array_agg(hash ORDER BY stream_sequence DESC))[1] AS head,
        sha256(convert_to(string_agg(
            concat_ws(' ', stream_sequence, xid, position, extract(epoch FROM recorded_at)),
            ',' ORDER BY stream_sequence), 'UTF8')) AS notes
    FROM events WHERE xid >= CAST(:from_xid AS xid8) AND xid < CAST(:until_xid AS xid8)
"""
"""The heads of what happened in some transactions; a caller adds conditions and the grouping."""
EVENTS_PER_ANCHOR_MAX: Final = 20_000
"""The relays wait for the transaction that writes an anchor, so it is over within a second or so.

One transaction that wrote more events than that stands in an anchor alone.
"""
_BOUND: Final = """
    SELECT CAST(CAST(xid AS text) AS bigint) FROM events
    WHERE xid >= CAST(:from_xid AS xid8) AND xid < CAST(:until_xid AS xid8)
    ORDER BY xid, position OFFSET :skipped LIMIT 1
"""
"""The transaction of the event that follows so many others."""
_STORE_HEADS: Final = """
    INSERT INTO anchor_heads (anchor, stream, events, first_sequence, last_sequence, head, notes)
    SELECT CAST(:number AS bigint), found.* FROM ({heads} GROUP BY stream) AS found
"""


@dataclass(frozen=True, kw_only=True)
class AnchorContent:
    """What is signed.

    Attributes:
        domain: whose store it is.
        number: 1, 2, 3 … without a gap.
        previous_hash: of the anchor before; 32 zero bytes in the first.
        from_xid: the first transaction id that is covered: ``until_xid`` of the anchor before.
        until_xid: the first one that is not.
        streams: how many have grown since.
        events: by how many events.
        root: the Merkle root over their heads, in the order of the streams' names.
        key_id: which key signs.
    """

    domain: str
    number: int
    previous_hash: bytes
    from_xid: int
    until_xid: int
    taken_at: datetime
    streams: int
    events: int
    root: bytes
    key_id: str

    @property
    def signed(self) -> bytes:
        """The bytes that are hashed and signed."""
        texts = {
            "domain": self.domain,
            "number": self.number,
            "previous_hash": self.previous_hash.hex(),
            "from_xid": self.from_xid,
            "until_xid": self.until_xid,
            "taken_at": instant_text(at=self.taken_at),
            "streams": self.streams,
            "events": self.events,
            "root": self.root.hex(),
            "key_id": self.key_id,
        }
        return _PURPOSE + canonical_json(value=texts)

    @property
    def hash(self) -> bytes:
        """What the next anchor names."""
        return hashlib.sha256(self.signed).digest()


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """An anchor as it is stored. ``hash`` is the content's, ``signature`` Ed25519 over it."""

    content: AnchorContent
    hash: bytes
    signature: bytes


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs anchors. ``sign`` takes the bytes and gives an Ed25519 signature."""

    key_id: str
    sign: Callable[[bytes], bytes]


async def take_anchor(
    *,
    session: WriteSession,
    domain: str,
    signer: Signer,
    at: datetime,
    not_since: datetime | None = None,
    events_max: int = EVENTS_PER_ANCHOR_MAX,
) -> Anchor | None:
    """Anchor what has happened since the last one; None when that is nothing.

    Only one at a time is taken in a store; the others wait here. When more than ``events_max``
    events have happened the next anchor takes up what this one leaves.

    Args:
        session: the transaction, which writes the anchor and its heads.
        domain: whose store it is; it is signed along.
        signer: the key.
        at: now.
        not_since: take none when the newest was taken at or after this instant.
        events_max: how many events it covers at most, if not all of them are of one transaction.

    Raises:
        Defect: ``anchor_of_another_cluster``: transaction ids have gone back; see docs/stores.md.
    """
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    await lift_limits(session=session)
    last = await newest_anchor(session=session, domain=domain)
    if last is not None and not_since is not None and last.content.taken_at >= not_since:
        return None
    from_xid = last.content.until_xid if last else 0
    until_xid = await horizon(session=session)
    if until_xid < from_xid:
        raise Defect(
            "anchor_of_another_cluster",
            f"{domain}: transaction ids have gone back behind the last anchor; see docs/stores.md",
        )
    until_xid = await _bounded(
        session, from_xid=from_xid, until_xid=until_xid, events_max=events_max
    )
    number = last.content.number + 1 if last else 1
    streams, events = await _store_heads(
        session, number=number, from_xid=from_xid, until_xid=until_xid
    )
    if not streams:
        return None
    content = AnchorContent(
        domain=domain,
        number=number,
        previous_hash=last.hash if last else GENESIS,
        from_xid=from_xid,
        until_xid=until_xid,
        taken_at=at,
        streams=streams,
        events=events,
        root=await heads_root(session=session, number=number),
        key_id=signer.key_id,
    )
    anchor = Anchor(content=content, hash=content.hash, signature=signer.sign(content.signed))
    await session.execute(insert(anchors).values(_stored(anchor)))
    return anchor


async def newest_anchor(*, session: ReadSession, domain: str) -> Anchor | None:
    """The last anchor of the store."""
    found = await session.execute(_ANCHORS.order_by(anchors.c.number.desc()).limit(1))
    row = found.first()
    return None if row is None else _anchor(row, domain=domain)


async def all_anchors(*, session: ReadSession, domain: str) -> list[Anchor]:
    """Every anchor of the store, in order."""
    found = await session.execute(_ANCHORS.order_by(anchors.c.number))
    return [_anchor(row, domain=domain) for row in found]


async def heads_root(*, session: ReadSession, number: int) -> bytes:
    """The Merkle root over an anchor's stored heads."""
    tree = MerkleTree()
    async for leaf in _leaves(session, number=number):
        tree.add(leaf)
    return tree.root


async def unanchored_events(*, session: ReadSession, after: Anchor | None) -> int:
    """How many events no anchor covers yet."""
    from_xid = after.content.until_xid if after else 0
    query = text("SELECT count(*) FROM events WHERE xid >= CAST(:from_xid AS xid8)")
    return await session.scalar(query, {"from_xid": from_xid}) or 0


async def horizon(*, session: ReadSession) -> int:
    """The oldest transaction that is still running: whatever is older can be anchored."""
    oldest = select(_number(func.pg_snapshot_xmin(func.pg_current_snapshot())))
    return int((await session.execute(oldest)).scalar_one())


async def _bounded(session: ReadSession, *, from_xid: int, until_xid: int, events_max: int) -> int:
    """The first transaction that is left to the next anchor."""

    async def of_event(*, from_xid: int, skipped: int) -> int | None:
        limits = {"from_xid": from_xid, "until_xid": until_xid, "skipped": skipped}
        xid: int | None = await session.scalar(text(_BOUND), limits)
        return xid

    bound = await of_event(from_xid=from_xid, skipped=events_max)
    if bound is not None and bound == await of_event(from_xid=from_xid, skipped=0):
        bound = await of_event(from_xid=bound + 1, skipped=0)
    return until_xid if bound is None else bound


async def _store_heads(
    session: WriteSession, *, number: int, from_xid: int, until_xid: int
) -> tuple[int, int]:
    """Write the heads; how many streams there are, and how many events."""
    await session.execute(
        text(_STORE_HEADS.format(heads=HEADS)),
        {"number": number, "from_xid": from_xid, "until_xid": until_xid},
    )
    counted = await session.execute(
        select(func.count(), func.coalesce(func.sum(anchor_heads.c.events), 0)).where(
            anchor_heads.c.anchor == number
        )
    )
    streams, events = counted.one()
    return int(streams), int(events)


async def _leaves(session: ReadSession, *, number: int) -> AsyncIterator[bytes]:
    found = await session.stream(
        select(anchor_heads)
        .where(anchor_heads.c.anchor == number)
        .order_by(anchor_heads.c.stream)
        .execution_options(yield_per=5000)
    )
    async for row in found:
        yield canonical_json(
            value={
                "stream": row.stream,
                "events": row.events,
                "first_sequence": row.first_sequence,
                "last_sequence": row.last_sequence,
                "head": row.head.hex(),
                "notes": row.notes.hex(),
            }
        )


def _stored(anchor: Anchor) -> dict[str, Any]:
    content = anchor.content
    return {
        "number": content.number,
        "previous_hash": content.previous_hash,
        "from_xid": _xid(content.from_xid),
        "until_xid": _xid(content.until_xid),
        "taken_at": content.taken_at,
        "streams": content.streams,
        "events": content.events,
        "root": content.root,
        "key_id": content.key_id,
        "hash": anchor.hash,
        "signature": anchor.signature,
    }


def _anchor(row: Row[Any], *, domain: str) -> Anchor:
    content = AnchorContent(
        domain=domain,
        number=row.number,
        previous_hash=row.previous_hash,
        from_xid=row.from_number,
        until_xid=row.until_number,
        taken_at=row.taken_at,
        streams=row.streams,
        events=row.events,
        root=row.root,
        key_id=row.key_id,
    )
    return Anchor(content=content, hash=row.hash, signature=row.signature)


def _xid(number: int) -> Any:  # noqa: ANN401 - SQLAlchemy's cast of a user-defined type
    return cast(literal(str(number), Text), TransactionId)


def _number(xid: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's cast of a user-defined type
    return cast(cast(xid, Text), BigInteger)


_ANCHORS: Final = select(
    anchors,
    _number(anchors.c.from_xid).label("from_number"),
    _number(anchors.c.until_xid).label("until_number"),
)
