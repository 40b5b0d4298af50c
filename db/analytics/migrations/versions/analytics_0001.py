"""The read models of plans, merchants, customers and the portfolio, and how far they have read."""

import sqlalchemy as sa
from alembic import op

from db.kernel.schema import create_events, create_inbox

revision = "analytics_0001"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_events()
    create_inbox()
    _plan_overview()
    _plan_overview_installments()
    _merchant_statement()
    _customer_exposure()
    _customer_exposure_plans()
    _portfolio_plans()
    _portfolio_installments()
    _portfolio_collections()


def _plan_overview() -> None:
    op.create_table(
        "plan_overview",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Text),
        sa.Column("reference", sa.Text),
        sa.Column("option", sa.Text),
        sa.Column("product_version", sa.Integer),
        sa.Column("amount_santim", sa.BigInteger),
        sa.Column("wallet_provider", sa.Text),
        sa.Column("test_clock_id", sa.Text),
        sa.Column("state", sa.Text),
        sa.Column("customer_id", sa.Text),
        sa.Column("tier", sa.Text),
        sa.Column("lender_of_record", sa.Text),
        sa.Column("total_payable_santim", sa.BigInteger),
        sa.Column("opened_at", _INSTANT),
        sa.Column("activated_on", sa.Date),
        sa.Column("ended_at", _INSTANT),
        sa.Column("next_due_on", sa.Date),
        sa.Column("outstanding_principal_santim", sa.BigInteger, nullable=False),
        sa.Column("outstanding_interest_santim", sa.BigInteger, nullable=False),
        sa.Column("returned_santim", sa.BigInteger, nullable=False),
        sa.Column("collected_santim", sa.BigInteger, nullable=False),
        sa.Column("refunded_santim", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("failed_attempts", sa.Integer, nullable=False),
        sa.Column("findings", sa.Integer, nullable=False),
        sa.Column("payout_state", sa.Text),
        sa.Column("merchant_net_santim", sa.BigInteger),
        sa.Column("merchant_paid_santim", sa.BigInteger, nullable=False),
        sa.Column("receivable_santim", sa.BigInteger, nullable=False),
        sa.Column("deposits_santim", sa.BigInteger, nullable=False),
        sa.Column("changed_at", _INSTANT),
        sa.PrimaryKeyConstraint("plan_id", name="pk_plan_overview"),
    )
    op.create_index("ix_plan_overview_customer_id", "plan_overview", ["customer_id"])
    op.create_index(
        "ix_plan_overview_merchant_id_opened_at", "plan_overview", ["merchant_id", "opened_at"]
    )
    op.create_index("ix_plan_overview_state_next_due_on", "plan_overview", ["state", "next_due_on"])


def _plan_overview_installments() -> None:
    op.create_table(
        "plan_overview_installments",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("principal_santim", sa.BigInteger, nullable=False),
        sa.Column("interest_santim", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("failed_attempts", sa.Integer, nullable=False),
        sa.Column("last_cause", sa.Text),
        sa.Column("next_attempt_at", _INSTANT),
        sa.Column("paid_at", _INSTANT),
        sa.PrimaryKeyConstraint("plan_id", "number", name="pk_plan_overview_installments"),
    )


def _merchant_statement() -> None:
    op.create_table(
        "merchant_statement",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Text),
        sa.Column("reference", sa.Text),
        sa.Column("option", sa.Text),
        sa.Column("gross_santim", sa.BigInteger),
        sa.Column("fee_santim", sa.BigInteger),
        sa.Column("net_santim", sa.BigInteger),
        sa.Column("scheduled_at", _INSTANT),
        sa.Column("due_at", _INSTANT),
        sa.Column("payout_id", sa.Text),
        sa.Column("payout_state", sa.Text),
        sa.Column("paid_out_santim", sa.BigInteger, nullable=False),
        sa.Column("paid_at", _INSTANT),
        sa.Column("bank_reference", sa.Text),
        sa.Column("reason_code", sa.Text),
        sa.Column("rejected_payouts", sa.Integer, nullable=False),
        sa.Column("contradictions", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_merchant_statement"),
    )
    op.create_index(
        "ix_merchant_statement_merchant_id_scheduled_at_plan_id",
        "merchant_statement",
        ["merchant_id", "scheduled_at", "plan_id"],
    )


def _customer_exposure() -> None:
    op.create_table(
        "customer_exposure",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("tier", sa.Text),
        sa.Column("limit_santim", sa.BigInteger),
        sa.Column("approved", sa.Integer, nullable=False),
        sa.Column("declined", sa.Integer, nullable=False),
        sa.Column("decided_at", _INSTANT),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customer_exposure"),
    )


def _customer_exposure_plans() -> None:
    op.create_table(
        "customer_exposure_plans",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text),
        sa.Column("state", sa.Text),
        sa.Column("held_santim", sa.BigInteger, nullable=False),
        sa.Column("owed_santim", sa.BigInteger, nullable=False),
        sa.Column("financed_santim", sa.BigInteger),
        sa.Column("was_late", sa.Boolean, nullable=False),
        sa.Column("moved_at", _INSTANT),
        sa.PrimaryKeyConstraint("plan_id", name="pk_customer_exposure_plans"),
    )
    op.create_index(
        "ix_customer_exposure_plans_customer_id", "customer_exposure_plans", ["customer_id"]
    )


def _portfolio_plans() -> None:
    op.create_table(
        "portfolio_plans",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Text),
        sa.Column("option", sa.Text),
        sa.Column("lender_of_record", sa.Text),
        sa.Column("activated_on", sa.Date),
        sa.PrimaryKeyConstraint("plan_id", name="pk_portfolio_plans"),
    )
    op.create_index("ix_portfolio_plans_activated_on", "portfolio_plans", ["activated_on"])


def _portfolio_installments() -> None:
    op.create_table(
        "portfolio_installments",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("principal_santim", sa.BigInteger, nullable=False),
        sa.Column("interest_santim", sa.BigInteger, nullable=False),
        sa.Column("paid_on", sa.Date),
        sa.PrimaryKeyConstraint("plan_id", "number", name="pk_portfolio_installments"),
    )


def _portfolio_collections() -> None:
    op.create_table(
        "portfolio_collections",
        sa.Column("day_key", sa.Text, nullable=False),
        sa.Column("day", sa.Date),
        sa.Column("provider", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("cause", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day_key", name="pk_portfolio_collections"),
    )
    op.create_index("ix_portfolio_collections_day", "portfolio_collections", ["day"])
