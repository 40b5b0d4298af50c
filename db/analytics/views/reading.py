"""What the views share: lines by their keys, and sums of amounts."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, func, type_coerce

from db.analytics.sheets import LineT, Sheet
from db.kernel.engine import ReadSession
from meqenet.money import Money


async def lines_of(
    *, session: ReadSession, sheet: Sheet[LineT], keys: Select[str]
) -> tuple[LineT, ...]:
    """The lines of these keys, in their order."""
    wanted: list[str] = list(await session.scalars(keys))
    found = await sheet.load(session=session, keys=wanted)
    return tuple(found[key] for key in wanted)


def sum_of(column: Any) -> ColumnElement[Any]:  # noqa: ANN401 - a column of amounts, null or not
    """The amounts of a column added up, in santim."""
    return func.coalesce(func.sum(type_coerce(column, BigInteger)), 0)


def as_money(santim: int | None) -> Money:
    """A sum of the database's: it adds up BIGINT as NUMERIC, and nothing as null."""
    return Money(int(santim or 0))
