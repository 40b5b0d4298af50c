"""Postings a second, by one writer and by eight, beside a bare INSERT of the same rows."""

import asyncio
import json
from datetime import UTC, datetime
from functools import partial

import asyncpg
from rich.console import Console
from sqlalchemy import URL, make_url

from apps.bench.rates import Rate, rate_table, timed
from apps.runtime.backing import Server, backing_servers
from db.kernel.engine import Database
from db.kernel.migrate import migrate_all
from db.ledger import store
from meqenet.ledger.happenings import InstallmentCollected
from meqenet.money import Money

_POSTINGS = 2_000
_WRITERS = 8
_WARM_UP = 200
_AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
_HASH = bytes(32)
_DOCUMENT = json.dumps({"kind": "installment_collected", "filler": "x" * 400})
"""About as long as what a posting stores."""
_LINES = (
    (1, "provider_clearing:telebirr", "debit"),
    (2, "plan_receivable:pln_bench", "credit"),
    (3, "interest_income:meqenet", "credit"),
)
_TABLES = """
CREATE TABLE transactions (
    plan_id text, posting_id text, happening jsonb NOT NULL, content_hash bytea NOT NULL,
    effective_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (plan_id, posting_id));
CREATE TABLE entries (
    plan_id text, posting_id text, line bigint, account_code text NOT NULL, side text NOT NULL,
    amount_santim bigint NOT NULL, effective_at timestamptz NOT NULL,
    PRIMARY KEY (plan_id, posting_id, line));
CREATE INDEX ON entries (account_code, effective_at);
CREATE TABLE events (
    stream text, stream_sequence bigint, id text NOT NULL, data jsonb NOT NULL,
    hash bytea NOT NULL, previous_hash bytea NOT NULL, effective_at timestamptz NOT NULL,
    PRIMARY KEY (stream, stream_sequence), UNIQUE (stream, id));
"""
_TRANSACTION = "INSERT INTO transactions VALUES ($1, $2, $3, $4, $5)"
_ENTRY = "INSERT INTO entries VALUES ($1, $2, $3, $4, $5, $6, $7)"
_EVENT = "INSERT INTO events VALUES ($1, 1, $2, $3, $4, $5, $6)"


async def measure() -> list[Rate]:
    """Start a PostgreSQL of its own, durable as in production, and post."""
    async with backing_servers(servers=(Server.POSTGRES,), durable=True) as backing:
        admin = make_url(backing.admin_url)
        ledger = admin.set(username="meqenet_ledger", password="bench", database="meqenet_ledger")  # noqa: S106 - of a server that lives for seconds
        url = ledger.render_as_string(hide_password=False)
        await migrate_all(admin_url=backing.admin_url, domain_urls={"ledger": url})
        bare = await _bare_pool(admin)
        database = Database(url=url, connection_count_max=_WRITERS)
        rates = []
        try:
            await _post(database, writers=1, count=_WARM_UP, run="warm")
            for writers in (1, _WRITERS):
                baseline = await timed(
                    f"bare INSERT of the same rows, {writers} writer(s)",
                    count=_POSTINGS,
                    work=partial(_insert, bare, writers=writers, run=f"bare{writers}"),
                )
                posted = await timed(
                    f"postings, {writers} writer(s)",
                    count=_POSTINGS,
                    work=partial(
                        _post, database, writers=writers, count=_POSTINGS, run=f"w{writers}"
                    ),
                    baseline=baseline,
                )
                rates += [baseline, posted]
        finally:
            await database.dispose()
            await bare.close()
    return rates


def _happening(*, run: str, number: int) -> InstallmentCollected:
    plan_id = f"pln_{run}{number:06d}"
    return InstallmentCollected(
        plan_id=plan_id,
        attempt_id=f"{plan_id}-i01-a1",
        provider="telebirr",
        lender="meqenet",
        principal=Money(100_000),
        interest=Money(1_500),
    )


async def _post(database: Database, *, writers: int, count: int, run: str) -> None:
    async def write(first: int) -> None:
        for number in range(first, count, writers):
            happening = _happening(run=run, number=number)
            async with database.write() as session:
                await store.post(
                    session=session,
                    posting_id=happening.attempt_id,
                    happening=happening,
                    effective_at=_AT,
                )

    await asyncio.gather(*(write(first) for first in range(writers)))


async def _bare_pool(admin: URL) -> asyncpg.Pool:
    """Tables of the same columns and keys in a database of their own: no rule, no trigger."""
    dsn = admin.set(drivername="postgresql")
    server = await asyncpg.connect(dsn.render_as_string(hide_password=False))
    await server.execute("CREATE DATABASE bare")
    await server.close()
    bare = dsn.set(database="bare").render_as_string(hide_password=False)
    pool = await asyncpg.create_pool(bare, min_size=_WRITERS, max_size=_WRITERS)
    await pool.execute(_TABLES)
    return pool


async def _insert(pool: asyncpg.Pool, *, writers: int, run: str) -> None:
    async def write(first: int) -> None:
        for number in range(first, _POSTINGS, writers):
            happening = _happening(run=run, number=number)
            plan, posting = happening.plan_id, happening.attempt_id
            lines = [(plan, posting, line, code, side, 1, _AT) for line, code, side in _LINES]
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(_TRANSACTION, plan, posting, _DOCUMENT, _HASH, _AT)
                await connection.executemany(_ENTRY, lines)
                await connection.execute(_EVENT, plan, posting, _DOCUMENT, _HASH, _HASH, _AT)

    await asyncio.gather(*(write(first) for first in range(writers)))


if __name__ == "__main__":
    Console().print(rate_table(title="Postings", rates=asyncio.run(measure())))
