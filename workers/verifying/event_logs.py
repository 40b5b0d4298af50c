"""The event log of each store: its chains, and the anchors over them."""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from db.kernel.anchor_check import anchors_to_compare, first_broken_link, first_uncovered
from db.kernel.anchors import all_anchors, unanchored_events
from db.kernel.chains import Streams, count_events, first_chain_break
from db.kernel.engine import Database
from meqenet.event_chain import ChainBreak
from workers.verifying.findings import BadRecord, Checked, Count, Watch


async def check_chains(
    *, domain: str, database: Database, streams: Streams, watch: Watch
) -> Checked:
    """Recompute the hashes of the streams, each from its first event on."""
    what = f"{domain}: event chains"
    async with database.read() as session:
        total = await count_events(session=session, streams=streams)
    watch.begin(what=what, total=total)
    count = Count(watch)
    broken = await first_chain_break(database=database, streams=streams, advance=count)
    return Checked(what=what, count=count.seen, unit="events", bad=_bad(domain, broken))


async def check_anchors(
    *,
    domain: str,
    database: Database,
    streams: Streams,
    trusted: Mapping[str, Ed25519PublicKey],
    watch: Watch,
) -> Checked:
    """Check that anchors follow each other, are signed, and cover what stands in the log."""
    what = f"{domain}: anchors"
    async with database.read() as session:
        anchors = await all_anchors(session=session, domain=domain)
        broken = first_broken_link(anchors=anchors, public_keys=trusted)
        left = await unanchored_events(session=session, after=anchors[-1] if anchors else None)
        note = f"the next one will cover {left} more events" if left else ""
        chosen = await anchors_to_compare(session=session, anchors=anchors, streams=streams)
        watch.begin(what=what, total=sum(anchor.content.events for anchor in chosen))
        if broken is None:
            broken = await first_uncovered(
                session=session, anchors=chosen, stream=streams.stream, advance=watch.advance
            )
    bad = _bad(domain, broken)
    return Checked(what=what, count=len(chosen), unit="anchors", bad=bad, note=note)


def _bad(domain: str, broken: ChainBreak | None) -> BadRecord | None:
    if broken is None:
        return None
    return BadRecord(
        domain=domain, stream=broken.stream, sequence=broken.sequence, what=broken.what
    )
