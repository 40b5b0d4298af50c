"""Mandates: signed by a customer with a PIN, debited by the merchant, ended by either."""

import secrets
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import RowMapping, func, insert, select, update

from apps.sandboxes.kernel.book import Book
from apps.sandboxes.kernel.clock import ADDIS, addis_day
from apps.sandboxes.telebirr import refusals, tables
from apps.sandboxes.telebirr.orders import MandateWish, OrderStatus
from apps.sandboxes.telebirr.refusals import Refused
from apps.sandboxes.telebirr.templates import Period, Template, Templates
from meqenet.money import Money


class MandateStatus(StrEnum):
    """What queryMandate says."""

    ACTIVE = "active"
    """Debits are accepted."""
    CANCELLED = "cancelled"
    """Ended by the customer or the merchant."""
    EXPIRED = "expired"
    """Its time is over."""


@dataclass(frozen=True, kw_only=True)
class Mandate:
    """A signed mandate; ``payer`` is a phone number."""

    contract_no: str
    mandate_id: str
    template_id: str
    payer: str = field(repr=False)
    status: MandateStatus
    payment_order_id: str | None
    execute_on: str | None
    created_at: datetime
    expires_on: str
    closed_at: datetime | None

    def standing(self, *, at: datetime) -> MandateStatus:
        """The status at a time: an active mandate expires by itself."""
        over = at.astimezone(ADDIS).date().isoformat() > self.expires_on
        if over and self.status is MandateStatus.ACTIVE:
            return MandateStatus.EXPIRED
        return self.status


class Mandates:
    """All mandates and the templates that they are signed under."""

    def __init__(self, *, book: Book, templates: Templates) -> None:
        book.add_tables(metadata=tables.metadata)
        self._book = book
        self.templates = templates

    def require_signable(self, *, wish: MandateWish) -> Template:
        """The template of a mandate that is to be signed.

        Raises:
            Refused: no such template, or a contract number that was used before.
        """
        template = self.templates.all().get(wish.template_id)
        if template is None:
            raise refusals.grammar(field="mandateTemplateId", rule="an agreed template")
        if self.find(contract_no=wish.contract_no) is not None:
            raise Refused(code=refusals.BUSINESS_RULE, text="mctContractNo was used before")
        return template

    def sign(
        self, *, wish: MandateWish, payer: str, at: datetime, payment_order_id: str | None = None
    ) -> Mandate:
        """The customer has consented.

        Raises:
            Refused: see ``require_signable``; or the customer holds the template already.
        """
        template = self.require_signable(wish=wish)
        if template.one_per_payer and self._holds(template, payer=payer, at=at):
            raise Refused(
                code=refusals.BUSINESS_RULE, text="the customer holds this mandate already"
            )
        today = at.astimezone(ADDIS).date()
        values = {
            "contract_no": wish.contract_no,
            "mandate_id": f"{secrets.randbelow(10**18):018d}",
            "template_id": template.id,
            "payer": payer,
            "status": MandateStatus.ACTIVE,
            "payment_order_id": payment_order_id,
            "execute_on": wish.execute_on or today.isoformat(),
            "created_at": at,
            "expires_on": _months_later(today, months=template.months_valid).isoformat(),
        }
        with self._book.transaction() as connection:
            connection.execute(insert(tables.mandates).values(values))
            return self._require(contract_no=wish.contract_no)

    def find(
        self, *, contract_no: str | None = None, mandate_id: str | None = None
    ) -> Mandate | None:
        """The mandate of these ids; where both are given, both must fit."""
        query = select(tables.mandates)
        if contract_no is not None:
            query = query.where(tables.mandates.c.contract_no == contract_no)
        if mandate_id is not None:
            query = query.where(tables.mandates.c.mandate_id == mandate_id)
        with self._book.transaction() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _mandate(row)

    def all(self) -> list[Mandate]:
        """Every mandate, oldest first."""
        query = select(tables.mandates).order_by(tables.mandates.c.created_at)
        with self._book.transaction() as connection:
            return [_mandate(row) for row in connection.execute(query).mappings()]

    def cancel(self, *, mandate: Mandate, at: datetime) -> Mandate:
        """End an active mandate.

        Raises:
            Refused: it has ended already.
        """
        if mandate.standing(at=at) is not MandateStatus.ACTIVE:
            raise Refused(code=refusals.MANDATE_UNKNOWN, text="Mandate contract not found")
        mine = tables.mandates.c.contract_no == mandate.contract_no
        with self._book.transaction() as connection:
            connection.execute(
                update(tables.mandates)
                .where(mine)
                .values(status=MandateStatus.CANCELLED, closed_at=at)
            )
            return self._require(contract_no=mandate.contract_no)

    def over_limits(self, *, mandate: Mandate, amount: Money, at: datetime) -> bool:
        """Whether a debit goes beyond ``single_amount`` or the count of the present period."""
        template = self.templates.all()[mandate.template_id]
        if amount > Money.from_birr(template.single_amount):
            return True
        orders = tables.orders.c
        query = (
            select(func.count())
            .select_from(tables.orders)
            .where(orders.contract_no == mandate.contract_no)
            .where(orders.trade_type.in_(("Mandate", "Disbursement")))
            .where(orders.status == OrderStatus.PAY_SUCCESS)
        )
        start = _period_start(template.period, at=at)
        if start is not None:
            query = query.where(orders.closed_at >= start)
        with self._book.transaction() as connection:
            return int(connection.execute(query).scalar_one()) >= template.period_count

    def _holds(self, template: Template, *, payer: str, at: datetime) -> bool:
        return any(
            mandate.payer == payer
            and mandate.template_id == template.id
            and mandate.standing(at=at) is MandateStatus.ACTIVE
            for mandate in self.all()
        )

    def _require(self, *, contract_no: str) -> Mandate:
        mandate = self.find(contract_no=contract_no)
        if mandate is None:
            raise LookupError("the mandate was there a moment ago")
        return mandate


def _period_start(period: Period, *, at: datetime) -> datetime | None:
    today = at.astimezone(ADDIS).date()
    match period:
        case Period.DAY:
            return addis_day(on=today)[0]
        case Period.MONTH:
            return addis_day(on=today.replace(day=1))[0]
        case Period.TIMES:
            return None


def _months_later(day: date, *, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _mandate(row: RowMapping) -> Mandate:
    return Mandate(**{**row, "status": MandateStatus(row["status"])})
