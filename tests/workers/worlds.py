"""A small world of its own: stores of the domains that feed the read models, and a Redis."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from redis.asyncio import Redis
from sqlalchemy import make_url, text

from apps.runtime.backing import Backing
from db.analytics.models import MODELS, ReadModel
from db.kernel.engine import Database
from db.kernel.parking import ParkedEvent, list_parked
from tests.backing import own_stores
from workers.consuming import Consumer, Step
from workers.relay import relay_batch

SOURCES: Final = ("bnpl", "credit", "payments", "settlement", "ledger")
_REDIS_NUMBER: Final = 7
"""A Redis of one server keeps sixteen apart; the other tests use the first."""
AT_ONCE: Final = (timedelta(0), timedelta(0), timedelta(0))
"""Failed events are due again at once: no test waits."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Databases by domain, and the Redis between them."""

    stores: Mapping[str, Database]
    redis: Redis
    redis_url: str = field(repr=False)
    analytics_url: str = field(repr=False)

    def __getitem__(self, domain: str) -> Database:
        return self.stores[domain]

    @property
    def analytics(self) -> Database:
        return self.stores["analytics"]

    def consumer(self, name: str, *, batch_max: int = 50) -> Consumer:
        return Consumer(
            model=MODELS[name],
            database=self.analytics,
            redis=self.redis,
            pauses=AT_ONCE,
            batch_max=batch_max,
        )

    async def relay(self, *, sources: Sequence[str] = SOURCES) -> int:
        """Publish everything that there is."""
        count = 0
        for source in sources:
            while moved := await relay_batch(
                domain=source, database=self.stores[source], redis=self.redis
            ):
                count += moved
        return count

    async def consume(self, *, names: Collection[str] = tuple(MODELS), batch_max: int = 50) -> None:
        """Take in everything that is published."""
        for name in names:
            consumer = self.consumer(name, batch_max=batch_max)
            while (step := await consumer.step()) is Step.MOVED:
                pass
            assert step is Step.QUIET

    async def catch_up(self) -> None:
        """Publish and take in."""
        await self.relay()
        await self.consume()

    async def dump(self, *, names: Collection[str] = tuple(MODELS)) -> dict[str, str]:
        """Every byte of the models and of what they have read, in the order of the keys."""
        found = {}
        async with self.analytics.read() as session:
            for table in self._tables(names):
                rows = await session.scalars(text(f'SELECT t::text FROM "{table}" t'))  # noqa: S608 - names of our own tables
                found[table] = "\n".join(sorted(rows))
            rows = await session.scalars(
                text("SELECT t::text FROM inbox_streams t WHERE consumer = ANY(:names)"),
                {"names": list(names)},
            )
            found["inbox_streams"] = "\n".join(sorted(rows))
        return found

    async def parked(self) -> list[ParkedEvent]:
        async with self.analytics.read() as session:
            return await list_parked(session=session, limit=1000)

    async def run(self, domain: str, statement: str, **values: str | int) -> None:
        """Change a store behind everybody's back."""
        async with self.stores[domain].write() as session:
            await session.execute(text(statement), values)

    @staticmethod
    def _tables(names: Collection[str]) -> list[str]:
        models: list[ReadModel] = [MODELS[name] for name in names]
        return [table.name for model in models for table in model.tables]


@asynccontextmanager
async def made_world(*, backing: Backing, name: str) -> AsyncIterator[World]:
    """Databases that nobody else writes to, dropped at the end."""
    domains = (*SOURCES, "analytics")
    redis_url = (
        make_url(backing.redis_url)
        .set(database=str(_REDIS_NUMBER))
        .render_as_string(hide_password=False)
    )
    async with own_stores(admin_url=backing.admin_url, name=name, domains=domains) as urls:
        stores = {
            domain: Database(url=url, connection_count_max=20) for domain, url in urls.items()
        }
        redis = Redis.from_url(redis_url)
        await redis.flushdb()
        yield World(
            stores=stores, redis=redis, redis_url=redis_url, analytics_url=urls["analytics"]
        )
        await redis.aclose()
        for store in stores.values():
            await store.dispose()
