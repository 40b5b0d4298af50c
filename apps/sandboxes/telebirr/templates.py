"""Mandate templates: agreed offline between a merchant and the provider (providers.md 1.11)."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert

from apps.sandboxes.kernel.book import Book
from apps.sandboxes.kernel.control import Amount
from apps.sandboxes.telebirr import tables


class Period(StrEnum):
    """How a template counts debits."""

    DAY = "DAY"
    """``period_count`` in a calendar day."""
    MONTH = "Month"
    """``period_count`` in a calendar month."""
    TIMES = "TIMES"
    """``period_count`` in the mandate's whole life."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """A mandate template, agreed offline.

    Attributes:
        product: ``CYCLE_PAY`` or ``DIRECT_DEBIT``.
        period_count: debits that succeed in one period.
        single_amount: birr, the most that one debit may take.
        one_per_payer: whether a customer can hold it only once, which is the documented rule.
        months_valid: how long a mandate lasts.
    """

    id: str
    name: str
    product: str
    period: Period
    period_count: int
    single_amount: Amount
    one_per_payer: bool
    months_valid: int = 60


BNPL_TEMPLATE: Final = "207001"
"""As a lender would have it: many contracts of one customer, each with as many debits as a plan of
24 installments may need with repeated attempts, on any day."""

_DEFAULTS: Final = (
    Template(
        id=BNPL_TEMPLATE,
        name="Buy now pay later installments",
        product="DIRECT_DEBIT",
        period=Period.TIMES,
        period_count=100,
        single_amount="100000.00",
        one_per_payer=False,
    ),
    Template(
        id="131001",
        name="Monthly subscription",
        product="CYCLE_PAY",
        period=Period.MONTH,
        period_count=1,
        single_amount="5000.00",
        one_per_payer=True,
    ),
    Template(
        id="131002",
        name="Daily subscription",
        product="CYCLE_PAY",
        period=Period.DAY,
        period_count=1,
        single_amount="1000.00",
        one_per_payer=True,
    ),
)

_READER: Final = TypeAdapter(Template)


class Templates:
    """The templates of this sandbox: those that every sandbox knows, and those that were set."""

    def __init__(self, *, book: Book) -> None:
        book.add_tables(metadata=tables.metadata)
        self._book = book

    def all(self) -> dict[str, Template]:
        """Every template by its id."""
        known = {template.id: template for template in _DEFAULTS}
        with self._book.transaction() as connection:
            for row in connection.execute(select(tables.templates)):
                known[row.id] = _READER.validate_json(row.terms)
        return known

    def set(self, *, template: Template) -> None:
        """Agree on a template, or on other terms of one."""
        terms = json.dumps(asdict(template))
        row = upsert(tables.templates).values(id=template.id, terms=terms)
        with self._book.transaction() as connection:
            connection.execute(
                row.on_conflict_do_update(index_elements=["id"], set_={"terms": terms})
            )
