"""Events relayed a second, beside a bare XADD of the same bytes."""

import asyncio
from typing import Any, Final

from redis.asyncio import Redis
from rich.console import Console
from sqlalchemy import make_url

from apps.bench.plan_logs import fill
from apps.bench.rates import Rate, rate_table, timed
from apps.runtime.backing import Server, backing_servers
from db.kernel.engine import Database
from db.kernel.migrate import migrate_all
from workers.receiving import stream_of
from workers.relay import relay_batch

_PLANS: Final = 2_000
_DOMAIN: Final = "bnpl"


async def measure() -> list[Rate]:
    """Relay a store that was filled before, then put the same entries into a stream by hand."""
    servers = (Server.POSTGRES, Server.VALKEY)
    async with backing_servers(servers=servers, durable=True) as backing:
        url = make_url(backing.admin_url).set(
            username="meqenet_bnpl",
            password="bench",  # noqa: S106 - of a server that lives for seconds
            database="meqenet_bnpl",
        )
        text = url.render_as_string(hide_password=False)
        await migrate_all(admin_url=backing.admin_url, domain_urls={_DOMAIN: text})
        database, redis = Database(url=text), Redis.from_url(backing.redis_url)
        try:
            count = await fill(database=database, plans=_PLANS)
            relayed = await timed(
                "events relayed", count=count, work=lambda: _relay(database, redis)
            )
            entries: Any = await redis.xrange(stream_of(source=_DOMAIN))
            if len(entries) != count:
                raise RuntimeError(f"{count} events were stored, {len(entries)} are published")
            bare = await timed(
                "bare XADD of the same bytes", count=count, work=lambda: _add(redis, entries)
            )
        finally:
            await redis.aclose()
            await database.dispose()
    held = Rate(what=relayed.what, count=count, seconds=relayed.seconds, baseline=bare)
    return [bare, held]


async def _relay(database: Database, redis: Redis) -> None:
    while await relay_batch(domain=_DOMAIN, database=database, redis=redis):
        pass


async def _add(redis: Redis, entries: list[tuple[bytes, dict[Any, Any]]]) -> None:
    for entry_id, fields in entries:
        await redis.xadd("bare", fields, id=entry_id)


if __name__ == "__main__":
    Console().print(rate_table(title="Relay", rates=asyncio.run(measure())))
