"""What plans cost more because they were late; of plans from before, nothing."""

import sqlalchemy as sa
from alembic import op

revision = "analytics_0003"
down_revision = "analytics_0002_anchors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add("plan_overview", "outstanding_late_fees_santim")
    _add("plan_overview_installments", "late_fee_santim")
    _add("plan_overview_installments", "late_fee_paid_santim")


def _add(table: str, name: str) -> None:
    op.add_column(table, sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    op.alter_column(table, name, server_default=None)
