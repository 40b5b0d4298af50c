"""What a payment pays may be told anew by its plan, and a provider may take money back."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0013"
down_revision = "payments_0012"
branch_labels = None
depends_on = None

_INDEX = "uq_attempts_one_pays"


def upgrade() -> None:
    op.add_column("attempts", sa.Column("replay_id", sa.Text, nullable=True))
    op.add_column("attempts", sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        "reversed_has_moved",
        "attempts",
        "reversed_at IS NULL OR (state = 'succeeded' AND replay_id IS NOT NULL"
        " AND surplus_at IS NULL AND overpaid_at IS NULL)",
    )
    op.drop_index(_INDEX, table_name="attempts")
    op.create_index(
        _INDEX,
        "attempts",
        ["plan_id", "installment_id"],
        unique=True,
        postgresql_where=sa.text(
            "state = 'succeeded' AND surplus_at IS NULL AND NOT is_part AND replay_id IS NULL"
        ),
    )
