"""The portfolio's days: how many attempts ended how, which is a sum over all plans.

The model and its position in the events of payments are read of one moment, and the events up to
that position are summed up; so they are compared exactly, however much is going on.
"""

from typing import Any, Final

from sqlalchemy import select, tuple_

from db.analytics.models import COLLECTIONS
from db.analytics.tables import CollectionDay
from db.kernel.engine import Database
from db.kernel.inbox import Reached, read_reached
from db.kernel.outbox import as_xid
from db.kernel.tables import events
from meqenet.analytics.portfolio import ENDINGS
from meqenet.event_chain import EventContent
from workers.settings import Domain
from workers.verifying.findings import BadRecord, Checked, Count, Watch
from workers.verifying.read_models import Malformed, difference, take_in

_MODEL: Final = "portfolio"
_SOURCE: Final[Domain] = "payments"
_PER_PAGE: Final = 2000


async def check_collection_days(
    *, analytics: Database, payments: Database, watch: Watch
) -> Checked:
    """Hold the sums of every day to the events that they are made of."""
    what = "collections by day"
    watch.begin(what=what, total=None)
    async with analytics.read() as session:
        reached = (await read_reached(session=session, consumer=_MODEL)).get(_SOURCE)
        keys = list(await session.scalars(select(CollectionDay.day_key)))
        stored = await COLLECTIONS.load(session=session, keys=keys)
    count = Count(watch)
    try:
        made = {} if reached is None else await _made(payments, reached=reached, count=count)
    except Malformed as malformed:
        return Checked(what=what, count=count.seen, unit="attempts", bad=malformed.bad)
    bad = None
    for key in sorted({*stored, *made}):
        differs = difference(name=_MODEL, stored=stored.get(key), expected=made.get(key))
        if differs is not None:
            bad = BadRecord(domain="analytics", stream=key, sequence=None, what=differs)
            break
    return Checked(what=what, count=count.seen, unit="attempts", bad=bad)


async def _made(payments: Database, *, reached: Reached, count: Count) -> dict[str, Any]:
    """The lines that the events up to a position make: one per day, provider and outcome."""
    types = [name.removeprefix(f"{_SOURCE}.") for name in ENDINGS]
    lines: dict[str, Any] = {}
    place = (as_xid(reached.position), reached.position.number)
    query = (
        select(events)
        .where(
            events.c.type.in_(types),
            tuple_(events.c.xid, events.c.position) <= tuple_(*place),
        )
        .order_by(events.c.xid, events.c.position)
    )
    async with payments.read() as session:
        found = await session.stream(query.execution_options(yield_per=_PER_PAGE))
        async for row in found:
            content = EventContent(
                event_id=row.id,
                stream=row.stream,
                sequence=row.stream_sequence,
                event_type=row.type,
                version=row.version,
                data=row.data,
                effective_at=row.effective_at,
            )
            take_in(sheet=COLLECTIONS, lines=lines, source=_SOURCE, content=content)
            count(1)
    return lines
