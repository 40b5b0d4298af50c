"""How attempts to collect end, by provider and cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import func, select

from db.analytics import tables
from db.analytics.views.reading import as_money, sum_of
from db.kernel.engine import ReadSession
from meqenet.money import Money, total

_DAY = tables.CollectionDay
_WHOLE: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class FailureShare:
    """The attempts of a provider that failed for one cause."""

    cause: str
    attempts: int
    amount: Money


@dataclass(frozen=True, kw_only=True)
class CollectionRate:
    """How a provider's attempts to collect ended."""

    provider: str
    attempts: int
    succeeded: int
    asked: Money
    collected: Money
    failures: tuple[FailureShare, ...]

    @property
    def attempts_basis_points(self) -> int:
        """The share of attempts that brought their money, rounded down."""
        return self.succeeded * _WHOLE // self.attempts

    @property
    def amount_basis_points(self) -> int:
        """The share of the money asked for that came, rounded down."""
        return self.collected.santim * _WHOLE // self.asked.santim


async def collection_rates(
    *, session: ReadSession, since: date, until: date
) -> tuple[CollectionRate, ...]:
    """How attempts ended on the Addis Ababa days from ``since`` to ``until``, both included."""
    found = await session.execute(
        select(
            _DAY.provider,
            _DAY.outcome,
            _DAY.cause,
            func.sum(_DAY.attempts),
            sum_of(_DAY.amount_santim),
        )
        .where(_DAY.day.between(since, until))
        .group_by(_DAY.provider, _DAY.outcome, _DAY.cause)
        .order_by(_DAY.provider, _DAY.outcome, _DAY.cause)
    )
    by_provider: dict[str, list[Any]] = {}
    for row in found:
        by_provider.setdefault(str(row[0]), []).append(row[1:])
    return tuple(_rate(provider, rows) for provider, rows in by_provider.items())


def _rate(provider: str, rows: Sequence[Any]) -> CollectionRate:
    succeeded = [row for row in rows if row[0] == "succeeded"]
    return CollectionRate(
        provider=provider,
        attempts=sum(int(row[2]) for row in rows),
        succeeded=sum(int(row[2]) for row in succeeded),
        asked=total(as_money(row[3]) for row in rows),
        collected=total(as_money(row[3]) for row in succeeded),
        failures=tuple(
            FailureShare(cause=cause, attempts=int(attempts), amount=as_money(amount))
            for outcome, cause, attempts, amount in rows
            if outcome == "failed"
        ),
    )
