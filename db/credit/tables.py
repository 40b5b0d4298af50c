"""Tables of the credit store. Customers are named by opaque ids; what they declared is sealed."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING, Access
from meqenet.credit.holds import Release
from meqenet.credit.policy import Tier
from meqenet.money import Money


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """All tables of this store."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = COLUMN_TYPES


class ExposureState(StrEnum):
    """What a plan takes of its customer's limit: in two phases, first held and then owed."""

    HELD = "held"
    """Pending: promised, as the plan may become active."""
    RELEASED = "released"
    """Voided or expired: given back before the plan became active. Final."""
    OWED = "owed"
    """Posted: the plan is active and principal is outstanding."""
    REPAID = "repaid"
    """Nothing is outstanding; owed again only where a payment is reversed."""
    WRITTEN_OFF = "written_off"
    """What was outstanding was lost, and is asked for no more. Final; it counts as late."""


class Policy(Base):
    """A version of the credit policy, written by the seed from ``db/credit/policies``."""

    __tablename__ = "policies"
    __table_args__ = Access.READ_ONLY.table

    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    effective_from: Mapped[date]
    document: Mapped[dict[str, Any]]


class Customer(Base):
    """A customer as last decided. This row is the lock under which limits are used up."""

    __tablename__ = "customers"

    customer_id: Mapped[str] = mapped_column(primary_key=True)
    tier: Mapped[Tier | None]
    limit_santim: Mapped[Money | None]
    decided_at: Mapped[datetime | None]


class CreditDecision(Base):
    """A decision, the policy that made it, and what it was made from (sealed)."""

    __tablename__ = "decisions"
    __table_args__ = Access.APPEND_ONLY.table

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(index=True)
    amount_santim: Mapped[Money]
    approved: Mapped[bool]
    tier: Mapped[Tier]
    limit_santim: Mapped[Money]
    reasons: Mapped[list[Any]]
    policy_version: Mapped[int] = mapped_column(Integer)
    inputs_sealed: Mapped[bytes]
    decided_at: Mapped[datetime]


class Exposure(Base):
    """What one plan holds or owes of its customer's limit, in principal."""

    __tablename__ = "exposures"
    __table_args__ = (
        CheckConstraint("held_santim >= 0 AND owed_santim >= 0", name="not_negative"),
        CheckConstraint("held_santim = 0 OR state = 'held'", name="held_while_held"),
        CheckConstraint("owed_santim = 0 OR state = 'owed'", name="owed_while_owed"),
        CheckConstraint("released_as IS NULL OR state = 'released'", name="released_when_released"),
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(index=True)
    state: Mapped[ExposureState]
    held_santim: Mapped[Money]
    owed_santim: Mapped[Money]
    financed_santim: Mapped[Money | None]
    monthly_payment_santim: Mapped[Money]
    was_late: Mapped[bool]
    held_at: Mapped[datetime]
    moved_at: Mapped[datetime]
    released_as: Mapped[Release | None] = mapped_column(default=None)


class Repayment(Base):
    """Principal that came back, counted once; less than nothing: it is owed again."""

    __tablename__ = "repayments"
    __table_args__ = Access.APPEND_ONLY.table

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    repayment_id: Mapped[str] = mapped_column(primary_key=True)
    principal_santim: Mapped[Money]
    on_time: Mapped[bool]
    repaid_at: Mapped[datetime]
