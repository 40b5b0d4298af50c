"""Plans are kept with their history, under the product version that they were signed under."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from db.kernel.schema import create_events

revision = "bnpl_0001"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_events()
    op.create_table(
        "products",
        sa.Column("option", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("option", "version", name="pk_products"),
    )
    op.create_table(
        "plans",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("request_hash", sa.Text, nullable=False),
        sa.Column("option", sa.String(40), nullable=False),
        sa.Column("product_version", sa.Integer, nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("installment_count", sa.Integer),
        sa.Column("wallet_provider", sa.Text, nullable=False),
        sa.Column("test_clock_id", sa.Text),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.Column("changed_at", _INSTANT, nullable=False),
        sa.Column("next_step", sa.Text, nullable=False),
        sa.Column("next_step_at", _INSTANT),
        sa.Column("next_action", JSONB),
        sa.Column("customer_id", sa.Text),
        sa.Column("tier", sa.Text),
        sa.Column("offer", JSONB),
        sa.Column("decline_reasons", JSONB),
        sa.Column("agreement_version", sa.Text),
        sa.Column("activated_on", sa.Date),
        sa.Column("payout_id", sa.Text),
        sa.Column("settlement_due_at", _INSTANT),
        sa.Column("merchant_paid", sa.Boolean, nullable=False),
        sa.Column("returned_santim", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_plans"),
        sa.CheckConstraint("amount_santim > 0", name="ck_plans_amount_is_something"),
    )
    op.create_index("ix_plans_merchant_id_opened_at", "plans", ["merchant_id", "opened_at"])
    op.create_index("ix_plans_state", "plans", ["state"])
    op.create_table(
        "installments",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("principal_santim", sa.BigInteger, nullable=False),
        sa.Column("interest_santim", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("failed_attempts", sa.Integer, nullable=False),
        sa.Column("last_cause", sa.Text),
        sa.Column("next_attempt_at", _INSTANT),
        sa.Column("paid_at", _INSTANT),
        sa.Column("attempt_id", sa.Text),
        sa.PrimaryKeyConstraint("plan_id", "number", name="pk_installments"),
        sa.CheckConstraint(
            "principal_santim >= 0 AND interest_santim >= 0",
            name="ck_installments_parts_are_not_negative",
        ),
    )
