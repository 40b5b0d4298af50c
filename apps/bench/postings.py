"""Postings a second, by one writer and by eight, beside a bare INSERT of the same rows."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg
from rich.console import Console
from sqlalchemy import URL, make_url

from apps.bench.rates import Rate, rate_table, timed
from apps.runtime.backing import Server, backing_servers
from db.kernel.engine import Database
from db.kernel.migrate import migrate_all
from db.ledger import store
from meqenet.event_chain import GENESIS, canonical_json
from meqenet.ledger.accounts import AccountName
from meqenet.ledger.events import PostedEntry, TransactionPosted
from meqenet.ledger.happenings import InstallmentCollected
from meqenet.ledger.posting_rules import entries_for
from meqenet.money import Money

_POSTINGS = 2_000
_WRITERS = 8
_ROUNDS = 5
"""What is shown is the round in the middle: one takes a second, and a machine has its moods."""
_WARM_UP = 200
_AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
_TRANSACTION = """
    INSERT INTO transactions (plan_id, posting_id, kind, happening, content_hash, effective_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""
_ACCOUNT = """
    INSERT INTO accounts (code, name, type, normal_side, owner, owner_id)
    VALUES ($1, $2, $3, $4, $5, $6)
"""
_ENTRY = """
    INSERT INTO entries (plan_id, posting_id, line, account_code, side, amount_santim, effective_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_EVENT = """
    INSERT INTO events (stream, stream_sequence, id, type, version, data, effective_at,
        previous_hash, hash)
    VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8)
"""
_WITHOUT_RULES = """
    DO $$
    DECLARE rule record;
    BEGIN
        FOR rule IN SELECT conrelid::regclass AS place, conname FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f')
        LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.place, rule.conname);
        END LOOP;
        FOR rule IN SELECT tgrelid::regclass AS place, tgname FROM pg_trigger WHERE NOT tgisinternal
        LOOP
            EXECUTE format('DROP TRIGGER %I ON %s', rule.tgname, rule.place);
        END LOOP;
    END $$
"""
"""Leaves columns, keys and indexes as they are, and no check, foreign key or trigger."""


async def measure() -> list[Rate]:
    """Start a PostgreSQL of its own, durable as in production, and post."""
    async with backing_servers(servers=(Server.POSTGRES,), durable=True) as backing:
        admin = make_url(backing.admin_url)
        url = await _ledger(admin, name="meqenet_ledger")
        bare = await _bare_connections(admin)
        database = Database(url=url, connection_count_max=_WRITERS)
        rates: list[Rate] = []
        try:
            await _post(database, writers=_WRITERS, count=_WARM_UP, run="warm")
            await _insert(bare, rows=_rows(run="warm", count=_WARM_UP))
            for writers in (1, _WRITERS):
                rounds = [
                    await _round(database, bare, writers=writers, run=f"w{writers}r{number}")
                    for number in range(_ROUNDS)
                ]
                rates += sorted(rounds, key=lambda both: both[1].share or 0)[_ROUNDS // 2]
        finally:
            await database.dispose()
            for connection in bare:
                await connection.close()
    return rates


async def _round(
    database: Database, bare: Sequence[asyncpg.Connection], *, writers: int, run: str
) -> tuple[Rate, Rate]:
    """The baseline, and right after it the postings."""
    rows = _rows(run=run, count=_POSTINGS)
    baseline = await timed(
        f"bare INSERT of the same rows, {writers} writer(s)",
        count=_POSTINGS,
        work=partial(_insert, bare[:writers], rows=rows),
    )
    posted = await timed(
        f"postings, {writers} writer(s)",
        count=_POSTINGS,
        work=partial(_post, database, writers=writers, count=_POSTINGS, run=run),
        baseline=baseline,
    )
    return baseline, posted


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
            # As the ledger's activity does it.
            await store.post_alone(
                database=database,
                posting_id=happening.attempt_id,
                happening=happening,
                effective_at=_AT,
            )

    await asyncio.gather(*(write(first) for first in range(writers)))


async def _ledger(admin: URL, *, name: str) -> str:
    """A migrated ledger store in a database of this name; the URL of its role."""
    url = admin.set(username=name, password="bench", database=name)  # noqa: S106 - of a server that lives for seconds
    written = url.render_as_string(hide_password=False)
    await migrate_all(
        admin_url=admin.render_as_string(hide_password=False), domain_urls={"ledger": written}
    )
    return written


async def _bare_connections(admin: URL) -> list[asyncpg.Connection]:
    """One for each writer, to the same tables in a database of their own, without their rules."""
    await _ledger(admin, name="bare")
    dsn = admin.set(drivername="postgresql", database="bare").render_as_string(hide_password=False)
    connections = [await asyncpg.connect(dsn) for _ in range(_WRITERS)]
    await connections[0].execute(_WITHOUT_RULES)
    return connections


_Rows = dict[str, list[tuple[Any, ...]]]


def _rows(*, run: str, count: int) -> list[_Rows]:
    """What each posting leaves behind, made before the time is taken."""
    return [_rows_of(_happening(run=run, number=number)) for number in range(count)]


def _rows_of(happening: InstallmentCollected) -> _Rows:
    plan, posting = happening.plan_id, happening.attempt_id
    entries = entries_for(happening=happening)
    told = TransactionPosted(
        happening=happening,
        entries=tuple(
            PostedEntry(account=entry.account.code, side=entry.side, amount=entry.amount)
            for entry in entries
        ),
    )
    document, data = (canonical_json(value=value).decode() for value in (happening, told))
    return {
        _TRANSACTION: [(plan, posting, happening.kind, document, GENESIS, _AT)],
        # The accounts that are not the plan's own are there already.
        _ACCOUNT: [
            (
                entry.account.code,
                entry.account.name,
                entry.account.type,
                entry.account.type.normal_side,
                entry.account.owner,
                entry.account.owner_id,
            )
            for entry in entries
            if entry.account.name is AccountName.PLAN_RECEIVABLE
        ],
        _ENTRY: [
            (plan, posting, line, entry.account.code, entry.side, entry.amount.santim, _AT)
            for line, entry in enumerate(entries, start=1)
        ],
        _EVENT: [(plan, posting, told.event_type, told.version, data, _AT, GENESIS, GENESIS)],
    }


async def _insert(connections: Sequence[asyncpg.Connection], *, rows: Sequence[_Rows]) -> None:
    async def write(first: int) -> None:
        connection = connections[first]
        for of_posting in rows[first :: len(connections)]:
            async with connection.transaction():
                for statement, of_table in of_posting.items():
                    if len(of_table) == 1:
                        await connection.execute(statement, *of_table[0])
                    else:
                        await connection.executemany(statement, of_table)

    await asyncio.gather(*(write(first) for first in range(len(connections))))


if __name__ == "__main__":
    Console().print(rate_table(title="Postings", rates=asyncio.run(measure())))
