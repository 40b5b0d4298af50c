"""Money that came unasked may be more than is owed: what is more is the customer's credit."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0010"
down_revision = "payments_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("overpaid_santim", sa.BigInteger()))
    op.add_column("attempts", sa.Column("overpaid_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        "ck_attempts_overpaid_is_part_of_payment",
        "attempts",
        "(overpaid_santim IS NULL AND overpaid_at IS NULL) OR (overpaid_at IS NOT NULL"
        " AND overpaid_santim BETWEEN 1 AND moved_santim AND surplus_at IS NULL)",
    )
    op.create_table(
        "paid_bills",
        sa.Column("receipt", sa.Text, primary_key=True),
        sa.Column("plan_id", sa.Text, index=True),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("payer_sealed", sa.LargeBinary),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
    )
