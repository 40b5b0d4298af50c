"""Anchoring a domain's event chains: at a set interval, what they have come to is signed.

Every worker of the domain tries, and one of them does it (see :mod:`db.kernel.anchors`). An anchor
covers so few events that the relay, which waits for the transaction that writes it, hardly notices;
what is left over gets the next anchor at once.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from db.kernel.anchors import EVENTS_PER_ANCHOR_MAX, Signer, horizon, take_anchor
from db.kernel.engine import Database
from meqenet.errors import Unavailable
from workers.pacing import rest

_RETRY_SECONDS: Final = 10

_log = logging.getLogger(__name__)


async def run_anchoring(
    *,
    domain: str,
    database: Database,
    signer: Signer,
    interval: timedelta,
    clock: Callable[[], datetime],
    stop: asyncio.Event,
) -> None:
    """Take anchors until ``stop`` is set. Any number may run at once.

    Raises:
        Defect: ``anchor_of_another_cluster``: see docs/stores.md.
    """
    while not stop.is_set():
        pause_seconds = interval.total_seconds()
        try:
            # Half an interval, so that several workers take turns without waiting for each other.
            await take_anchors(
                domain=domain,
                database=database,
                signer=signer,
                at=clock(),
                not_since=clock() - interval / 2,
            )
        except (Unavailable, OSError) as error:
            _log.warning("the anchor of %s waits: %s", domain, type(error).__name__)
            pause_seconds = min(pause_seconds, _RETRY_SECONDS)
        await rest(stop=stop, seconds=pause_seconds)


async def take_anchors(
    *,
    domain: str,
    database: Database,
    signer: Signer,
    at: datetime,
    not_since: datetime | None = None,
    events_max: int = EVENTS_PER_ANCHOR_MAX,
) -> int:
    """Anchor everything that has happened by now, each anchor in a transaction of its own.

    Args:
        domain: whose store it is.
        database: the store.
        signer: the key.
        at: now.
        not_since: take none when the newest was taken at or after this instant.
        events_max: how many events one anchor covers at most.

    Returns:
        How many anchors were taken.

    Raises:
        Defect: ``anchor_of_another_cluster``.
        Unavailable: the database cannot be reached.
    """
    taken = 0
    async with database.write() as session:
        by_now = await horizon(session=session)
    while True:
        async with database.write() as session:
            anchor = await take_anchor(
                session=session,
                domain=domain,
                signer=signer,
                at=at,
                not_since=None if taken else not_since,
                events_max=events_max,
            )
        if anchor is None:
            return taken
        taken += 1
        # A witness outside of the database: see docs/verify.md.
        _log.info("anchor %s of %s is %s", anchor.content.number, domain, anchor.hash.hex())
        if anchor.content.until_xid >= by_now:
            return taken
