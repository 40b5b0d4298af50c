"""Versions of a document: a seed adds what is missing, and none is ever written over."""

from datetime import date
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import DeclarativeBase


async def keep_version(
    *,
    connection: AsyncConnection,
    table: type[DeclarativeBase],
    key: dict[str, Any],
    effective_from: date,
    document: dict[str, Any],
) -> bool:
    """Add a version where it is missing; whether the one that is stored reads like this one.

    Args:
        connection: of the store's owner, in a transaction.
        table: has the columns of ``key``, ``effective_from`` and ``document``.
        key: of this version, by the names of columns.
        effective_from: the day from which on it counts.
        document: what it says.
    """
    await connection.execute(
        insert(table)
        .values(**key, effective_from=effective_from, document=document)
        .on_conflict_do_nothing()
    )
    columns = inspect(table).columns
    stored = await connection.scalar(
        select(columns["document"]).where(*(columns[name] == value for name, value in key.items()))
    )
    return bool(stored == document)
