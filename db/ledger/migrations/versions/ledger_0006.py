"""A plan that does not perform earns no interest until it does again."""

import sqlalchemy as sa
from alembic import op

revision = "ledger_0006"
down_revision = "ledger_0005"
branch_labels = None
depends_on = None

_INDEX = "ix_earning_installments_behind"


def upgrade() -> None:
    op.add_column(
        "earning_installments",
        sa.Column("is_suspended", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.alter_column("earning_installments", "is_suspended", server_default=None)
    op.drop_index(_INDEX, table_name="earning_installments")
    op.create_index(
        _INDEX,
        "earning_installments",
        ["plan_id", "accrued_until"],
        postgresql_where=sa.text("NOT is_done AND NOT is_suspended AND NOT on_test_clock"),
    )
