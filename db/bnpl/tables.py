"""Tables of the bnpl store. Customers are named by opaque ids; nothing here is private."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, MetaData, text
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING, Access
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.order_money import CaptureMode
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.money import Money


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """All tables of this store."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = COLUMN_TYPES


class Product(Base):
    """A version of a payment option, written by the seed from ``db/bnpl/catalogue``."""

    __tablename__ = "products"
    __table_args__ = Access.READ_ONLY.table

    option: Mapped[PaymentOption] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    effective_from: Mapped[date]
    document: Mapped[dict[str, Any]]


class Plan(Base):
    """A plan as its newest event left it. The event log is the history; this is the view."""

    __tablename__ = "plans"
    __table_args__ = (
        CheckConstraint("amount_santim > 0", name="amount_is_something"),
        CheckConstraint(
            "captured_santim >= 0 AND voided_santim >= 0"
            " AND captured_santim + voided_santim <= amount_santim",
            name="no_more_is_captured_than_authorised",
        ),
        CheckConstraint(
            "goods_returned_santim BETWEEN 0 AND captured_santim",
            name="no_more_goes_back_than_is_captured",
        ),
        Index(None, "merchant_id", "opened_at"),
        Index(None, "state"),
        Index(None, "test_clock_id", postgresql_where=text("test_clock_id IS NOT NULL")),
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[str]
    reference: Mapped[str]
    request_hash: Mapped[str]
    option: Mapped[PaymentOption]
    product_version: Mapped[int] = mapped_column(Integer)
    amount_santim: Mapped[Money]
    installment_count: Mapped[int | None] = mapped_column(Integer)
    wallet_provider: Mapped[str]
    test_clock_id: Mapped[str | None]
    state: Mapped[PlanState]
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    next_step: Mapped[str]
    next_step_at: Mapped[datetime | None] = mapped_column(default=None)
    next_action: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    customer_id: Mapped[str | None] = mapped_column(default=None)
    tier: Mapped[str | None] = mapped_column(default=None)
    offer: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    decline_reasons: Mapped[list[Any] | None] = mapped_column(default=None)
    agreement_version: Mapped[str | None] = mapped_column(default=None)
    activated_on: Mapped[date | None] = mapped_column(default=None)
    payout_id: Mapped[str | None] = mapped_column(default=None)
    settlement_due_at: Mapped[datetime | None] = mapped_column(default=None)
    merchant_paid: Mapped[bool] = mapped_column(default=False)
    returned_santim: Mapped[Money] = mapped_column(default_factory=Money.zero)
    goods_returned_santim: Mapped[Money] = mapped_column(default_factory=Money.zero)
    """What of the order's price has gone back with goods."""
    capture: Mapped[CaptureMode] = mapped_column(default=CaptureMode.AUTOMATIC)
    captured_santim: Mapped[Money] = mapped_column(default_factory=Money.zero)
    voided_santim: Mapped[Money] = mapped_column(default_factory=Money.zero)
    authorised_until: Mapped[datetime | None] = mapped_column(default=None)
    """When what is not captured is voided; None where all of it is captured at once."""
    authorisation_expired: Mapped[bool] = mapped_column(default=False)
    charged_off_on: Mapped[date | None] = mapped_column(default=None)


class Installment(Base):
    """One installment as its newest event left it."""

    __tablename__ = "installments"
    __table_args__ = (
        CheckConstraint(
            "principal_santim >= 0 AND interest_santim >= 0", name="parts_are_not_negative"
        ),
        CheckConstraint(
            "late_fee_paid_santim BETWEEN 0 AND late_fee_santim", name="no_fee_is_paid_twice"
        ),
        CheckConstraint(
            "paid_in_part_santim BETWEEN 0 AND principal_santim + interest_santim",
            name="parts_are_within_the_installment",
        ),
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    due_on: Mapped[date]
    principal_santim: Mapped[Money]
    interest_santim: Mapped[Money]
    state: Mapped[InstallmentState] = mapped_column(default=InstallmentState.SCHEDULED)
    failed_attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_cause: Mapped[str | None] = mapped_column(default=None)
    next_attempt_at: Mapped[datetime | None] = mapped_column(default=None)
    next_attempt_reason: Mapped[str | None] = mapped_column(default=None)
    paid_at: Mapped[datetime | None] = mapped_column(default=None)
    attempt_id: Mapped[str | None] = mapped_column(default=None)
    late_fee_santim: Mapped[Money] = mapped_column(default_factory=Money.zero)
    late_fee_paid_santim: Mapped[Money] = mapped_column(default_factory=Money.zero)
    paid_in_part_santim: Mapped[Money] = mapped_column(default_factory=Money.zero)
    waits_for: Mapped[str | None] = mapped_column(default=None)
    """The dispute for whose end it waits."""


class PlanProcess(Base):
    """Whether a plan's process has done all that it will ever do.

    No event tells: a plan that was cancelled may still have money to return, and one that is
    completed a merchant to tell. It is not part of what the log can make again.
    """

    __tablename__ = "plan_processes"
    __table_args__ = (
        Index("ix_plan_processes_open", "plan_id", postgresql_where=text("ended_at IS NULL")),
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
