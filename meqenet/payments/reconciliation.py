"""Three ways to know of the same money: a provider's statement, our orders, our ledger.

Lines and orders meet by the order's id. Each line ends once, each order that we have as moved ends
once, and the two ends of a pair are the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from meqenet.money import Money
from meqenet.payments.statement_document import LineKind


class Verdict(StrEnum):
    """How a line of a statement, or an order that should be on one, has ended."""

    PENDING = "pending"
    """Not decided yet, and still young enough to wait."""
    MATCHED = "matched"
    """Statement, order and ledger tell of the same amount."""
    MISSING_HERE = "missing_here"
    """The provider has moved money that our orders or our ledger do not have as moved."""
    MISSING_THERE = "missing_there"
    """We have it as moved, and no statement has it."""
    AMOUNT_DIFFERS = "amount_differs"
    """Two of the three tell of different amounts."""
    DUPLICATE = "duplicate"
    """The provider lists the movement of one order once more."""
    WITHDRAWN = "withdrawn"
    """A newer version of the day's statement no longer has the line."""

    @property
    def is_open(self) -> bool:
        """Whether somebody has to do something about it."""
        return self in _OPEN

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to decide."""
        return self in (Verdict.MATCHED, Verdict.WITHDRAWN)


_OPEN: Final = frozenset(
    {Verdict.MISSING_HERE, Verdict.MISSING_THERE, Verdict.AMOUNT_DIFFERS, Verdict.DUPLICATE}
)


class Because(StrEnum):
    """Why it ended so."""

    AGREED = "agreed"
    """All three agree."""
    NOT_JUDGED = "not_judged"
    """It has come, and no run has judged it yet."""
    ORDER_UNKNOWN = "order_unknown"
    """No order of ours has this id."""
    ORDER_OPEN = "order_open"
    """The provider has moved the money of an order that we still ask about."""
    ORDER_FAILED = "order_failed"
    """The provider has moved the money of an order that counts as failed here."""
    NOT_POSTED = "not_posted"
    """The order has succeeded, and the ledger has no posting of it."""
    NOT_ON_STATEMENT = "not_on_statement"
    """No statement so far has this order."""
    STATEMENT_AMOUNT = "statement_amount"
    """The statement has another amount than the order."""
    LEDGER_AMOUNT = "ledger_amount"
    """The ledger has another amount than the order."""
    REPEATED = "repeated"
    """Another line has moved this order's money already."""
    CHARGE = "charge"
    """A charge of the provider's, which no order of ours explains."""
    NO_LONGER_LISTED = "no_longer_listed"
    """The newest version of the statement does not have it."""
    ACCEPTED = "accepted"
    """A person has closed it."""


WHAT_TO_DO: Final[Mapping[Because, str]] = MappingProxyType(
    {
        Because.AGREED: "nothing",
        Because.NOT_JUDGED: "wait for the next run",
        Because.ORDER_UNKNOWN: "ask the provider whose payment it is; return it, or accept the "
        "line once it is assigned",
        Because.ORDER_OPEN: "its collection has been told; if it stays, look at that workflow",
        Because.ORDER_FAILED: "the customer has paid after all, and the money is being followed; "
        "if it stays, look at the workflow late-ORDER",
        Because.NOT_POSTED: "the money is being followed; if it stays, look at the workflow "
        "late-ORDER, and at the plan's",
        Because.NOT_ON_STATEMENT: "ask the provider for this order, with its receipt",
        Because.STATEMENT_AMOUNT: "hold the order's answers against the provider's receipt",
        Because.LEDGER_AMOUNT: "reverse the posting and post what has moved",
        Because.REPEATED: "ask the provider: if the money moved twice, return it once",
        Because.CHARGE: "post the charge (provider_charged), then accept the line",
        Because.NO_LONGER_LISTED: "nothing",
        Because.ACCEPTED: "nothing",
    }
)
"""What a person does about it."""


class Standing(StrEnum):
    """Where an order stands in our own store."""

    OPEN = "open"
    """Not known to have ended."""
    MOVED = "moved"
    """The money has moved."""
    FAILED = "failed"
    """It counts as not moved."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A line that a provider lists.

    Attributes:
        item_id: our name of the line.
        key: its order, in letters and digits only.
    """

    item_id: str
    key: str
    kind: LineKind
    amount: Money
    receipt: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """An attempt, a refund or a payout of ours.

    Attributes:
        moved_since: since when we have it as moved, in real time; None unless MOVED.
    """

    order_id: str
    key: str
    kind: LineKind
    amount: Money
    standing: Standing
    receipt: str | None = None
    moved_since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """How one of them has ended. ``partner``: the order of a line, the line of an order."""

    verdict: Verdict
    because: Because
    partner: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """Every line by its item id, every order that we have as moved by its order id."""

    lines: Mapping[str, Judgement]
    orders: Mapping[str, Judgement]


def reconcile(
    *,
    lines: Iterable[Listed],
    orders: Iterable[Order],
    posted: Mapping[str, Money],
    at: datetime,
    pending_max: timedelta,
) -> Reconciled:
    """Judge lines and orders.

    Args:
        lines: every line that the newest statements have of these orders.
        orders: what our stores have, whatever became of them.
        posted: by order id, what the ledger has moved on the provider's account; above zero.
        at: now.
        pending_max: how long an order may be ahead of the statement or of the ledger.
    """
    by_key: dict[tuple[LineKind, str], list[Listed]] = {}
    for line in lines:
        by_key.setdefault((line.kind, line.key), []).append(line)
    ours = {(order.kind, order.key): order for order in orders}
    judged_lines: dict[str, Judgement] = {}
    judged_orders: dict[str, Judgement] = {}
    for place, listed in by_key.items():
        order = ours.get(place)
        first = _the_line(listed, order=order)
        judgement = _of_line(first, order=order, posted=posted, at=at, pending_max=pending_max)
        judged_lines[first.item_id] = judgement
        for line in listed:
            if line.item_id != first.item_id:
                judged_lines[line.item_id] = Judgement(
                    verdict=Verdict.DUPLICATE, because=Because.REPEATED, partner=judgement.partner
                )
        if order is not None and order.standing is Standing.MOVED:
            judged_orders[order.order_id] = Judgement(
                verdict=judgement.verdict, because=judgement.because, partner=first.item_id
            )
    for place, order in ours.items():
        if place not in by_key and order.standing is Standing.MOVED:
            judged_orders[order.order_id] = _unlisted(order, at=at, pending_max=pending_max)
    return Reconciled(lines=judged_lines, orders=judged_orders)


def _the_line(listed: Sequence[Listed], *, order: Order | None) -> Listed:
    """The line that moved the order's money: by receipt, else by amount, else the earliest."""

    def rank(line: Listed) -> tuple[bool, bool, datetime, str]:
        other_receipt = order is None or order.receipt is None or line.receipt != order.receipt
        other_amount = order is None or line.amount != order.amount
        return (other_receipt, other_amount, line.at, line.item_id)

    return min(listed, key=rank)


def _of_line(
    line: Listed,
    *,
    order: Order | None,
    posted: Mapping[str, Money],
    at: datetime,
    pending_max: timedelta,
) -> Judgement:
    if line.kind is LineKind.CHARGE:
        return Judgement(verdict=Verdict.MISSING_HERE, because=Because.CHARGE)
    if order is None:
        return Judgement(verdict=Verdict.MISSING_HERE, because=Because.ORDER_UNKNOWN)
    if line.amount != order.amount:
        return _judged(Verdict.AMOUNT_DIFFERS, Because.STATEMENT_AMOUNT, order)
    booked = posted.get(order.order_id)
    if booked is None:
        return _not_booked(order, at=at, pending_max=pending_max)
    if booked != line.amount:
        return _judged(Verdict.AMOUNT_DIFFERS, Because.LEDGER_AMOUNT, order)
    return _judged(Verdict.MATCHED, Because.AGREED, order)


def _not_booked(order: Order, *, at: datetime, pending_max: timedelta) -> Judgement:
    if order.standing is Standing.MOVED:
        is_young = _is_young(order, at=at, pending_max=pending_max)
        verdict = Verdict.PENDING if is_young else Verdict.MISSING_HERE
        return _judged(verdict, Because.NOT_POSTED, order)
    failed = order.standing is Standing.FAILED
    return _judged(
        Verdict.MISSING_HERE, Because.ORDER_FAILED if failed else Because.ORDER_OPEN, order
    )


def _unlisted(order: Order, *, at: datetime, pending_max: timedelta) -> Judgement:
    is_young = _is_young(order, at=at, pending_max=pending_max)
    return Judgement(
        verdict=Verdict.PENDING if is_young else Verdict.MISSING_THERE,
        because=Because.NOT_ON_STATEMENT,
    )


def _is_young(order: Order, *, at: datetime, pending_max: timedelta) -> bool:
    return order.moved_since is None or at - order.moved_since < pending_max


def _judged(verdict: Verdict, because: Because, order: Order) -> Judgement:
    return Judgement(verdict=verdict, because=because, partner=order.order_id)
