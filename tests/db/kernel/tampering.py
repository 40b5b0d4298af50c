"""Single flipped bits in stored rows, by somebody who may write anywhere."""

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

Json = dict[str, "Json"] | list["Json"] | str | int | bool | None
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COLUMNS = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_name = :table ORDER BY ordinal_position
"""


def dice(*, seed: int) -> random.Random:
    """The same throws in every run."""
    return random.Random(seed)  # noqa: S311 - nothing here is a secret


async def columns_of(admin: AsyncEngine, *, table: str) -> dict[str, str]:
    """Every column of a table, and its type."""
    async with admin.connect() as connection:
        rows = await connection.execute(text(_COLUMNS), {"table": table})
        return {row.column_name: row.data_type for row in rows}


@asynccontextmanager
async def flipped(
    admin: AsyncEngine, *, table: str, column: str, kind: str, where: str, chance: random.Random
) -> AsyncIterator[str]:
    """One bit of one stored value is another one while the block runs; yields what was done.

    Triggers and foreign keys do not see it, as they do not see a failing disk.
    """
    async with admin.begin() as connection:
        found = await connection.execute(
            text(f"SELECT CAST(ctid AS text), CAST({column} AS text) FROM {table} WHERE {where}")  # noqa: S608 - the test's own words
        )
        place, before = found.one()
    after = _flip(before, kind=kind, chance=chance)
    place = await _put(admin, table=table, column=column, kind=kind, place=place, to=after)
    try:
        yield f"{table}.{column}: {before} -> {after}"
    finally:
        await _put(admin, table=table, column=column, kind=kind, place=place, to=before)


async def _put(
    admin: AsyncEngine, *, table: str, column: str, kind: str, place: str, to: str
) -> str:
    value = "'" + to.replace("'", "''") + "'"
    async with admin.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        moved = await connection.exec_driver_sql(
            f"UPDATE {table} SET {column} = CAST({value} AS {kind}) "  # noqa: S608 - the same
            f"WHERE ctid = '{place}' RETURNING CAST(ctid AS text)"
        )
        return str(moved.scalar_one())


def _flip(stored: str, *, kind: str, chance: random.Random) -> str:
    match kind:
        case "bytea":
            raw = bytearray.fromhex(stored.removeprefix("\\x"))
            raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
            return "\\x" + raw.hex()
        case "bigint" | "integer" | "xid8":
            # Not the lowest bits: the next number may be taken, and the index would not have it.
            return str(int(stored) ^ (1 << chance.randrange(4, 16)))
        case "timestamp with time zone":
            count = (datetime.fromisoformat(stored) - _EPOCH) // _MICROSECOND
            count ^= 1 << chance.randrange(40)
            return (_EPOCH + count * _MICROSECOND).isoformat()
        case "jsonb":
            return json.dumps(_flipped_json(json.loads(stored), chance=chance))
        case _:
            return _flipped_text(stored, chance=chance)


def _flipped_json(value: Json, *, chance: random.Random) -> Json:
    """The same with one bit changed in one key or one leaf."""
    changed: Json = 0
    match value:
        case dict() if value:
            key = chance.choice(sorted(value))
            if chance.randrange(5) == 0:
                other = _flipped_text(key, chance=chance)
                changed = {other if name == key else name: value[name] for name in value}
            else:
                changed = {**value, key: _flipped_json(value[key], chance=chance)}
        case list() if value:
            place = chance.randrange(len(value))
            changed = [*value]
            changed[place] = _flipped_json(value[place], chance=chance)
        case bool():
            changed = not value
        case int():
            changed = value ^ (1 << chance.randrange(12))
        case str() if value:
            changed = _flipped_text(value, chance=chance)
        case _:
            pass
    return changed


def _flipped_text(value: str, *, chance: random.Random) -> str:
    at = chance.randrange(len(value))
    # The lowest five bits of a letter or digit: what comes out is a character that can be stored.
    other = chr(ord(value[at]) ^ (1 << chance.randrange(5)))
    return value[:at] + other + value[at + 1 :]
