"""Transfers and their money: taken to clearing, then to the creditor's bank or back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    Column,
    MetaData,
    Row,
    Select,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from apps.sandboxes.bank.grammar import TransferOrder
from apps.sandboxes.bank.outcomes import BankOutcome
from apps.sandboxes.kernel.book import Book, merchant_account
from apps.sandboxes.kernel.columns import InstantColumn, MoneyColumn
from meqenet.money import Money

CLEARING = "clearing"
DEFAULT_DELAY = timedelta(milliseconds=500)
_SLOW_FACTOR = 10
metadata = MetaData()
table = Table(
    "transfers",
    metadata,
    Column("end_to_end_id", String(35), primary_key=True),
    Column("message_id", String(35), nullable=False),
    Column("content", Text, nullable=False),
    Column("bank_reference", String(20), nullable=False, unique=True),
    Column("debtor_account", String(64), nullable=False),
    Column("creditor_bic", String(8), nullable=False),
    Column("amount", MoneyColumn, nullable=False),
    Column("status", String(4), nullable=False),
    Column("reason", String(4)),
    Column("accepted_at", InstantColumn, nullable=False),
    Column("due_at", InstantColumn),
    Column("late_reason", String(4)),
    Column("closed_at", InstantColumn),
)


class Status(StrEnum):
    """ISO 20022 transaction status."""

    PENDING = "PDNG"
    """Taken; the money is in clearing."""
    SETTLED = "ACSC"
    """The creditor's bank has the money."""
    REJECTED = "RJCT"
    """No money moved, or it has been returned."""


class SettlementMode(StrEnum):
    """When accepted transfers settle."""

    AT_ONCE = "at_once"
    """Before the answer."""
    DELAYED = "delayed"
    """After the delay."""
    HELD = "held"
    """When they are released."""


class OrderConflict(Exception):
    """The end-to-end id stands for an order with other content (AM05)."""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A transfer as the bank knows it; ``due_at`` None while PDNG: it is held."""

    end_to_end_id: str
    message_id: str
    content: str
    bank_reference: str
    debtor_account: str
    creditor_bic: str
    amount: Money
    status: Status
    reason: str | None
    accepted_at: datetime
    due_at: datetime | None
    late_reason: str | None
    closed_at: datetime | None


class Transfers:
    """All transfers of the sandbox, in its book's database."""

    def __init__(self, *, book: Book) -> None:
        book.add_tables(metadata=metadata)
        self._book = book
        self.mode = SettlementMode.DELAYED
        self.delay = DEFAULT_DELAY

    def find(self, *, end_to_end_id: str) -> Transfer | None:
        """The transfer of this id."""
        found = self._select(select(table).where(table.c.end_to_end_id == end_to_end_id))
        return found[0] if found else None

    def earlier(self, *, order: TransferOrder) -> Transfer | None:
        """The transfer that this order repeats.

        Raises:
            OrderConflict: the id was used with other content.
        """
        known = self.find(end_to_end_id=order.EndToEndId)
        if known is not None and known.content != order.content:
            raise OrderConflict(order.EndToEndId)
        return known

    def accept(self, *, order: TransferOrder, outcome: BankOutcome, at: datetime) -> Transfer:
        """Take the money to clearing and settle it when the mode says.

        Raises:
            InsufficientFunds: the debtor's account holds less; nothing is stored.
        """
        debtor = merchant_account(code=order.DbtrAcct.Id)
        with self._book.transaction():
            self._book.move(
                kind="transfer-accepted",
                reference=order.EndToEndId,
                debit=debtor,
                credit=CLEARING,
                amount=order.Amt.money,
                at=at,
            )
            late = "AC04" if outcome is BankOutcome.REJECTED_LATE else None
            due_at = self._due_at(outcome=outcome, at=at)
            self._insert(order, status=Status.PENDING, at=at, due_at=due_at, late_reason=late)
            self.settle_due(at=at)
            return self._known(order.EndToEndId)

    def reject(self, *, order: TransferOrder, reason: str, at: datetime) -> Transfer:
        """Store a refusal; no money moves."""
        with self._book.transaction():
            self._insert(order, status=Status.REJECTED, at=at, reason=reason, closed_at=at)
            return self._known(order.EndToEndId)

    def settle_due(self, *, at: datetime) -> None:
        """Close every pending transfer whose time has come, as of that time."""
        due = select(table).where(table.c.status == Status.PENDING, table.c.due_at <= at)
        with self._book.transaction():
            for transfer in self._select(due.order_by(table.c.due_at)):
                self._close(transfer, reason=transfer.late_reason, at=transfer.due_at or at)

    def release(self, *, end_to_end_id: str, reason: str | None, at: datetime) -> Transfer | None:
        """Settle a pending transfer now, or return it with a reason; final ones stay."""
        with self._book.transaction():
            transfer = self.find(end_to_end_id=end_to_end_id)
            if transfer is not None and transfer.status is Status.PENDING:
                self._close(transfer, reason=reason, at=at)
            return self.find(end_to_end_id=end_to_end_id)

    def all(self) -> list[Transfer]:
        """Every transfer in the order of acceptance."""
        return self._select(select(table).order_by(table.c.accepted_at, table.c.bank_reference))

    def _due_at(self, *, outcome: BankOutcome, at: datetime) -> datetime | None:
        if outcome is BankOutcome.HELD or self.mode is SettlementMode.HELD:
            return None
        if outcome is BankOutcome.SLOW:
            return at + max(self.delay, DEFAULT_DELAY) * _SLOW_FACTOR
        if outcome is BankOutcome.REJECTED_LATE:
            return at + max(self.delay, DEFAULT_DELAY)
        return at if self.mode is SettlementMode.AT_ONCE else at + self.delay

    def _close(self, transfer: Transfer, *, reason: str | None, at: datetime) -> None:
        returned = reason is not None
        self._book.move(
            kind="transfer-returned" if returned else "transfer-settled",
            reference=transfer.end_to_end_id,
            debit=CLEARING,
            credit=transfer.debtor_account if returned else f"bank:{transfer.creditor_bic}",
            amount=transfer.amount,
            at=at,
        )
        status = Status.REJECTED if returned else Status.SETTLED
        with self._book.transaction() as connection:
            connection.execute(
                update(table)
                .where(table.c.end_to_end_id == transfer.end_to_end_id)
                .values(status=status, reason=reason, closed_at=at)
            )

    def _insert(
        self,
        order: TransferOrder,
        *,
        status: Status,
        at: datetime,
        **columns: datetime | str | None,
    ) -> None:
        with self._book.transaction() as connection:
            number = connection.scalar(select(func.count()).select_from(table)) or 0
            connection.execute(
                insert(table).values(
                    end_to_end_id=order.EndToEndId,
                    message_id=order.MsgId,
                    content=order.content,
                    bank_reference=f"FT{at:%y%j}{number + 1:08d}",
                    debtor_account=merchant_account(code=order.DbtrAcct.Id),
                    creditor_bic=order.CdtrAgt.BICFI[:8],
                    amount=order.Amt.money,
                    status=status,
                    accepted_at=at,
                    **columns,
                )
            )

    def _known(self, end_to_end_id: str) -> Transfer:
        transfer = self.find(end_to_end_id=end_to_end_id)
        if transfer is None:
            raise RuntimeError("a transfer just stored is not there")
        return transfer

    def _select(self, query: Select[tuple[object, ...]]) -> list[Transfer]:
        with self._book.transaction() as connection:
            return [_transfer(row) for row in connection.execute(query)]


def _transfer(row: Row[tuple[object, ...]]) -> Transfer:
    columns = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public accessor in spite of its name
    return Transfer(**{**columns, "status": Status(columns["status"])})
