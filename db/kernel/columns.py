"""How our types stand in columns, how constraints are named, and what a role may do to a table.

A domain's ``tables.py`` begins with::

    class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
        metadata = MetaData(naming_convention=NAMING)
        type_annotation_map = COLUMN_TYPES
"""

import enum
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, Date, DateTime, Dialect, Enum, LargeBinary, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine
from typing_extensions import override

from meqenet.money import Money


class Access(enum.Enum):
    """What the domain's runtime role may do to a table: ``__table_args__ = Access.….table``."""

    APPEND_ONLY = "SELECT, INSERT"
    """Facts: written once, never changed."""
    READ_WRITE = "SELECT, INSERT, UPDATE"
    """Rows that change and stay; what a table gets that says nothing."""
    ERASABLE = "SELECT, INSERT, UPDATE, DELETE"
    """Rows that may go."""
    READ_ONLY = "SELECT"
    """Reference data that only migrations and seeds write."""

    @property
    def table(self) -> dict[str, Any]:
        """The table argument that says so."""
        return {"info": {"access": self}}


class Santim(TypeDecorator[Money]):
    """Money as a BIGINT of santim; the column's name ends in ``_santim``."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: Money | None, dialect: Dialect) -> int | None:
        return None if value is None else value.santim

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> Money | None:
        return None if value is None else Money(value)


def _values(members: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in members]


NAMING: Final[Mapping[str, str]] = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
COLUMN_TYPES: Final[Mapping[Any, TypeEngine[Any]]] = {
    str: Text(),
    int: BigInteger(),
    bytes: LargeBinary(),
    date: Date(),
    datetime: DateTime(timezone=True),
    Decimal: Numeric(),
    Money: Santim(),
    dict[str, Any]: JSONB(),
    list[Any]: JSONB(),
    enum.Enum: Enum(enum.Enum, native_enum=False, length=40, values_callable=_values),
}
