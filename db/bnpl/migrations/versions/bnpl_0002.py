"""Plans whose process has work left can be listed, so that a lost process can be begun again."""

import sqlalchemy as sa
from alembic import op

revision = "bnpl_0002"
down_revision = "bnpl_0001"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "plan_processes",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("began_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT),
        sa.PrimaryKeyConstraint("plan_id", name="pk_plan_processes"),
    )
    op.create_index(
        "ix_plan_processes_open",
        "plan_processes",
        ["plan_id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_plans_test_clock_id",
        "plans",
        ["test_clock_id"],
        postgresql_where=sa.text("test_clock_id IS NOT NULL"),
    )
    # Of cancelled and expired plans nobody has noted whether all was done: they are looked at once.
    op.execute(
        """
        INSERT INTO plan_processes (plan_id, began_at, ended_at)
        SELECT plan_id, opened_at,
               CASE WHEN state IN ('declined', 'completed') THEN changed_at END
        FROM plans
        """
    )
