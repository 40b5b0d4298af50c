"""Refunds: from the merchant's account back to the wallet that paid."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import RowMapping, insert, select, update

from apps.sandboxes.kernel.book import Book, BookError, merchant_account, wallet_account
from apps.sandboxes.telebirr import refusals, tables
from apps.sandboxes.telebirr.orders import Order, OrderStatus, fresh_number
from apps.sandboxes.telebirr.refusals import Refused
from meqenet.money import Money, total


class RefundStatus(StrEnum):
    """What the provider says of a refund."""

    REFUNDING = "REFUNDING"
    """Taken; the money has not moved yet."""
    REFUND_SUCCESS = "REFUND_SUCCESS"
    """The money is back in the wallet."""
    REFUND_FAILED = "REFUND_FAILED"
    """The money has not moved and will not."""


@dataclass(frozen=True, kw_only=True)
class Refund:
    """A refund under the merchant's own ``refund_request_no``."""

    refund_request_no: str
    merch_order_id: str
    refund_order_id: str
    amount: Money
    status: RefundStatus
    requested_at: datetime
    closed_at: datetime | None


class Refunds:
    """All refunds, in the book's database."""

    def __init__(self, *, book: Book, merchant_code: str) -> None:
        book.add_tables(metadata=tables.metadata)
        self._book = book
        self._merchant = merchant_account(code=merchant_code)

    def find(self, *, refund_request_no: str) -> Refund | None:
        """The refund of this number."""
        query = select(tables.refunds).where(
            tables.refunds.c.refund_request_no == refund_request_no
        )
        with self._book.transaction() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _refund(row)

    def of_order(self, *, order: Order) -> list[Refund]:
        """The refunds of an order, oldest first."""
        query = select(tables.refunds).where(
            tables.refunds.c.merch_order_id == order.merch_order_id
        )
        with self._book.transaction() as connection:
            rows = connection.execute(query.order_by(tables.refunds.c.requested_at)).mappings()
            return [_refund(row) for row in rows]

    def order_status(self, *, order: Order) -> str:
        """What queryOrder says of an order: its refunds' state once it has any."""
        states = {refund.status for refund in self.of_order(order=order)}
        for state in RefundStatus:
            if state in states:
                return state.value
        return order.status.value

    def open(self, *, order: Order, refund_request_no: str, amount: Money, at: datetime) -> Refund:
        """Take a refund; the money moves in ``settle``.

        Raises:
            Refused: the order was not paid, or less of it is left than the amount.
        """
        if order.status is not OrderStatus.PAY_SUCCESS:
            raise Refused(code=refusals.BUSINESS_RULE, text="the order was not paid")
        given = total(
            refund.amount
            for refund in self.of_order(order=order)
            if refund.status is not RefundStatus.REFUND_FAILED
        )
        if given + amount > order.amount:
            raise Refused(code=refusals.BUSINESS_RULE, text="more than is left of the order")
        with self._book.transaction() as connection:
            connection.execute(
                insert(tables.refunds).values(
                    refund_request_no=refund_request_no,
                    merch_order_id=order.merch_order_id,
                    refund_order_id=fresh_number(),
                    amount=amount,
                    status=RefundStatus.REFUNDING,
                    requested_at=at,
                )
            )
        return self._require(refund_request_no)

    def settle(self, *, refund: Refund, order: Order, at: datetime) -> Refund:
        """Move the money back; a wallet that cannot take it fails the refund."""
        with self._book.transaction():
            try:
                self._book.move(
                    kind="refund",
                    reference=refund.refund_request_no,
                    debit=self._merchant,
                    credit=wallet_account(msisdn=order.payer or ""),
                    amount=refund.amount,
                    at=at,
                )
            except BookError:
                return self.close(refund=refund, status=RefundStatus.REFUND_FAILED, at=at)
            return self.close(refund=refund, status=RefundStatus.REFUND_SUCCESS, at=at)

    def close(self, *, refund: Refund, status: RefundStatus, at: datetime) -> Refund:
        """Store the outcome."""
        mine = tables.refunds.c.refund_request_no == refund.refund_request_no
        with self._book.transaction() as connection:
            connection.execute(
                update(tables.refunds).where(mine).values(status=status, closed_at=at)
            )
            return self._require(refund.refund_request_no)

    def _require(self, refund_request_no: str) -> Refund:
        refund = self.find(refund_request_no=refund_request_no)
        if refund is None:
            raise LookupError("the refund was there a moment ago")
        return refund


def _refund(row: RowMapping) -> Refund:
    return Refund(**{**row, "status": RefundStatus(row["status"])})
