"""Tables of the analytics store: read models, which may be dropped and made again from events.

Every column of a model is fed by one domain; columns are named after the fields of the lines in
:mod:`meqenet.analytics`, amounts with ``_santim`` behind. Nothing here is private.
"""

from datetime import date, datetime

from sqlalchemy import Index, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING, Access
from meqenet.money import Money


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """All tables of this store."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = COLUMN_TYPES


class PlanOverview(Base):
    """See :class:`meqenet.analytics.plan_overview.PlanOverview`."""

    __tablename__ = "plan_overview"
    __table_args__ = (
        Index(None, "merchant_id", "opened_at"),
        Index(None, "customer_id"),
        Index(None, "state", "next_due_on"),
        Access.ERASABLE.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[str | None]
    reference: Mapped[str | None]
    option: Mapped[str | None]
    product_version: Mapped[int | None] = mapped_column(Integer)
    amount_santim: Mapped[Money | None]
    wallet_provider: Mapped[str | None]
    test_clock_id: Mapped[str | None]
    state: Mapped[str | None]
    customer_id: Mapped[str | None]
    tier: Mapped[str | None]
    lender_of_record: Mapped[str | None]
    total_payable_santim: Mapped[Money | None]
    opened_at: Mapped[datetime | None]
    activated_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    next_due_on: Mapped[date | None]
    outstanding_principal_santim: Mapped[Money]
    outstanding_interest_santim: Mapped[Money]
    outstanding_late_fees_santim: Mapped[Money]
    returned_santim: Mapped[Money]
    goods_returned_santim: Mapped[Money]
    captured_santim: Mapped[Money]
    voided_santim: Mapped[Money]
    collected_santim: Mapped[Money]
    refunded_santim: Mapped[Money]
    attempts: Mapped[int] = mapped_column(Integer)
    failed_attempts: Mapped[int] = mapped_column(Integer)
    findings: Mapped[int] = mapped_column(Integer)
    payout_state: Mapped[str | None]
    merchant_net_santim: Mapped[Money | None]
    merchant_paid_santim: Mapped[Money]
    receivable_santim: Mapped[Money]
    deposits_santim: Mapped[Money]
    charged_off_on: Mapped[date | None]
    changed_at: Mapped[datetime | None]


class PlanOverviewInstallment(Base):
    """See :class:`meqenet.analytics.plan_overview.InstallmentLine`."""

    __tablename__ = "plan_overview_installments"
    __table_args__ = Access.ERASABLE.table

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    due_on: Mapped[date]
    principal_santim: Mapped[Money]
    interest_santim: Mapped[Money]
    state: Mapped[str]
    failed_attempts: Mapped[int] = mapped_column(Integer)
    last_cause: Mapped[str | None]
    next_attempt_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    late_fee_santim: Mapped[Money]
    late_fee_paid_santim: Mapped[Money]
    paid_in_part_santim: Mapped[Money]
    interest_paid_in_part_santim: Mapped[Money]


class StatementLine(Base):
    """See :class:`meqenet.analytics.merchant_statement.StatementLine`."""

    __tablename__ = "merchant_statement"
    __table_args__ = (
        Index(None, "merchant_id", "scheduled_at", "plan_id"),
        Access.ERASABLE.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[str | None]
    reference: Mapped[str | None]
    option: Mapped[str | None]
    gross_santim: Mapped[Money | None]
    fee_santim: Mapped[Money | None]
    net_santim: Mapped[Money | None]
    scheduled_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    payout_id: Mapped[str | None]
    payout_state: Mapped[str | None]
    paid_out_santim: Mapped[Money]
    paid_at: Mapped[datetime | None]
    bank_reference: Mapped[str | None]
    reason_code: Mapped[str | None]
    rejected_payouts: Mapped[int] = mapped_column(Integer)
    contradictions: Mapped[int] = mapped_column(Integer)


class CustomerLine(Base):
    """See :class:`meqenet.analytics.customer_exposure.CustomerLine`."""

    __tablename__ = "customer_exposure"
    __table_args__ = Access.ERASABLE.table

    customer_id: Mapped[str] = mapped_column(primary_key=True)
    tier: Mapped[str | None]
    limit_santim: Mapped[Money | None]
    approved: Mapped[int] = mapped_column(Integer)
    declined: Mapped[int] = mapped_column(Integer)
    decided_at: Mapped[datetime | None]


class ExposureLine(Base):
    """See :class:`meqenet.analytics.customer_exposure.ExposureLine`."""

    __tablename__ = "customer_exposure_plans"
    __table_args__ = (Index(None, "customer_id"), Access.ERASABLE.table)

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str | None]
    state: Mapped[str | None]
    held_santim: Mapped[Money]
    owed_santim: Mapped[Money]
    financed_santim: Mapped[Money | None]
    was_late: Mapped[bool]
    moved_at: Mapped[datetime | None]


class PortfolioPlan(Base):
    """See :class:`meqenet.analytics.portfolio.PortfolioPlan`."""

    __tablename__ = "portfolio_plans"
    __table_args__ = (Index(None, "activated_on"), Access.ERASABLE.table)

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[str | None]
    option: Mapped[str | None]
    lender_of_record: Mapped[str | None]
    activated_on: Mapped[date | None]
    charged_off_on: Mapped[date | None]
    charged_off_santim: Mapped[Money]
    written_off_on: Mapped[date | None]
    written_off_santim: Mapped[Money]


class PortfolioInstallment(Base):
    """See :class:`meqenet.analytics.portfolio.PortfolioInstallment`."""

    __tablename__ = "portfolio_installments"
    __table_args__ = Access.ERASABLE.table

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    part: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    due_on: Mapped[date]
    principal_santim: Mapped[Money]
    interest_santim: Mapped[Money]
    paid_on: Mapped[date | None]
    recovered_santim: Mapped[Money]
    waits: Mapped[bool]


class CollectionDay(Base):
    """See :class:`meqenet.analytics.portfolio.CollectionDay`."""

    __tablename__ = "portfolio_collections"
    __table_args__ = (Index(None, "day"), Access.ERASABLE.table)

    day_key: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date | None]
    provider: Mapped[str | None]
    outcome: Mapped[str | None]
    cause: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(Integer)
    amount_santim: Mapped[Money]
