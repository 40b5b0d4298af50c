"""The read models: which domains each reads, and the sheets that it keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Table, text

from db.analytics import tables
from db.analytics.sheets import Parts, Sheet
from db.kernel import inbox, parking
from db.kernel.engine import WriteSession
from db.kernel.inbox import InboxEvent
from meqenet.analytics import (
    customer_exposure,
    installment_line,
    merchant_statement,
    plan_overview,
    portfolio,
)
from meqenet.analytics.facts import Fact
from meqenet.event_catalogue import as_known_or_told

_CLEAR_TIMEOUT: Final = "10min"


@dataclass(frozen=True, kw_only=True)
class ReadModel:
    """A read model. ``sources`` are the domains that feed it."""

    name: str
    sources: tuple[str, ...]
    sheets: tuple[Sheet[Any], ...]

    async def open(self, *, session: WriteSession, events: Iterable[InboxEvent]) -> "Changes":
        """Read the lines that these events may change."""
        changes = Changes(self)
        await changes.load(session=session, events=events)
        return changes

    async def clear(self, *, session: WriteSession) -> None:
        """Drop the model: its lines, its position, and what waits. The lock is the caller's."""
        await session.execute(text(f"SET LOCAL statement_timeout = '{_CLEAR_TIMEOUT}'"))
        for sheet in self.sheets:
            await sheet.clear(session=session)
        await inbox.forget(session=session, consumer=self.name)
        await parking.empty(session=session, consumer=self.name)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of all its sheets."""
        return tuple(table for sheet in self.sheets for table in sheet.tables)


class Changes:
    """The lines of a model while events are taken in, in memory until they are saved."""

    def __init__(self, model: ReadModel) -> None:
        self._sheets = model.sheets
        self._lines: list[dict[str, Any]] = [{} for _ in model.sheets]
        self._changed: list[set[str]] = [set() for _ in model.sheets]

    async def load(self, *, session: WriteSession, events: Iterable[InboxEvent]) -> None:
        """Read the lines of these events. An event that names none shows when it is taken in."""
        facts = [_fact(event) for event in events]
        for sheet, lines in zip(self._sheets, self._lines, strict=True):
            keys = {key for fact in facts if (key := _key_or_none(sheet, fact)) is not None}
            if keys:
                lines.update(await sheet.load(session=session, keys=keys))

    def take(self, event: InboxEvent) -> None:
        """Let an event have its effect: all of it, or none when it raises.

        Raises:
            Exception: whatever is wrong with the event.
        """
        fact = _fact(event)
        after: list[tuple[int, str, Any]] = []
        for place, sheet in enumerate(self._sheets):
            key = sheet.key_of(fact=fact)
            if key is not None:
                before = self._lines[place].get(key) or sheet.blank(key=key)
                after.append((place, key, sheet.fold(before=before, fact=fact)))
        for place, key, line in after:
            self._lines[place][key] = line
            self._changed[place].add(key)

    async def save(self, *, session: WriteSession) -> None:
        """Write what has changed."""
        for sheet, lines, changed in zip(self._sheets, self._lines, self._changed, strict=True):
            # In the order of their keys, so that a dump of two equal stores is equal as well.
            await sheet.save(session=session, lines={key: lines[key] for key in sorted(changed)})
            changed.clear()


def _fact(event: InboxEvent) -> Fact:
    """Old versions become the newest one here. Folds know that one only, and refuse any other."""
    content = as_known_or_told(domain=event.source, content=event.content)
    return Fact(source=event.source, content=content)


def _key_or_none(sheet: Sheet[Any], fact: Fact) -> str | None:
    try:
        return sheet.key_of(fact=fact)
    except Exception:  # noqa: BLE001 - it shows again, and is dealt with, when the event is taken
        return None


PLAN_OVERVIEW: Final = Sheet(
    line=plan_overview.PlanOverview,
    mapped=tables.PlanOverview,
    key_of=plan_overview.key_of,
    fold=plan_overview.fold,
    parts=Parts(
        field="installments",
        part=installment_line.InstallmentLine,
        mapped=tables.PlanOverviewInstallment,
    ),
)
MERCHANT_STATEMENT: Final = Sheet(
    line=merchant_statement.StatementLine,
    mapped=tables.StatementLine,
    key_of=merchant_statement.key_of,
    fold=merchant_statement.fold,
)
CUSTOMERS: Final = Sheet(
    line=customer_exposure.CustomerLine,
    mapped=tables.CustomerLine,
    key_of=customer_exposure.customer_of,
    fold=customer_exposure.fold_customer,
)
EXPOSURES: Final = Sheet(
    line=customer_exposure.ExposureLine,
    mapped=tables.ExposureLine,
    key_of=customer_exposure.plan_of,
    fold=customer_exposure.fold_plan,
)
LOANS: Final = Sheet(
    line=portfolio.PortfolioPlan,
    mapped=tables.PortfolioPlan,
    key_of=portfolio.plan_of,
    fold=portfolio.fold_plan,
    parts=Parts(
        field="installments",
        part=portfolio.PortfolioInstallment,
        mapped=tables.PortfolioInstallment,
    ),
)
COLLECTIONS: Final = Sheet(
    line=portfolio.CollectionDay,
    mapped=tables.CollectionDay,
    key_of=portfolio.day_key_of,
    fold=portfolio.fold_day,
)

MODELS: Final[Mapping[str, ReadModel]] = MappingProxyType(
    {
        model.name: model
        for model in (
            ReadModel(
                name="plan_overview",
                sources=("bnpl", "payments", "settlement", "ledger"),
                sheets=(PLAN_OVERVIEW,),
            ),
            ReadModel(
                name="merchant_statement",
                sources=("bnpl", "settlement"),
                sheets=(MERCHANT_STATEMENT,),
            ),
            ReadModel(name="customer_exposure", sources=("credit",), sheets=(CUSTOMERS, EXPOSURES)),
            ReadModel(name="portfolio", sources=("bnpl", "payments"), sheets=(LOANS, COLLECTIONS)),
        )
    }
)
"""Every read model by its name."""
