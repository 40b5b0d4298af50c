"""A dispute has a run of its own, which must be found again, and an end that its plan follows."""

import sqlalchemy as sa
from alembic import op

revision = "disputes_0002"
down_revision = "disputes_0001"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("disputes", sa.Column("test_clock_id", sa.Text))
    op.add_column("disputes", sa.Column("late_since", _INSTANT))
    op.add_column("disputes", sa.Column("settled_at", _INSTANT))
    op.create_check_constraint(
        "ck_disputes_settled_once_decided", "disputes", "settled_at IS NULL OR outcome IS NOT NULL"
    )
    op.create_index(
        "ix_disputes_unsettled",
        "disputes",
        ["dispute_id"],
        postgresql_where=sa.text("settled_at IS NULL"),
    )
