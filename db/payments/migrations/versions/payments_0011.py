"""An amount above a wallet's limit is collected in parts: each succeeds, and none pays it alone."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0011"
down_revision = "payments_0010"
branch_labels = None
depends_on = None

_INDEX = "uq_attempts_one_pays"


def upgrade() -> None:
    op.add_column(
        "attempts", sa.Column("is_part", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.alter_column("attempts", "is_part", server_default=None)
    op.drop_index(_INDEX, table_name="attempts")
    op.create_index(
        _INDEX,
        "attempts",
        ["plan_id", "installment_id"],
        unique=True,
        postgresql_where=sa.text("state = 'succeeded' AND surplus_at IS NULL AND NOT is_part"),
    )
