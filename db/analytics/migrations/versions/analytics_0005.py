"""What parts have paid of installments, and of a loan on which day."""

import sqlalchemy as sa
from alembic import op

revision = "analytics_0005"
down_revision = "analytics_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (
        ("plan_overview_installments", sa.Column("paid_in_part_santim", sa.BigInteger)),
        ("portfolio_installments", sa.Column("part", sa.Integer)),
    ):
        column.nullable, column.server_default = False, sa.DefaultClause("0")
        op.add_column(table, column)
        op.alter_column(table, column.name, server_default=None)
    op.drop_constraint("pk_portfolio_installments", "portfolio_installments", type_="primary")
    op.create_primary_key(
        "pk_portfolio_installments", "portfolio_installments", ["plan_id", "number", "part"]
    )
