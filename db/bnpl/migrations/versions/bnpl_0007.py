"""What parts have paid of an installment; until now each was paid whole."""

import sqlalchemy as sa
from alembic import op

revision = "bnpl_0007"
down_revision = "bnpl_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "installments",
        sa.Column("paid_in_part_santim", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.alter_column("installments", "paid_in_part_santim", server_default=None)
    op.create_check_constraint(
        "parts_are_within_the_installment",
        "installments",
        "paid_in_part_santim BETWEEN 0 AND principal_santim + interest_santim",
    )
