"""Tables of the marketplace store."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Integer, MetaData, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING
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


class NoticeDelivery(Base):
    """What became of a notice: how often it was sent, and what the merchant answered last."""

    __tablename__ = "notice_deliveries"

    notice_id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[str] = mapped_column(index=True)
    plan_id: Mapped[str]
    kind: Mapped[str]
    attempt_count: Mapped[int] = mapped_column(Integer)
    status: Mapped[int | None] = mapped_column(Integer)
    attempted_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


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
