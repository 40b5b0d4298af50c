"""Interest is earned day by day and commission with its principal: what is still to be earned."""

import sqlalchemy as sa
from alembic import op

revision = "ledger_0004"
down_revision = "ledger_0003_anchors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "earning_installments",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("lender", sa.Text, nullable=False),
        sa.Column("interest_santim", sa.BigInteger, nullable=False),
        sa.Column("merchant_fee_santim", sa.BigInteger, nullable=False),
        sa.Column("day_count", sa.String(40), nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("on_test_clock", sa.Boolean, nullable=False),
        sa.Column("accrued_until", sa.Date, nullable=False),
        sa.Column("accrued_santim", sa.BigInteger, nullable=False),
        sa.Column("is_done", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "number", name="pk_earning_installments"),
        sa.CheckConstraint(
            "interest_santim >= 0 AND merchant_fee_santim >= 0",
            name="ck_earning_installments_amounts_are_not_negative",
        ),
        sa.CheckConstraint(
            "accrued_santim BETWEEN 0 AND interest_santim",
            name="ck_earning_installments_accrues_its_interest_only",
        ),
        sa.CheckConstraint(
            "accrued_until >= starts_on", name="ck_earning_installments_accrues_from_its_start"
        ),
    )
    op.create_index(
        "ix_earning_installments_behind",
        "earning_installments",
        ["plan_id", "accrued_until"],
        postgresql_where=sa.text("NOT is_done AND NOT on_test_clock"),
    )
