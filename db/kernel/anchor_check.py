"""Whether a store's anchors hold: their links, their signatures, and the chains below them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Row, select, text

from db.kernel.anchors import HEADS, Anchor, heads_root
from db.kernel.chains import Streams, lift_limits
from db.kernel.engine import ReadSession
from db.kernel.tables import anchor_heads
from meqenet.event_chain import GENESIS, ChainBreak

ANCHORS: Final = "anchors"
"""In place of a stream: the break is in the anchor whose number is the sequence."""
_DIFFERENCE: Final = """
    WITH kept AS (
        SELECT stream, events, first_sequence, last_sequence, head, notes
        FROM anchor_heads WHERE anchor = :number{of_stream}
    ), found AS ({heads}{of_stream} GROUP BY stream)
    SELECT stream, kept.events AS kept, found.events AS found,
        coalesce(kept.first_sequence, found.first_sequence) AS first_sequence,
        kept.last_sequence AS kept_last, found.last_sequence AS found_last,
        kept.head = found.head AS same_head
    FROM kept FULL JOIN found USING (stream)
    WHERE (kept.events, kept.first_sequence, kept.last_sequence, kept.head, kept.notes)
        IS DISTINCT FROM
        (found.events, found.first_sequence, found.last_sequence, found.head, found.notes)
    ORDER BY stream LIMIT 1
"""


def first_broken_link(
    *, anchors: Sequence[Anchor], public_keys: Mapping[str, Ed25519PublicKey]
) -> ChainBreak | None:
    """Check that all anchors of a store follow each other and are signed; None when they do.

    Args:
        anchors: from the first one on, in order.
        public_keys: the keys that are trusted, by id; without any, signatures are not looked at.
    """
    before: Anchor | None = None
    for expected, anchor in enumerate(anchors, start=1):
        if anchor.content.number != expected:
            return _of(expected, f"missing: anchor {anchor.content.number} stands in its place")
        what = _wrong_link(anchor, before) or (
            public_keys and _wrong_signature(anchor, public_keys)
        )
        if what:
            return _of(expected, what)
        before = anchor
    return None


async def first_uncovered(
    *,
    session: ReadSession,
    anchors: Sequence[Anchor],
    stream: str | None,
    advance: Callable[[int], None],
) -> ChainBreak | None:
    """Compare what anchors hold with what stands in the event log; None when it is the same.

    Args:
        session: a transaction over one snapshot of the store.
        anchors: those to check, in order.
        stream: check this stream only; None is all of them.
        advance: told after every anchor how many events it covers.
    """
    await lift_limits(session=session)
    for anchor in anchors:
        number = anchor.content.number
        if await heads_root(session=session, number=number) != anchor.content.root:
            return _of(number, "its heads are not those that were signed")
        arguments: dict[str, Any] = {
            "number": number,
            "from_xid": anchor.content.from_xid,
            "until_xid": anchor.content.until_xid,
        }
        if stream is not None:
            arguments["stream"] = stream
        of_stream = "" if stream is None else " AND stream = :stream"
        query = text(_DIFFERENCE.format(heads=HEADS, of_stream=of_stream))
        different = (await session.execute(query, arguments)).first()
        if different is not None:
            return _difference(different, number=number)
        advance(anchor.content.events)
    return None


async def anchors_to_compare(
    *, session: ReadSession, anchors: Sequence[Anchor], streams: Streams
) -> list[Anchor]:
    """Those of the anchors that cover the stream, and were taken since, as ``streams`` says."""
    found = [anchor for anchor in anchors if _taken_since(anchor, streams.changed_since)]
    if streams.stream is None:
        return found
    query = select(anchor_heads.c.anchor).where(anchor_heads.c.stream == streams.stream)
    numbers = set(await session.scalars(query))
    return [anchor for anchor in found if anchor.content.number in numbers]


def _taken_since(anchor: Anchor, since: datetime | None) -> bool:
    return since is None or anchor.content.taken_at >= since


def _wrong_link(anchor: Anchor, before: Anchor | None) -> str | None:
    content = anchor.content
    if anchor.hash != content.hash:
        return "hash is not that of its content"
    if content.previous_hash != (before.hash if before else GENESIS):
        return "previous_hash is not the hash of the anchor before it"
    if content.from_xid != (before.content.until_xid if before else 0):
        return "it does not begin where the anchor before it ends"
    return None


def _wrong_signature(anchor: Anchor, keys: Mapping[str, Ed25519PublicKey]) -> str | None:
    key = keys.get(anchor.content.key_id)
    if key is None:
        return f"signed with the key {anchor.content.key_id}, which is not trusted"
    try:
        key.verify(anchor.signature, anchor.content.signed)
    except InvalidSignature:
        return "signature does not fit"
    return None


def _difference(row: Row[Any], *, number: int) -> ChainBreak:
    if row.found is None or (row.kept_last or 0) > (row.found_last or 0):
        sequence, what = row.kept_last, f"anchor {number} covers it, and it is not there any more"
    elif row.kept is None or row.kept_last < row.found_last:
        sequence, what = row.found_last, f"anchor {number} should cover it and does not"
    elif not row.same_head:
        sequence, what = row.kept_last, f"hash is not the one that anchor {number} covers"
    elif row.kept == row.found:
        sequence = row.first_sequence
        what = (
            f"recorded_at, xid or position of the events {sequence} to {row.kept_last} are not "
            f"those that anchor {number} covers"
        )
    else:
        sequence = row.first_sequence
        what = f"anchor {number} covers {row.kept} events from it on, and {row.found} are there"
    return ChainBreak(stream=row.stream, sequence=sequence, what=what)


def _of(number: int, what: str) -> ChainBreak:
    return ChainBreak(stream=ANCHORS, sequence=number, what=what)
