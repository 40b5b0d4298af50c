"""Tables of what customers are told: where they read it, each message, and each word on it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.kernel.columns import Access
from db.payments.base import Base
from meqenet.money import Money
from meqenet.payments.messages import MessageKind
from meqenet.payments.reminder_states import ReminderState
from meqenet.payments.reminders import Language, ReminderKind


class EmailAddress(Base):
    """Where a plan's customer reads e-mail, if the checkout has said so."""

    __tablename__ = "email_addresses"
    __table_args__ = Access.APPEND_ONLY.table

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    address_sealed: Mapped[bytes]
    registered_at: Mapped[datetime]


class ReminderRow(Base):
    """What a customer was told of an installment, under which id, and what became of it.

    The text is sealed under the plan's data key; its hash proves what was sent once it is opened.
    ``sent_at``: when the provider had taken it.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        CheckConstraint("length(text_hash) = 32", name="text_hash_is_sha256"),
        Access.READ_WRITE.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    reminder_id: Mapped[str] = mapped_column(primary_key=True)
    installment_id: Mapped[str]
    kind: Mapped[ReminderKind]
    days: Mapped[int]
    due_on: Mapped[date]
    amount_santim: Mapped[Money]
    channel: Mapped[MessageKind]
    language: Mapped[Language]
    template_version: Mapped[int]
    text_hash: Mapped[bytes]
    text_sealed: Mapped[bytes]
    state: Mapped[ReminderState]
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    provider_reference: Mapped[str | None] = mapped_column(default=None)
    failure_code: Mapped[str | None] = mapped_column(default=None)


class ReminderAnswer(Base):
    """Each word on a reminder, ours or the provider's, in the order in which it came."""

    __tablename__ = "reminder_answers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "reminder_id"], ["reminders.plan_id", "reminders.reminder_id"]
        ),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    reminder_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[ReminderState]
    provider_reference: Mapped[str | None]
    failure_code: Mapped[str | None]
    at: Mapped[datetime]
