"""What was sent: every message that was taken, kept with its text, and how it was delivered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Row, Select, String, Table, Text, insert, select
from sqlalchemy import update as change

from apps.sandboxes.kernel.book import Book
from apps.sandboxes.kernel.columns import InstantColumn
from apps.sandboxes.messages.grammar import Message
from apps.sandboxes.messages.outcomes import MessageOutcome

DEFAULT_DELAY = timedelta(milliseconds=200)
metadata = MetaData()
table = Table(
    "messages",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("channel", String(5), nullable=False),
    Column("sender", String(11), nullable=False),
    Column("to", String(254), nullable=False, index=True),
    Column("subject", String(200)),
    Column("text", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("segment_count", Integer, nullable=False),
    Column("status", String(11), nullable=False),
    Column("reason", String(32)),
    Column("accepted_at", InstantColumn, nullable=False),
    Column("due_at", InstantColumn),
    Column("late_reason", String(32)),
    Column("closed_at", InstantColumn),
    sqlite_autoincrement=True,
)


class Status(StrEnum):
    """Where a message stands."""

    ACCEPTED = "accepted"
    """Taken, and on its way."""
    DELIVERED = "delivered"
    """It has arrived."""
    UNDELIVERED = "undelivered"
    """It did not arrive."""
    REFUSED = "refused"
    """It was never on its way."""


class DeliveryMode(StrEnum):
    """When accepted messages arrive."""

    AT_ONCE = "at_once"
    """Before the answer."""
    DELAYED = "delayed"
    """After the delay."""
    HELD = "held"
    """When the control API says so."""


class IdReused(Exception):
    """The id stands for a message with other content."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message as it is kept; ``due_at`` None while accepted: it is held."""

    number: int
    id: str
    channel: str
    sender: str
    to: str
    subject: str | None
    text: str
    content: str
    segment_count: int
    status: Status
    reason: str | None
    accepted_at: datetime
    due_at: datetime | None
    late_reason: str | None
    closed_at: datetime | None

    @property
    def reference(self) -> str:
        """The provider's own name of it."""
        return f"SM{self.number:08d}"


class Outbox:
    """All messages of the sandbox, in its book's database."""

    def __init__(self, *, book: Book) -> None:
        book.add_tables(metadata=metadata)
        self._book = book
        self.mode = DeliveryMode.DELAYED
        self.delay = DEFAULT_DELAY

    def find(self, *, message_id: str) -> Sent | None:
        """The message of this id."""
        found = self._select(select(table).where(table.c.id == message_id))
        return found[0] if found else None

    def earlier(self, *, message: Message) -> Sent | None:
        """The message that this one repeats.

        Raises:
            IdReused: the id was used with other content.
        """
        known = self.find(message_id=message.id)
        if known is not None and known.content != message.content:
            raise IdReused(message.id)
        return known

    def accept(self, *, message: Message, outcome: MessageOutcome, at: datetime) -> Sent:
        """Keep the message, to be delivered when the mode says."""
        late = "absent_subscriber" if outcome is MessageOutcome.ABSENT else None
        with self._book.transaction():
            self._insert(
                message,
                status=Status.ACCEPTED,
                accepted_at=at,
                due_at=self._due_at(outcome=outcome, at=at),
                late_reason=late,
            )
            self.deliver_due(at=at)
            return self._known(message.id)

    def refuse(self, *, message: Message, reason: str, at: datetime) -> Sent:
        """Keep a message that goes nowhere."""
        with self._book.transaction():
            self._insert(
                message, status=Status.REFUSED, accepted_at=at, reason=reason, closed_at=at
            )
            return self._known(message.id)

    def deliver_due(self, *, at: datetime) -> None:
        """Close every accepted message whose time has come, as of that time."""
        due = select(table).where(table.c.status == Status.ACCEPTED, table.c.due_at <= at)
        with self._book.transaction():
            for sent in self._select(due):
                self._close(sent, reason=sent.late_reason, at=sent.due_at or at)

    def report(self, *, message_id: str, reason: str | None, at: datetime) -> Sent | None:
        """Deliver an accepted message now, or have it fail for a reason; final ones stay."""
        with self._book.transaction():
            sent = self.find(message_id=message_id)
            if sent is not None and sent.status is Status.ACCEPTED:
                self._close(sent, reason=reason, at=at)
            return self.find(message_id=message_id)

    def all(self, *, to: str | None = None) -> list[Sent]:
        """Every message, or those to one receiver, in the order of arrival."""
        query = select(table).order_by(table.c.number)
        return self._select(query if to is None else query.where(table.c.to == to))

    def _due_at(self, *, outcome: MessageOutcome, at: datetime) -> datetime | None:
        if outcome is MessageOutcome.HELD or self.mode is DeliveryMode.HELD:
            return None
        if outcome is MessageOutcome.ABSENT:
            return at + max(self.delay, DEFAULT_DELAY)
        return at if self.mode is DeliveryMode.AT_ONCE else at + self.delay

    def _close(self, sent: Sent, *, reason: str | None, at: datetime) -> None:
        status = Status.DELIVERED if reason is None else Status.UNDELIVERED
        with self._book.transaction() as connection:
            connection.execute(
                change(table)
                .where(table.c.id == sent.id)
                .values(status=status, reason=reason, closed_at=at)
            )

    def _insert(self, message: Message, **columns: Any) -> None:  # noqa: ANN401 - columns of any type
        with self._book.transaction() as connection:
            connection.execute(
                insert(table).values(
                    id=message.id,
                    channel=message.channel,
                    sender=message.sender,
                    to=message.to,
                    subject=message.subject,
                    text=message.text,
                    content=message.content,
                    segment_count=message.segment_count,
                    **columns,
                )
            )

    def _known(self, message_id: str) -> Sent:
        sent = self.find(message_id=message_id)
        if sent is None:
            raise RuntimeError("a message just stored is not there")
        return sent

    def _select(self, query: Select[tuple[object, ...]]) -> list[Sent]:
        with self._book.transaction() as connection:
            return [_sent(row) for row in connection.execute(query)]


def _sent(row: Row[tuple[object, ...]]) -> Sent:
    columns = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public accessor in spite of its name
    return Sent(**{**columns, "status": Status(columns["status"])})
