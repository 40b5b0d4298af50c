"""Whether holds and closed periods are what the events of the books tell."""

import hashlib
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Row, text

from db.kernel.chains import lift_limits
from db.kernel.engine import ReadSession
from db.ledger.proof import BooksBreak
from meqenet.event_chain import canonical_json

_PER_PAGE: Final = 2000
_HOLDS: Final = """
    SELECT coalesce(h.plan_id, e.stream) AS stream, coalesce(h.hold_id, e.data ->> 'hold_id') AS id,
        e.stream_sequence AS sequence, h.hold_id IS NOT NULL AS is_there,
        e.stream IS NOT NULL AS is_told, h.happening, h.content_hash,
        (h.account_code, h.amount_santim, h.happening, h.placed_at, h.expires_at)
            IS NOT DISTINCT FROM (
                e.data ->> 'account', CAST(e.data #>> '{amount,santim}' AS bigint),
                e.data -> 'happening', e.effective_at,
                CAST(e.data ->> 'expires_at' AS timestamptz)) AS agrees
    FROM holds AS h FULL JOIN (SELECT * FROM events WHERE type = 'hold_placed') AS e
        ON e.stream = h.plan_id AND e.data ->> 'hold_id' = h.hold_id
"""
_ENDS: Final = """
    SELECT coalesce(h.plan_id, e.stream) AS stream, coalesce(h.hold_id, e.data ->> 'hold_id') AS id,
        e.stream_sequence AS sequence, h.hold_id IS NOT NULL AS is_there,
        e.stream IS NOT NULL AS is_told, NULL AS happening, NULL AS content_hash,
        (h.state, h.reason, h.ended_at) IS NOT DISTINCT FROM (
            e.data ->> 'state', e.data ->> 'reason', e.effective_at)
            AND (h.posting_id IS NULL) = (h.state <> 'posted') AS agrees
    FROM hold_ends AS h FULL JOIN (SELECT * FROM events WHERE type = 'hold_ended') AS e
        ON e.stream = h.plan_id AND e.data ->> 'hold_id' = h.hold_id
"""
_PERIODS: Final = """
    SELECT coalesce(e.stream, 'closed_periods') AS stream,
        coalesce(CAST(p.last_day AS text), e.data ->> 'last_day') AS id,
        e.stream_sequence AS sequence, p.last_day IS NOT NULL AS is_there,
        e.stream IS NOT NULL AS is_told, NULL AS happening, NULL AS content_hash,
        (p.kind, p.closed_until, p.closed_by, p.reason, p.closed_at) IS NOT DISTINCT FROM (
            e.data ->> 'kind', CAST(e.data ->> 'closed_until' AS timestamptz),
            e.data ->> 'closed_by', e.data ->> 'reason', e.effective_at) AS agrees
    FROM closed_periods AS p FULL JOIN (SELECT * FROM events WHERE type = 'period_closed') AS e
        ON e.data ->> 'last_day' = CAST(p.last_day AS text)
"""
_PROOFS: Final = (("hold", _HOLDS), ("end of hold", _ENDS), ("closed period", _PERIODS))


async def first_bad_wait(
    *, session: ReadSession, plan_id: str | None, advance: Callable[[int], None]
) -> BooksBreak | None:
    """Hold holds, their ends and closed periods to their events; None when all of them agree.

    Args:
        session: a transaction over one snapshot of the store.
        plan_id: only what is this plan's; None is everything.
        advance: told of how many more records agree.
    """
    await lift_limits(session=session)
    for name, query in _PROOFS:
        wanted = text(
            f"SELECT * FROM ({query}) AS found "  # noqa: S608 - our own words
            "WHERE CAST(:plan AS text) IS NULL OR stream = :plan ORDER BY stream, id"
        )
        found = await session.stream(
            wanted.execution_options(yield_per=_PER_PAGE), {"plan": plan_id}
        )
        async for row in found:
            what = _wrong(row)
            if what is not None:
                told = f"{name} {row.id}: {what}"
                return BooksBreak(stream=row.stream, sequence=row.sequence, what=told)
            advance(1)
    return None


def _wrong(row: Row[Any]) -> str | None:
    if not row.is_there:
        return "an event tells of it, and there is none"
    if not row.is_told:
        return "no event tells of it"
    if not row.agrees:
        return "not as its event tells"
    if row.content_hash is not None:
        digest = hashlib.sha256(canonical_json(value=row.happening)).digest()
        if digest != row.content_hash:
            return "content_hash is not that of the happening"
    return None
