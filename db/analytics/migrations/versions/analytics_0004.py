"""What was given up as a loss, what of it came after all, and what was given up for good."""

import sqlalchemy as sa
from alembic import op

revision = "analytics_0004"
down_revision = "analytics_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("plan_overview", sa.Column("charged_off_on", sa.Date))
    for name in ("charged_off_on", "written_off_on"):
        op.add_column("portfolio_plans", sa.Column(name, sa.Date))
    for table, name in (
        ("portfolio_plans", "charged_off_santim"),
        ("portfolio_plans", "written_off_santim"),
        ("portfolio_installments", "recovered_santim"),
    ):
        op.add_column(table, sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
        op.alter_column(table, name, server_default=None)
