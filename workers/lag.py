"""How far the read models are behind what the relays have published."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from redis.asyncio import Redis

from db.analytics.models import ReadModel
from db.kernel import inbox, parking
from db.kernel.engine import Database
from db.kernel.inbox import Reached
from db.kernel.outbox import START
from workers.receiving import published, receive

_NOWHERE: Final = Reached(position=START, passed=0)


@dataclass(frozen=True, kw_only=True)
class Lag:
    """How far one model is behind in one source.

    Attributes:
        events: published and not taken in yet.
        seconds: for how long the oldest of them has been stored; zero when there is none.
        parked: could not be taken in, or wait behind one that could not.
    """

    model: str
    source: str
    events: int
    seconds: int
    parked: int


async def measure_lag(
    *, models: Collection[ReadModel], database: Database, redis: Redis, at: datetime
) -> tuple[Lag, ...]:
    """The lag of every model in each of its sources.

    Args:
        models: which ones.
        database: the store that they stand in.
        redis: where the relays publish.
        at: now, by the clock of whoever asks.

    Raises:
        Unavailable: the database cannot be reached.
        redis.exceptions.RedisError: Redis cannot be reached.
    """
    lags = []
    async with database.write() as session:
        reached = {
            model.name: await inbox.read_reached(session=session, consumer=model.name)
            for model in models
        }
        parked = await parking.count_parked(session=session)
    for model in models:
        for source in model.sources:
            place = reached[model.name].get(source, _NOWHERE)
            events, seconds = await _behind(redis, source=source, place=place, at=at)
            lag = Lag(
                model=model.name,
                source=source,
                events=events,
                seconds=seconds,
                parked=parked.get((model.name, source), 0),
            )
            lags.append(lag)
    return tuple(lags)


def as_prometheus(*, lags: Iterable[Lag]) -> str:
    """The lags in Prometheus' text format (version 0.0.4)."""
    lines = []
    for name, text in _METRICS.items():
        lines.append(f"# HELP meqenet_read_model_{name} {text}")
        lines.append(f"# TYPE meqenet_read_model_{name} gauge")
        for lag in lags:
            labels = f'model="{lag.model}",source="{lag.source}"'
            value = getattr(lag, name.removeprefix("lag_").removesuffix("_events"))
            lines.append(f"meqenet_read_model_{name}{{{labels}}} {value}")
    return "\n".join(lines) + "\n"


_METRICS: Final = {
    "lag_events": "Events published and not taken in yet.",
    "lag_seconds": "For how long the oldest event that was not taken in has been stored.",
    "parked_events": "Events that could not be taken in, or wait behind one.",
}


async def _behind(redis: Redis, *, source: str, place: Reached, at: datetime) -> tuple[int, int]:
    """Events and seconds behind. A Redis that is being filled again is not ahead of anybody."""
    stream = await published(redis=redis, source=source)
    if stream.newest <= place.position:
        return 0, 0
    delivery = await receive(
        redis=redis, after={source: place.position}, limit=1, wait_milliseconds=None
    )
    oldest = [arrival.event.recorded_at for arrival in delivery.arrivals]
    seconds = max((int((at - since).total_seconds()) for since in oldest), default=0)
    return max(stream.entries - place.passed, 1), max(seconds, 0)
