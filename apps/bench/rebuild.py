"""Rebuild speed of each read model, beside a bare read of the streams that it is made from."""

import asyncio
from functools import partial
from typing import Any, Final

from redis.asyncio import Redis
from rich.console import Console
from sqlalchemy import make_url

from apps.bench.plan_logs import fill
from apps.bench.rates import Rate, rate_table, timed
from apps.runtime.backing import Server, backing_servers
from db.analytics.models import MODELS, ReadModel
from db.kernel.engine import Database
from db.kernel.migrate import migrate_all
from db.kernel.parking import count_parked
from workers.rebuilding import BATCH_MAX, rebuild
from workers.receiving import stream_of
from workers.relay import relay_batch

_PLANS: Final = 2_000
_SOURCE: Final = "bnpl"


async def measure() -> list[Rate]:
    """Publish plans' logs, read them bare, and make every model that they feed anew."""
    servers = (Server.POSTGRES, Server.VALKEY)
    async with backing_servers(servers=servers, durable=True) as backing:
        urls = {
            domain: make_url(backing.admin_url)
            .set(username=f"meqenet_{domain}", password="bench", database=f"meqenet_{domain}")  # noqa: S106 - of a server that lives for seconds
            .render_as_string(hide_password=False)
            for domain in (_SOURCE, "analytics")
        }
        await migrate_all(admin_url=backing.admin_url, domain_urls=urls)
        stores = {domain: Database(url=url) for domain, url in urls.items()}
        redis = Redis.from_url(backing.redis_url)
        try:
            count = await fill(database=stores[_SOURCE], plans=_PLANS)
            while await relay_batch(domain=_SOURCE, database=stores[_SOURCE], redis=redis):
                pass
            bare = await timed(
                "bare XRANGE of the same stream", count=count, work=lambda: _read(redis)
            )
            rates = [bare]
            for model in MODELS.values():
                if _SOURCE in model.sources:
                    work = partial(_rebuild, model, stores["analytics"], redis)
                    rates.append(
                        await timed(f"rebuild {model.name}", count=count, work=work, baseline=bare)
                    )
            async with stores["analytics"].read() as session:
                if parked := await count_parked(session=session):
                    raise RuntimeError(f"some events could not be taken in: {parked}")
        finally:
            await redis.aclose()
            for store in stores.values():
                await store.dispose()
    return rates


async def _rebuild(model: ReadModel, analytics: Database, redis: Redis) -> None:
    await rebuild(
        model=model, database=analytics, redis=redis, on_progress=lambda _passed, _total: None
    )


async def _read(redis: Redis) -> None:
    after = "-"
    while True:
        entries: Any = await redis.xrange(stream_of(source=_SOURCE), min=after, count=BATCH_MAX)
        if not entries:
            return
        after = f"({entries[-1][0].decode()}"


if __name__ == "__main__":
    Console().print(rate_table(title="Rebuild", rates=asyncio.run(measure())))
