"""Money moves from a wallet to the merchant, in the same transaction as the order's row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from apps.sandboxes.kernel import tables as kernel_tables
from apps.sandboxes.kernel.book import (
    Book,
    BookError,
    InsufficientFunds,
    WalletUnknown,
    merchant_account,
    wallet_account,
)
from apps.sandboxes.kernel.clock import ADDIS, addis_day
from apps.sandboxes.kernel.magic import MagicOutcome, outcome_for
from apps.sandboxes.telebirr import refusals
from apps.sandboxes.telebirr.mandates import Mandate, Mandates, MandateStatus
from apps.sandboxes.telebirr.orders import EXPIRED, NewOrder, Order, Orders, OrderStatus
from apps.sandboxes.telebirr.refusals import Refused
from apps.sandboxes.telebirr.rules import Rules
from meqenet.money import Money

_PINS_MAX: Final = 3


@dataclass
class Behaviour:
    """The rules in force; the control API replaces them."""

    rules: Rules


class Payments:
    """What customers and mandates pay."""

    def __init__(
        self,
        *,
        book: Book,
        orders: Orders,
        mandates: Mandates,
        behaviour: Behaviour,
        merchant_code: str,
    ) -> None:
        self._book = book
        self._orders = orders
        self._mandates = mandates
        self._behaviour = behaviour
        self._merchant = merchant_account(code=merchant_code)

    def lapse(self, *, order: Order, at: datetime) -> Order:
        """Close the order if its time is over."""
        if order.is_open and at >= order.expires_at:
            return self._orders.fail(
                order=order, code=EXPIRED, at=order.expires_at, status=OrderStatus.ORDER_CLOSED
            )
        return order

    def pay(self, *, order: Order, msisdn: str, pin: str, at: datetime) -> Order:
        """The customer pays a waiting order, and signs its mandate if it has one.

        Returns the order: paid; failed; or still waiting, when the phone is unreachable or the
        PIN was wrong for the first or second time.
        """
        magic = outcome_for(msisdn=msisdn)
        if magic is MagicOutcome.UNREACHABLE:
            return order
        if magic is MagicOutcome.DECLINES:
            return self.decline(order=order, at=at)
        with self._book.transaction():
            code = self._objection(order, msisdn=msisdn, at=at)
            if code is not None:
                return self._orders.fail(order=order, code=code, at=at, payer=msisdn)
            if magic is MagicOutcome.WRONG_PIN:
                return self._orders.fail(order=order, code=refusals.WRONG_PIN, at=at, payer=msisdn)
            if pin != self._book.wallet(msisdn=msisdn).pin:
                return self._mistyped(order, msisdn=msisdn, at=at)
            return self._settle(order, msisdn=msisdn, at=at)

    def decline(self, *, order: Order, at: datetime) -> Order:
        """The customer says no."""
        return self._orders.fail(
            order=order, code=refusals.CANCELLED, at=at, status=OrderStatus.ORDER_CLOSED
        )

    def refuse(self, *, order: Order, code: str, at: datetime) -> Order:
        """The order fails as was planned through the control API."""
        return self._orders.fail(order=order, code=code, at=at)

    def debit(self, *, new: NewOrder, mandate: Mandate, refusal: str | None, at: datetime) -> Order:
        """Pull a payment under a mandate; nobody types a PIN.

        Args:
            new: the order, with the mandate's payer.
            mandate: an active one.
            refusal: the code of a planned refusal.
            at: the time.

        Raises:
            Refused: 60330006, where the customer has just withdrawn the mandate (a well-known
                phone that declines).
        """
        magic = outcome_for(msisdn=mandate.payer)
        if magic is MagicOutcome.DECLINES:
            self._mandates.cancel(mandate=mandate, at=at)
            raise Refused(code=refusals.MANDATE_UNKNOWN, text="Mandate contract not found")
        with self._book.transaction():
            order = self._orders.add(order=new, at=at, status=OrderStatus.PAYING)
            if magic is MagicOutcome.UNREACHABLE:
                return order
            over = self._mandates.over_limits(mandate=mandate, amount=order.amount, at=at)
            code = (
                refusal
                or (refusals.OVER_LIMIT if over else None)
                or (refusals.WRONG_PIN if magic is MagicOutcome.WRONG_PIN else None)
                or self._objection(order, msisdn=mandate.payer, at=at)
            )
            if code is not None:
                return self._orders.fail(order=order, code=code, at=at)
            return self._settle(order, msisdn=mandate.payer, at=at)

    def active_mandate(
        self, *, contract_no: str | None, mandate_id: str | None, at: datetime
    ) -> Mandate:
        """The mandate that a debit names.

        Raises:
            Refused: 60330006, there is none, or it has ended.
        """
        mandate = self._mandates.find(contract_no=contract_no, mandate_id=mandate_id)
        if mandate is None or mandate.standing(at=at) is not MandateStatus.ACTIVE:
            raise Refused(code=refusals.MANDATE_UNKNOWN, text="Mandate contract not found")
        return mandate

    def _objection(self, order: Order, *, msisdn: str, at: datetime) -> str | None:
        """Why this wallet cannot pay, before its PIN and its balance are looked at."""
        try:
            self._book.wallet(msisdn=msisdn)
        except WalletUnknown:
            return refusals.WALLET_UNKNOWN
        limit = Money.from_birr(self._behaviour.rules.daily_limit)
        over = self._paid_today(msisdn, at=at) + order.amount > limit
        if over or outcome_for(msisdn=msisdn) is MagicOutcome.OVER_LIMIT:
            return refusals.OVER_LIMIT
        return None

    def _mistyped(self, order: Order, *, msisdn: str, at: datetime) -> Order:
        order = self._orders.change(order=order, wrong_pins=order.wrong_pins + 1)
        if order.wrong_pins >= _PINS_MAX:
            return self._orders.fail(order=order, code=refusals.WRONG_PIN, at=at, payer=msisdn)
        return order

    def _settle(self, order: Order, *, msisdn: str, at: datetime) -> Order:
        try:
            with self._book.transaction():
                self._book.move(
                    kind="payment",
                    reference=order.merch_order_id,
                    debit=wallet_account(msisdn=msisdn),
                    credit=self._merchant,
                    amount=order.amount,
                    at=at,
                )
                if order.wish is not None:
                    self._mandates.sign(
                        wish=order.wish,
                        payer=msisdn,
                        at=at,
                        payment_order_id=order.payment_order_id,
                    )
                return self._orders.succeed(order=order, payer=msisdn, at=at)
        except InsufficientFunds:
            code = self._behaviour.rules.no_funds_code
        except BookError:
            code = refusals.WALLET_ABNORMAL
        except Refused as refused:
            code = refused.code
        return self._orders.fail(order=order, code=code, at=at, payer=msisdn)

    def _paid_today(self, msisdn: str, *, at: datetime) -> Money:
        start, end = addis_day(on=at.astimezone(ADDIS).date())
        movements = kernel_tables.movements.c
        query = (
            select(func.sum(movements.amount))
            .where(movements.debit == wallet_account(msisdn=msisdn))
            .where(movements.kind == "payment")
            .where(movements.at >= start, movements.at < end)
        )
        with self._book.transaction() as connection:
            return connection.execute(query).scalar_one() or Money.zero()
