"""Tables of the marketplace store."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, MetaData, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING, Access
from meqenet.marketplace.notices import NoticeState, TryFailure
from meqenet.money import Money


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """All tables of this store."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = COLUMN_TYPES


class OrderState(StrEnum):
    """Where an order stands."""

    OPEN = "open"
    """A plan is to pay it."""
    APPROVED = "approved"
    """The plan is active. Final."""
    DECLINED = "declined"
    """There will be no plan. Final."""
    EXPIRED = "expired"
    """The customer did not finish in time. Final."""
    CANCELLED = "cancelled"
    """Cancelled before activation. Final."""


class Merchant(Base):
    """A merchant; the secret opens with the merchant's own data key."""

    __tablename__ = "merchants"

    merchant_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    webhook_url: Mapped[str | None]
    webhook_secret_sealed: Mapped[bytes | None]
    registered_at: Mapped[datetime]


class Order(Base):
    """A merchant's order that a plan is to pay."""

    __tablename__ = "orders"
    __table_args__ = (UniqueConstraint("merchant_id", "reference"),)

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[str]
    reference: Mapped[str]
    amount_santim: Mapped[Money]
    description: Mapped[str]
    state: Mapped[OrderState]
    placed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    return_url: Mapped[str | None] = mapped_column(default=None)


class WebhookRotation(Base):
    """A new secret of a merchant's webhook; the one that it was taken on with is not among them.

    ``overlap_until``: how long the secret before it signs too; ended early, it is moved there.
    """

    __tablename__ = "webhook_rotations"

    merchant_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    rotation_id: Mapped[str] = mapped_column(unique=True)
    secret_sealed: Mapped[bytes]
    rotated_at: Mapped[datetime]
    overlap_until: Mapped[datetime]


class StoredNotice(Base):
    """A notice to a merchant, and what has become of it.

    ``sequence`` counts the plan's notices without a gap; ``attempt_count`` the tries since it was
    begun, or begun anew by a replay; ``status`` is the merchant's last HTTP answer.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("plan_id", "sequence"),
        Index("ix_notices_merchant_id_stored_at", "merchant_id", "stored_at", "notice_id"),
    )

    notice_id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[str]
    plan_id: Mapped[str]
    sequence: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str]
    reference: Mapped[str]
    at: Mapped[datetime]
    stored_at: Mapped[datetime]
    state: Mapped[NoticeState]
    attempt_count: Mapped[int] = mapped_column(Integer, default=0)
    status: Mapped[int | None] = mapped_column(Integer, default=None)
    attempted_at: Mapped[datetime | None] = mapped_column(default=None)
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)
    replayed_at: Mapped[datetime | None] = mapped_column(default=None)


class LoggedTry(Base):
    """One try of a notice. A run that was begun anew counts from 1 again."""

    __tablename__ = "notice_tries"
    __table_args__ = Access.APPEND_ONLY.table

    notice_id: Mapped[str] = mapped_column(primary_key=True)
    tried_at: Mapped[datetime] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    is_replay: Mapped[bool]
    status: Mapped[int | None] = mapped_column(Integer)
    failure: Mapped[TryFailure | None]
    took_ms: Mapped[int | None] = mapped_column(Integer)


class IdempotencyRecord(Base):
    """A merchant's idempotency key with its request's hash and the answer; kept for ever."""

    __tablename__ = "idempotency_records"

    merchant_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    claimed_at: Mapped[datetime]
    status: Mapped[int | None] = mapped_column(Integer)
    body: Mapped[bytes | None]
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    answered_at: Mapped[datetime | None]
