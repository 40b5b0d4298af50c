"""Tables of the settlement store. Account numbers and names are sealed under the merchant's key."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING, Access
from meqenet.money import Money
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import TransferStatus


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """All tables of this store."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = COLUMN_TYPES


class MerchantTerms(Base):
    """A merchant's terms from an instant on. ``fee_basis_points`` by payment option."""

    __tablename__ = "merchant_terms"
    __table_args__ = (
        CheckConstraint("delay_days >= 0", name="delay_is_not_negative"),
        Access.APPEND_ONLY.table,
    )

    merchant_id: Mapped[str] = mapped_column(primary_key=True)
    effective_at: Mapped[datetime] = mapped_column(primary_key=True)
    fee_basis_points: Mapped[dict[str, Any]]
    delay_days: Mapped[int]
    bic: Mapped[str]
    account_number_sealed: Mapped[bytes]
    account_name_sealed: Mapped[bytes]
    content_index: Mapped[bytes]
    """Keyed hash of the content: tells whether a repetition says the same."""


class BankDay(Base):
    """A day on which banks are open or closed otherwise than the calendar says."""

    __tablename__ = "bank_days"
    __table_args__ = Access.ERASABLE.table

    day: Mapped[date] = mapped_column(primary_key=True)
    is_open: Mapped[bool]
    why: Mapped[str]


class Settlement(Base):
    """What a merchant gets for a plan, and when. A second one follows a rejected payout."""

    __tablename__ = "settlements"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        CheckConstraint(
            "gross_santim = fee_santim + net_santim AND fee_santim >= 0 AND net_santim > 0",
            name="gross_is_fee_and_net",
        ),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    payout_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    merchant_id: Mapped[str] = mapped_column(index=True)
    option: Mapped[str]
    gross_santim: Mapped[Money]
    fee_santim: Mapped[Money]
    net_santim: Mapped[Money]
    activated_on: Mapped[date]
    protection_days: Mapped[int]
    due_at: Mapped[datetime]
    scheduled_at: Mapped[datetime]


class Payout(Base):
    """An order to the bank. The account is the one of the terms that held when it was opened."""

    __tablename__ = "payouts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "payout_id"], ["settlements.plan_id", "settlements.payout_id"]
        ),
        ForeignKeyConstraint(
            ["merchant_id", "terms_at"],
            ["merchant_terms.merchant_id", "merchant_terms.effective_at"],
        ),
        CheckConstraint("amount_santim > 0", name="amount_is_something"),
        CheckConstraint(
            "state IN ('created', 'unknown', 'pending', 'settled', 'rejected')",
            name="state_is_known",
        ),
        Index(
            "uq_payouts_one_at_a_time",
            "plan_id",
            unique=True,
            postgresql_where=text("state <> 'rejected'"),
        ),
        Access.READ_WRITE.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    payout_id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[str]
    terms_at: Mapped[datetime]
    amount_santim: Mapped[Money]
    state: Mapped[PayoutState]
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    bank_reference: Mapped[str | None] = mapped_column(default=None)
    reason_code: Mapped[str | None] = mapped_column(default=None)


class PayoutAnswer(Base):
    """What the bank said of a payout, word by word; ``status`` None: no readable answer came."""

    __tablename__ = "payout_answers"
    __table_args__ = Access.APPEND_ONLY.table

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    payout_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    status: Mapped[TransferStatus | None]
    bank_reference: Mapped[str | None]
    reason_code: Mapped[str | None]
    heard_at: Mapped[datetime]
    contradicts: Mapped[bool]
