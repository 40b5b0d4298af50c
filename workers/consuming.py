"""A consumer: it reads what the relays publish and keeps its place beside the effect.

Position and effect are one transaction, so each event has its effect once, whether Redis delivers
it twice, loses everything and gets it again, or two consumers of one model run at once.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from itertools import groupby
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from db.analytics.models import ReadModel
from db.kernel import inbox, parking
from db.kernel.engine import Database
from db.kernel.failures import sqlstate
from db.kernel.inbox import Reached
from db.kernel.outbox import START
from db.kernel.parking import Failure, Queue
from meqenet.errors import Unavailable
from workers.intake import PAUSES, Retried, failure_of, take_in, take_parked
from workers.pacing import REST_SECONDS_MAX, REST_SECONDS_MIN, rest, rest_seconds
from workers.receiving import Arrival, receive

BATCH_MAX: Final = 250
"""Events of each source in one transaction."""
_WAIT_MILLISECONDS: Final = 1000
_RETRY_EVERY_SECONDS: Final = 2.0
_QUEUES_MAX: Final = 100
_AWAY: Final = (Unavailable, RedisError, OSError)
"""A server is away: nothing is wrong with any event."""

_OF_THE_DATA: Final = ("22", "23")
"""SQLSTATE classes: data exception, integrity constraint violation."""

_log = logging.getLogger(__name__)


class Step(Enum):
    """What came of one step."""

    MOVED = "moved"
    """Events were taken in, or parked."""
    QUIET = "quiet"
    """There is nothing to take in."""
    HELD_UP = "held_up"
    """There is, and it cannot be taken in now: another consumer is at it, or it is unreadable."""


@dataclass(kw_only=True)
class Consumer:
    """Keeps one read model. ``pauses``: after which a failed event is tried again by itself."""

    model: ReadModel
    database: Database
    redis: Redis
    pauses: Sequence[timedelta] = PAUSES
    batch_max: int = BATCH_MAX
    _retried_at_seconds: float = field(default=0.0, init=False)
    _is_behind: bool = field(default=False, init=False)
    _reached: Mapping[str, Reached] | None = field(default=None, init=False)
    """Where the last step has come to, if it has moved. A step that finds nothing reads anew: the
    model may have been set back meanwhile."""
    _worked_seconds: float = field(default=0.0, init=False)
    """What taking in the last events took."""

    async def run(self, *, stop: asyncio.Event) -> None:
        """Take events in until ``stop`` is set. Any number may run at once: one at a time does."""
        pause = REST_SECONDS_MIN
        while not stop.is_set():
            try:
                step = await self.step(wait_milliseconds=_WAIT_MILLISECONDS)
                await self._retry_now_and_then()
            except _AWAY as error:
                _log.warning("%s waits: %s", self.model.name, type(error).__name__)
                step, pause = Step.HELD_UP, REST_SECONDS_MAX
            if step is not Step.HELD_UP:
                pause = rest_seconds(worked_seconds=self._worked_seconds)
            if step is Step.QUIET or (step is Step.MOVED and self._is_behind):
                continue
            # What follows within this pause is taken in together, and not one by one.
            await rest(stop=stop, seconds=pause)
            pause = min(2 * pause, REST_SECONDS_MAX)

    async def step(self, *, wait_milliseconds: int | None = None) -> Step:
        """Take in the next events, waiting for the first one if there is none.

        Raises:
            Unavailable: the database cannot be reached.
            redis.exceptions.RedisError: Redis cannot be reached.
        """
        reached, self._reached = self._reached, None
        if reached is None:
            async with self.database.write() as session:
                # Not of a replica: it may be behind, and this place would never be the right one.
                reached = await inbox.read_reached(session=session, consumer=self.model.name)
        delivery = await receive(
            redis=self.redis,
            after={
                source: reached[source].position if source in reached else START
                for source in self.model.sources
            },
            limit=self.batch_max,
            wait_milliseconds=wait_milliseconds,
        )
        for source in delivery.unreadable:
            _log.error("the stream of %s has an entry that is no event; see docs/stores.md", source)
        if not delivery.arrivals:
            return Step.HELD_UP if delivery.unreadable else Step.QUIET
        clock = asyncio.get_running_loop().time
        began_at = clock()
        place, passed = await self._take(delivery.arrivals, reached)
        self._worked_seconds = clock() - began_at
        self._reached = place if passed == len(delivery.arrivals) else None
        self._is_behind = passed >= self.batch_max
        return Step.MOVED if passed else Step.HELD_UP

    async def retry_due(self) -> int:
        """Try parked events again whose time has come; how many queues there were."""
        async with self.database.write() as session:
            queues = await parking.due_queues(
                session=session, consumer=self.model.name, limit=_QUEUES_MAX
            )
        for queue in queues:
            await retry_queue(
                model=self.model, database=self.database, queue=queue, pauses=self.pauses
            )
        return len(queues)

    async def _retry_now_and_then(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._retried_at_seconds >= _RETRY_EVERY_SECONDS:
            self._retried_at_seconds = now
            await self.retry_due()

    async def _take(
        self, arrivals: Sequence[Arrival], reached: Mapping[str, Reached]
    ) -> tuple[Mapping[str, Reached], int]:
        """Take in all; when the database refuses them, by halves, until the one at fault is alone.

        Returns:
            How far the consumer has come, and how many events it has passed.
        """
        try:
            return await self._commit(arrivals, reached)
        except Exception as error:
            if not _is_of_the_data(error):
                raise
            if len(arrivals) == 1:
                return await self._commit(arrivals, reached, condemned=failure_of(error=error))
            _log.warning("%s tries fewer at once: %s", self.model.name, type(error).__name__)
        half = len(arrivals) // 2
        between, first = await self._take(arrivals[:half], reached)
        if first == 0:
            return between, 0
        after, second = await self._take(arrivals[half:], between)
        return after, first + second

    async def _commit(
        self,
        arrivals: Sequence[Arrival],
        reached: Mapping[str, Reached],
        *,
        condemned: Failure | None = None,
    ) -> tuple[Mapping[str, Reached], int]:
        name = self.model.name
        async with self.database.write() as session:
            if not await inbox.try_lock_consumer(session=session, consumer=name):
                return reached, 0
            if await inbox.read_reached(session=session, consumer=name) != reached:
                return reached, 0
            await take_in(
                session=session,
                model=self.model,
                arrivals=arrivals,
                condemned=condemned,
                pauses=self.pauses,
            )
            moved = _moved(arrivals, reached)
            for source, place in moved.items():
                await inbox.store_reached(
                    session=session, consumer=name, source=source, reached=place
                )
        return {**reached, **moved}, len(arrivals)


async def retry_queue(
    *, model: ReadModel, database: Database, queue: Queue, pauses: Sequence[timedelta] = PAUSES
) -> Retried:
    """Try one stream's parked events again, from the first.

    Raises:
        Unavailable: the database cannot be reached.
    """
    try:
        async with database.write() as session:
            return await take_parked(session=session, model=model, queue=queue, pauses=pauses)
    except Exception as error:
        if not _is_of_the_data(error):
            raise
        _log.warning("%s tries one at a time: %s", model.name, type(error).__name__)
    taken = 0
    while True:
        one = await _retry_head(model=model, database=database, queue=queue, pauses=pauses)
        taken += one.taken
        if one.taken == 0 or one.is_empty:
            return Retried(taken=taken, is_empty=one.is_empty)


async def _retry_head(
    *, model: ReadModel, database: Database, queue: Queue, pauses: Sequence[timedelta]
) -> Retried:
    condemned = None
    try:
        async with database.write() as session:
            return await take_parked(
                session=session, model=model, queue=queue, limit=1, pauses=pauses
            )
    except Exception as error:
        if not _is_of_the_data(error):
            raise
        condemned = failure_of(error=error)
    async with database.write() as session:
        return await take_parked(
            session=session,
            model=model,
            queue=queue,
            limit=1,
            condemned=condemned,
            pauses=pauses,
        )


def _is_of_the_data(error: Exception) -> bool:
    """Whether the database, or the way to it, refuses what an event would have it store.

    A server that is away says nothing of events; a missing table or right is a person's matter,
    and must not have every event parked.
    """
    if isinstance(error, DBAPIError):
        state = sqlstate(error=error)
        return state is not None and state.startswith(_OF_THE_DATA)
    return isinstance(error, TypeError | ValueError | ArithmeticError)


def _moved(arrivals: Sequence[Arrival], reached: Mapping[str, Reached]) -> dict[str, Reached]:
    moved = {}
    for source, found in groupby(arrivals, key=lambda arrival: arrival.event.source):
        of_source = list(found)
        before = reached[source].passed if source in reached else 0
        moved[source] = Reached(
            position=of_source[-1].event.position, passed=before + len(of_source)
        )
    return moved
