"""Column types that keep money whole and times aware in SQLite."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Dialect, String, TypeDecorator

from meqenet.money import Money


class MoneyColumn(TypeDecorator[Money]):
    """``Money`` as a whole number of santim of birr."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Money | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Santim for the database."""
        return None if value is None else value.santim

    def process_result_value(self, value: int | None, dialect: Dialect) -> Money | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Money from santim."""
        return None if value is None else Money(value)


class InstantColumn(TypeDecorator[datetime]):
    """An aware datetime as ISO 8601 text in UTC; text order is time order."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """UTC text; a naive datetime is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("at: a sandbox keeps aware datetimes only")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """An aware UTC datetime."""
        return None if value is None else datetime.fromisoformat(value)
