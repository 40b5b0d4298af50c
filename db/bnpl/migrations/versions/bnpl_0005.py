"""What an installment costs more because it was late, less waivers, and what of it is paid."""

import sqlalchemy as sa
from alembic import op

revision = "bnpl_0005"
down_revision = "bnpl_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("late_fee_santim", "late_fee_paid_santim"):
        op.add_column(
            "installments", sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        )
        op.alter_column("installments", name, server_default=None)
    op.create_check_constraint(
        "ck_installments_no_fee_is_paid_twice",
        "installments",
        "late_fee_paid_santim BETWEEN 0 AND late_fee_santim",
    )
