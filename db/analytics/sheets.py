"""A sheet: the table of one kind of line, and how its lines are read, changed and written.

A line is a dataclass of :mod:`meqenet.analytics`; columns have the names of its fields. A line may
have parts, which stand in a table of their own under the line's key.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from functools import cache
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from sqlalchemy import Column, RowMapping, Table, Text, any_, delete, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase

from db.kernel.engine import ReadSession, WriteSession
from meqenet.analytics.facts import Fact
from meqenet.money import Money

_SANTIM: Final = "_santim"


class _Line(Protocol):
    """A dataclass of :mod:`meqenet.analytics`."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


LineT = TypeVar("LineT", bound=_Line)


class KeyOf(Protocol):
    """Names the line that a fact changes, if it changes one."""

    def __call__(self, *, fact: Fact) -> str | None:
        """The line's key."""
        ...


class Fold(Protocol[LineT]):
    """Gives the line after a fact."""

    def __call__(self, *, before: LineT, fact: Fact) -> LineT:
        """The line, changed."""
        ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of a line: the line's field that holds them, their class and their table."""

    field: str
    part: type[Any]
    mapped: type[DeclarativeBase]


@dataclass(frozen=True, kw_only=True)
class Sheet(Generic[LineT]):
    """Lines of one kind. The line's first field is its key, and the table's first column.

    Attributes:
        line: the line's class.
        mapped: its table.
        key_of: which line a fact changes.
        fold: how.
        parts: where its parts are, if it has any.
    """

    line: Callable[..., LineT]
    mapped: type[DeclarativeBase]
    key_of: KeyOf
    fold: Fold[LineT]
    parts: Parts | None = None

    def blank(self, *, key: str) -> LineT:
        """The line before anything has been told."""
        return self.line(**{_key(self.mapped).name: key})

    async def load(self, *, session: ReadSession, keys: Iterable[str]) -> dict[str, LineT]:
        """The lines of these keys that there are."""
        wanted = list(keys)
        lines = {
            key: self.line(**_values(row, table=_table(self.mapped)))
            for key, row in (await _rows(session, self.mapped, wanted))
        }
        if self.parts is not None:
            for key, found in (await self._load_parts(session, self.parts, wanted)).items():
                lines[key] = replace(lines[key], **{self.parts.field: tuple(found)})
        return lines

    async def save(self, *, session: WriteSession, lines: Mapping[str, LineT]) -> None:
        """Write the lines over what stands under their keys."""
        if not lines:
            return
        skipped = {self.parts.field} if self.parts else set()
        rows = [_row(line, skipped=skipped) for line in lines.values()]
        await _upsert(session, _table(self.mapped), rows)
        if self.parts is not None:
            key = _key(self.mapped).name
            parts = [
                {key: of, **_row(part)}
                for of, line in lines.items()
                for part in getattr(line, self.parts.field)
            ]
            await _upsert(session, _table(self.parts.mapped), parts)

    async def clear(self, *, session: WriteSession) -> None:
        """Drop all lines."""
        for table in self.tables:
            await session.execute(delete(table))

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that the lines stand in."""
        mapped = (self.mapped,) if self.parts is None else (self.mapped, self.parts.mapped)
        return tuple(_table(each) for each in mapped)

    async def _load_parts(
        self, session: ReadSession, parts: Parts, keys: list[str]
    ) -> dict[str, list[Any]]:
        table = _table(parts.mapped)
        found: dict[str, list[Any]] = {}
        for key, row in await _rows(session, parts.mapped, keys):
            values = _values(row, table=table)
            del values[_key(parts.mapped).name]
            found.setdefault(key, []).append(parts.part(**values))
        return found


def _table(mapped: type[DeclarativeBase]) -> Table:
    table = mapped.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{mapped.__name__}: is mapped to no table")
    return table


def _key(mapped: type[DeclarativeBase]) -> Column[Any]:
    return next(iter(_table(mapped).columns))


async def _rows(
    session: ReadSession, mapped: type[DeclarativeBase], keys: list[str]
) -> list[tuple[str, RowMapping]]:
    """In the order of their primary keys."""
    table, key = _table(mapped), _key(mapped)
    found = await session.execute(
        select(table)
        .where(key == any_(literal(keys, ARRAY(Text))))
        .order_by(*table.primary_key.columns)
    )
    return [(row[key.name], row) for row in found.mappings()]


def _values(row: RowMapping, *, table: Table) -> dict[str, Any]:
    return {column.name.removesuffix(_SANTIM): row[column.name] for column in table.columns}


def _row(line: Any, *, skipped: Iterable[str] = ()) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    return {
        each.name: getattr(line, each.name) for each in fields(line) if each.name not in skipped
    }


async def _upsert(session: WriteSession, table: Table, rows: list[dict[str, Any]]) -> None:
    """All rows in one statement with one parameter: JSON, which the database takes apart."""
    if not rows:
        return
    named = [
        {column.name: row[column.name.removesuffix(_SANTIM)] for column in table.columns}
        for row in rows
    ]
    await session.execute(_upsert_into(table), {"rows": json.dumps(named, default=_plain)})


@cache
def _upsert_into(table: Table) -> Any:  # noqa: ANN401 - a statement
    keys = [column.name for column in table.primary_key.columns]
    names = [column.name for column in table.columns]
    changed = ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in names if name not in keys)
    every = ", ".join(f'"{name}"' for name in names)
    return text(
        f'INSERT INTO "{table.name}" ({every}) SELECT {every} '  # noqa: S608 - names of our own tables
        f'FROM jsonb_populate_recordset(CAST(NULL AS "{table.name}"), CAST(:rows AS jsonb)) '
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changed}"
    )


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON takes
    match value:
        case Money():
            return value.santim
        case datetime() | date():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__}: no column holds it")
