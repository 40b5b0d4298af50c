"""Insert a row once, however often it is asked for."""

from typing import Any

from sqlalchemy import literal
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase

from db.kernel.engine import WriteSession


async def insert_once(
    *, session: WriteSession, table: type[DeclarativeBase], values: dict[str, Any]
) -> bool:
    """Whether the row is new. When it was there already, by any unique key, it stays as it is.

    A row of the same key that another transaction is just inserting is waited for.
    """
    inserted = await session.execute(
        insert(table).values(values).on_conflict_do_nothing().returning(literal(1))
    )
    return inserted.first() is not None
