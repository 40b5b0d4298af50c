"""A customer may be reached by e-mail, and a payment of unknown end has an owner among staff."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0007"
down_revision = "payments_0006"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "email_addresses",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("address_sealed", sa.LargeBinary, nullable=False),
        sa.Column("registered_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_email_addresses"),
    )
    op.create_table(
        "alarm_owners",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("attempt_id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "attempt_id", name="pk_alarm_owners"),
        sa.ForeignKeyConstraint(
            ["plan_id", "attempt_id"],
            ["attempts.plan_id", "attempts.attempt_id"],
            name="fk_alarm_owners_plan_id_attempt_id",
        ),
        sa.CheckConstraint("changes > 0", name="ck_alarm_owners_changed_at_all"),
    )
