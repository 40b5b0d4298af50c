"""Held and owed principal of every plan stand in one store, so that no race passes a limit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from db.kernel.schema import create_events, create_person_keys

revision = "credit_0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_events()
    create_person_keys()
    op.create_table(
        "policies",
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_policies"),
    )
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("tier", sa.String(40)),
        sa.Column("limit_santim", sa.BigInteger),
        sa.Column("decided_at", INSTANT),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customers"),
    )
    op.create_table(
        "decisions",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("approved", sa.Boolean, nullable=False),
        sa.Column("tier", sa.String(40), nullable=False),
        sa.Column("limit_santim", sa.BigInteger, nullable=False),
        sa.Column("reasons", JSONB, nullable=False),
        sa.Column("policy_version", sa.Integer, nullable=False),
        sa.Column("inputs_sealed", sa.LargeBinary, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_customer_id", "decisions", ["customer_id"])
    op.create_table(
        "exposures",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("held_santim", sa.BigInteger, nullable=False),
        sa.Column("owed_santim", sa.BigInteger, nullable=False),
        sa.Column("financed_santim", sa.BigInteger),
        sa.Column("monthly_payment_santim", sa.BigInteger, nullable=False),
        sa.Column("was_late", sa.Boolean, nullable=False),
        sa.Column("held_at", INSTANT, nullable=False),
        sa.Column("moved_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_exposures"),
        sa.CheckConstraint(
            "held_santim >= 0 AND owed_santim >= 0", name="ck_exposures_not_negative"
        ),
        sa.CheckConstraint(
            "held_santim = 0 OR state = 'held'", name="ck_exposures_held_while_held"
        ),
        sa.CheckConstraint(
            "owed_santim = 0 OR state = 'owed'", name="ck_exposures_owed_while_owed"
        ),
    )
    op.create_index("ix_exposures_customer_id", "exposures", ["customer_id"])
    op.create_table(
        "repayments",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("repayment_id", sa.Text, nullable=False),
        sa.Column("principal_santim", sa.BigInteger, nullable=False),
        sa.Column("on_time", sa.Boolean, nullable=False),
        sa.Column("repaid_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "repayment_id", name="pk_repayments"),
    )
