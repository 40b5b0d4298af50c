"""A provider's statement beside our orders: the same orders, moved once, of the same amounts.

Our orders are read as of a moment before the statement is, so whatever we have as moved is in it.
What only the statement has may be on its way to us: it is asked for again until it has come.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import text

from db.kernel.engine import ReadSession
from db.payments.books import (
    bills_of,
    plans_of_bills,
    read_orders,
    succeeded_orders,
    told_bills,
)
from db.settlement.books import carriers_of, sent_amounts, settled_payouts
from integrations.ports.statements import Direction, StatementRow, Statements
from meqenet.identity import payday_on_the_wire, wire_id
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.orders import plan_on_the_wire
from meqenet.payments.rail import WalletProvider
from workers.settings import Domain
from workers.verifying.findings import BadRecord, Checked, Scope, Unreadable, Watch, reading

_BANK: Final = "bank"
_PER_BATCH: Final = 500
_PAUSE_SECONDS: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class _Order:
    """One of our orders that has moved money; ``key`` is how a statement names it."""

    order_id: str
    key: str
    direction: Direction
    amount: Money
    moved_at: datetime | None

    @property
    def said(self) -> str:
        """As it is told."""
        return f"{self.amount} {self.direction}"


@dataclass
class _Index:
    """The rows of a statement by their order; what memory should not hold is in a file."""

    file: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(""))
    first_at: datetime | None = None
    last_at: datetime | None = None
    rows: int = 0

    def __post_init__(self) -> None:
        self.file.execute(
            "CREATE TABLE moved (reference TEXT PRIMARY KEY, number INTEGER, direction TEXT, "
            "santim INTEGER, since INTEGER, seen INTEGER DEFAULT 0)"
        )

    def put(self, row: StatementRow, *, wanted: bool) -> bool:
        """Take a row; False when the statement has its order already."""
        self.rows += 1
        self.first_at = min(self.first_at or row.at, row.at)
        self.last_at = max(self.last_at or row.at, row.at)
        values = (
            wire_id(meqenet_id=row.reference),
            row.number,
            row.direction,
            row.amount.santim,
            wanted,
        )
        statement = "INSERT OR IGNORE INTO moved VALUES (?, ?, ?, ?, ?, 0)"
        return self.file.execute(statement, values).rowcount == 1

    def take(self, key: str) -> str | None:
        """What the statement says was moved for the order; None when it does not know it."""
        reference = (key,)
        self.file.execute("UPDATE moved SET seen = 1 WHERE reference = ?", reference)
        query = "SELECT santim, direction FROM moved WHERE reference = ?"
        row = self.file.execute(query, reference).fetchone()
        return None if row is None else f"{Money(row[0])} {row[1]}"

    def left(self) -> Iterator[list[tuple[str, int, int]]]:
        """Reference, number and santim of the rows that nobody took, in their order."""
        found = self.file.execute(
            "SELECT reference, number, santim FROM moved WHERE seen = 0 AND since = 1 "
            "ORDER BY number"
        )
        while rows := found.fetchmany(_PER_BATCH):
            yield rows

    def covers(self, at: datetime | None) -> bool:
        """Whether it lies between the first row and the last."""
        if at is None or self.first_at is None or self.last_at is None:
            return False
        return self.first_at <= at <= self.last_at


async def check_statements(
    *, statements: Statements, scope: Scope, patience_seconds: float, watch: Watch
) -> Checked:
    """Hold a provider's statement and our orders to each other."""
    provider = statements.provider
    what = f"{provider}: statement and orders"
    domain: Domain = "settlement" if provider == "bank" else "payments"
    if domain not in scope.stores:
        return Checked(what=what, count=0, unit="rows", note=f"not checked: needs {domain}")
    watch.begin(what=what, total=None)
    index = _Index()
    with closing(index.file), reading(domain=domain):
        async with scope.stores[domain].read() as session:
            # From here on the session sees one moment, which is before the statement's.
            await session.execute(text("SELECT 1"))
            bad = await _fill(index, statements, session=session, scope=scope, watch=watch)
            if bad is None:
                bad = await _ours(index, statements, session=session, scope=scope)
        if bad is None:
            bad = await _theirs(
                index,
                provider=provider,
                domain=domain,
                scope=scope,
                patience_seconds=patience_seconds,
            )
    return Checked(what=what, count=index.rows, unit="rows", bad=bad)


def unreadable_orders(*, provider: str, unreadable: Unreadable) -> Checked:
    """The check of a provider whose orders cannot be read in our store."""
    bad = _bad(unreadable.domain, f"orders at {provider}", None, unreadable.what)
    return Checked(what=f"{provider}: statement and orders", count=0, unit="rows", bad=bad)


async def _fill(
    index: _Index, statements: Statements, *, session: ReadSession, scope: Scope, watch: Watch
) -> BadRecord | None:
    mine = None if scope.plan_id is None else wire_id(meqenet_id=scope.plan_id)
    bills: frozenset[str] = frozenset()
    if scope.plan_id is not None and statements.provider == WalletProvider.MPESA:
        bills = await bills_of(session=session, plan_id=scope.plan_id)
    if scope.plan_id is not None and statements.provider == _BANK:
        carriers = await carriers_of(session=session, plan_id=scope.plan_id)
        bills = frozenset(wire_id(meqenet_id=each) for each in carriers)
    async for row in statements.rows():
        key = wire_id(meqenet_id=row.reference)
        if mine is not None and not key.startswith(mine) and key not in bills:
            continue
        if not index.put(row, wanted=scope.since is None or row.at >= scope.since):
            what = f"row {row.number} moves the money of an order a second time"
            return _bad(statements.provider, row.reference, row.number, what)
        watch.advance(1)
    return None


async def _ours(
    index: _Index, statements: Statements, *, session: ReadSession, scope: Scope
) -> BadRecord | None:
    async for order in _orders(statements.provider, session=session, scope=scope):
        moved = index.take(order.key)
        if moved is None:
            if statements.is_live or index.covers(order.moved_at):
                what = f"we have {order.said}, and the statement does not know it"
                return _bad(statements.provider, order.order_id, None, what)
        elif moved != order.said:
            what = f"we have {order.said}, and the statement {moved}"
            return _bad(statements.provider, order.order_id, None, what)
    return None


async def _orders(provider: str, *, session: ReadSession, scope: Scope) -> AsyncIterator[_Order]:
    """Our orders at the provider that have moved money."""
    if provider == _BANK:
        async for payout in settled_payouts(
            session=session, plan_id=scope.plan_id, changed_since=scope.since
        ):
            yield _Order(
                order_id=payout.payout_id,
                key=wire_id(meqenet_id=payout.payout_id),
                direction=Direction.PAID_OUT,
                amount=payout.amount,
                moved_at=payout.changed_at,
            )
        return
    async for order in succeeded_orders(
        session=session, provider=provider, plan_id=scope.plan_id, changed_since=scope.since
    ):
        yield _Order(
            order_id=order.order_id,
            key=order.key,
            direction=Direction.RETURNED if order.is_refund else Direction.COLLECTED,
            amount=order.amount,
            moved_at=order.moved_at,
        )


async def _theirs(
    index: _Index,
    *,
    provider: str,
    domain: Domain,
    scope: Scope,
    patience_seconds: float,
) -> BadRecord | None:
    """What the statement has and we had not: it must come, or be of a refunded failure."""
    deadline = asyncio.get_running_loop().time() + patience_seconds
    for rows in index.left():
        waiting = rows
        while True:
            async with scope.stores[domain].read() as session:
                known = await _moved(session, provider=provider, references=[r[0] for r in waiting])
            waiting = [row for row in waiting if known.get(row[0]) != row[2]]
            if not waiting:
                break
            if asyncio.get_running_loop().time() >= deadline:
                reference, number, santim = waiting[0]
                what = f"it moved {Money(santim)}, and we do not have that as moved"
                return _bad(provider, reference, number, what)
            await asyncio.sleep(min(_PAUSE_SECONDS, patience_seconds))
    return None


async def _moved(
    session: ReadSession, *, provider: str, references: Sequence[str]
) -> dict[str, int]:
    """Santim that we have as moved, by reference as providers spell it."""
    by_wallet = provider != _BANK
    plans = (plan_on_the_wire(reference=each) for each in references)
    of_bills = await plans_of_bills(session=session, receipts=references) if by_wallet else ()
    plan_ids = sorted({*(plan for plan in plans if plan is not None), *of_bills})
    moved: dict[str, int] = {}
    if not by_wallet:
        days = (payday_on_the_wire(reference=each) for each in references)
        sent = await sent_amounts(
            session=session,
            plan_ids=plan_ids,
            payday_ids=sorted({day for day in days if day is not None}),
        )
        return {wire_id(meqenet_id=each): amount.santim for each, amount in sent.items()}
    # Money that no plan has taken yet, or could: it was told of, and staff see it.
    for receipt, amount in (await told_bills(session=session, receipts=references)).items():
        moved[receipt] = amount.santim
    for orders in (await read_orders(session=session, plan_ids=plan_ids)).values():
        went_back = {
            order.attempt_id
            for order in orders
            if order.is_refund and order.state is OrderState.SUCCEEDED
        }
        for order in orders:
            # Money that came after the attempt had counted as failed, and was given back.
            if order.state is OrderState.SUCCEEDED or order.order_id in went_back:
                moved[order.key] = order.amount.santim
    return moved


def _bad(provider: str, stream: str, sequence: int | None, what: str) -> BadRecord:
    return BadRecord(domain=provider, stream=stream, sequence=sequence, what=what)
