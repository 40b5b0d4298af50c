"""Merchants see what they were told and how each try went, fetch what they miss, change secrets."""

import sqlalchemy as sa
from alembic import op

revision = "marketplace_0004"
down_revision = "marketplace_0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
_NEW_COLUMNS = ("sequence", "reference", "at", "stored_at", "state")
# What was on file is numbered in the order of the plans' logs. Until now its first try was the
# only trace of a notice, so the last one stands for when it was put on file; forty were a week.
_NUMBER = """
UPDATE notices SET
  sequence = numbered.sequence,
  reference = coalesce(orders.reference, ''),
  at = notices.attempted_at,
  stored_at = notices.attempted_at,
  state = CASE WHEN notices.delivered_at IS NOT NULL THEN 'delivered'
               WHEN notices.attempt_count >= 40 THEN 'given_up' ELSE 'pending' END
FROM (SELECT notice_id, plan_id,
             row_number() OVER (PARTITION BY plan_id ORDER BY
               substring(notice_id FROM '-n([0-9]+)$')::bigint NULLS LAST, notice_id) AS sequence
      FROM notices) AS numbered
LEFT JOIN orders ON orders.plan_id = numbered.plan_id
WHERE numbered.notice_id = notices.notice_id
"""


def upgrade() -> None:
    op.rename_table("notice_deliveries", "notices")
    op.execute("ALTER INDEX pk_notice_deliveries RENAME TO pk_notices")
    op.drop_index("ix_notice_deliveries_merchant_id", "notices")
    op.add_column("notices", sa.Column("sequence", sa.Integer))
    op.add_column("notices", sa.Column("reference", sa.Text))
    op.add_column("notices", sa.Column("at", INSTANT))
    op.add_column("notices", sa.Column("stored_at", INSTANT))
    op.add_column("notices", sa.Column("state", sa.String(40)))
    op.add_column("notices", sa.Column("replayed_at", INSTANT))
    op.execute(_NUMBER)
    for name in _NEW_COLUMNS:
        op.alter_column("notices", name, nullable=False)
    op.alter_column("notices", "attempted_at", nullable=True)
    op.create_unique_constraint("uq_notices_plan_id_sequence", "notices", ["plan_id", "sequence"])
    op.create_index(
        "ix_notices_merchant_id_stored_at", "notices", ["merchant_id", "stored_at", "notice_id"]
    )
    op.create_table(
        "notice_tries",
        sa.Column("notice_id", sa.Text, nullable=False),
        sa.Column("tried_at", INSTANT, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("is_replay", sa.Boolean, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("failure", sa.String(40)),
        sa.Column("took_ms", sa.Integer),
        sa.PrimaryKeyConstraint("notice_id", "tried_at", "number", name="pk_notice_tries"),
    )
    op.create_table(
        "webhook_rotations",
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("rotation_id", sa.Text, nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary, nullable=False),
        sa.Column("rotated_at", INSTANT, nullable=False),
        sa.Column("overlap_until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "number", name="pk_webhook_rotations"),
        sa.UniqueConstraint("rotation_id", name="uq_webhook_rotations_rotation_id"),
    )
