"""Orders and their states: WAIT_PAY, PAYING, then PAY_SUCCESS, PAY_FAILED or ORDER_CLOSED."""

import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, insert, select, update

from apps.sandboxes.kernel.book import Book
from apps.sandboxes.telebirr import tables
from meqenet.money import Money

DEFAULT_TIMEOUT: Final = "120m"
EXPIRED: Final = "expired"
"""The failure code, never sent, of an order that nobody paid in time."""
_RECEIPT_LETTERS: Final = string.ascii_uppercase + string.digits


class OrderStatus(StrEnum):
    """What queryOrder says of an order that was not refunded."""

    WAIT_PAY = "WAIT_PAY"
    """Waits for the customer."""
    PAYING = "PAYING"
    """Taken; the money has not moved yet."""
    PAY_SUCCESS = "PAY_SUCCESS"
    """The money has moved."""
    PAY_FAILED = "PAY_FAILED"
    """Refused; final."""
    ORDER_CLOSED = "ORDER_CLOSED"
    """Cancelled by the customer, or not paid in time; final."""


OPEN: Final = (OrderStatus.WAIT_PAY, OrderStatus.PAYING)


@dataclass(frozen=True, kw_only=True)
class MandateWish:
    """A mandate that is to be signed with the payment (``mandate_data``)."""

    contract_no: str
    template_id: str
    execute_on: str


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """What preOrder or disburseOrder asks for."""

    merch_order_id: str
    trade_type: str
    title: str
    amount: Money
    notify_url: str | None
    redirect_url: str | None = None
    callback_info: str | None = None
    timeout: str = DEFAULT_TIMEOUT
    payer: str | None = None
    contract_no: str | None = None
    wish: MandateWish | None = None


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order as the provider knows it; ``payer`` is a phone number."""

    merch_order_id: str
    prepay_id: str
    payment_order_id: str
    trade_type: str
    title: str
    amount: Money
    notify_url: str | None
    redirect_url: str | None
    callback_info: str | None
    status: OrderStatus
    failure_code: str | None
    trans_id: str | None
    payer: str | None = field(repr=False)
    wrong_pins: int
    contract_no: str | None
    template_id: str | None
    execute_on: str | None
    created_at: datetime
    expires_at: datetime
    closed_at: datetime | None

    @property
    def wish(self) -> MandateWish | None:
        """The mandate that is to be signed with the payment."""
        if self.contract_no is None or self.template_id is None or self.execute_on is None:
            return None
        return MandateWish(
            contract_no=self.contract_no, template_id=self.template_id, execute_on=self.execute_on
        )

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen to it."""
        return self.status in OPEN


class Orders:
    """All orders, in the book's database."""

    def __init__(self, *, book: Book) -> None:
        book.add_tables(metadata=tables.metadata)
        self._book = book

    def add(
        self, *, order: NewOrder, at: datetime, status: OrderStatus = OrderStatus.WAIT_PAY
    ) -> Order:
        """Store a new order."""
        minutes = int(order.timeout.removesuffix("m"))
        wish = order.wish
        values: dict[str, object] = {
            "merch_order_id": order.merch_order_id,
            "prepay_id": secrets.token_hex(20),
            "payment_order_id": fresh_number(),
            "trade_type": order.trade_type,
            "title": order.title,
            "amount": order.amount,
            "notify_url": order.notify_url,
            "redirect_url": order.redirect_url,
            "callback_info": order.callback_info,
            "status": status,
            "payer": order.payer,
            "wrong_pins": 0,
            "contract_no": wish.contract_no if wish else order.contract_no,
            "template_id": wish.template_id if wish else None,
            "execute_on": wish.execute_on if wish else None,
            "created_at": at,
            "expires_at": at + timedelta(minutes=minutes),
        }
        with self._book.transaction() as connection:
            connection.execute(insert(tables.orders).values(values))
        return self._one(tables.orders.c.merch_order_id == order.merch_order_id)

    def find(
        self,
        *,
        merch_order_id: str | None = None,
        prepay_id: str | None = None,
        payment_order_id: str | None = None,
    ) -> Order | None:
        """The order of the first of these ids that is given."""
        columns = tables.orders.c
        if merch_order_id is not None:
            return self._first(columns.merch_order_id == merch_order_id)
        if prepay_id is not None:
            return self._first(columns.prepay_id == prepay_id)
        return self._first(columns.payment_order_id == payment_order_id)

    def all(self) -> list[Order]:
        """Every order, oldest first."""
        query = select(tables.orders).order_by(tables.orders.c.created_at)
        with self._book.transaction() as connection:
            return [_order(row) for row in connection.execute(query).mappings()]

    def change(self, *, order: Order, **values: object) -> Order:
        """Store new values of an order."""
        mine = tables.orders.c.merch_order_id == order.merch_order_id
        with self._book.transaction() as connection:
            connection.execute(update(tables.orders).where(mine).values(values))
        return self._one(mine)

    def succeed(self, *, order: Order, payer: str, at: datetime) -> Order:
        """The money has moved."""
        return self.change(
            order=order,
            status=OrderStatus.PAY_SUCCESS,
            payer=payer,
            trans_id="".join(secrets.choice(_RECEIPT_LETTERS) for _ in range(10)),
            closed_at=at,
        )

    def fail(
        self,
        *,
        order: Order,
        code: str,
        at: datetime,
        payer: str | None = None,
        status: OrderStatus = OrderStatus.PAY_FAILED,
    ) -> Order:
        """The money has not moved and will not."""
        return self.change(
            order=order,
            status=status,
            failure_code=code,
            payer=payer or order.payer,
            closed_at=at,
        )

    def _one(self, condition: ColumnElement[bool]) -> Order:
        found = self._first(condition)
        if found is None:
            raise LookupError("the order was there a moment ago")
        return found

    def _first(self, condition: ColumnElement[bool]) -> Order | None:
        with self._book.transaction() as connection:
            row = connection.execute(select(tables.orders).where(condition)).mappings().first()
        return None if row is None else _order(row)


def fresh_number() -> str:
    """A payment or refund order id: 24 characters, like ``00801104C911443200001002``."""
    return f"008{secrets.token_hex(11)[:21].upper()}"


def _order(row: RowMapping) -> Order:
    return Order(**{**row, "status": OrderStatus(row["status"])})
