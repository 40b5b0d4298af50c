"""What customers are told of their installments is evidence: text, hash, and each word on it."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0005"
down_revision = "payments_0004"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "reminders",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("reminder_id", sa.Text, nullable=False),
        sa.Column("installment_id", sa.Text, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("days", sa.BigInteger, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("language", sa.String(40), nullable=False),
        sa.Column("template_version", sa.BigInteger, nullable=False),
        sa.Column("text_hash", sa.LargeBinary, nullable=False),
        sa.Column("text_sealed", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("sent_at", _TIME),
        sa.Column("provider_reference", sa.Text),
        sa.Column("failure_code", sa.Text),
        sa.PrimaryKeyConstraint("plan_id", "reminder_id", name="pk_reminders"),
        sa.CheckConstraint("length(text_hash) = 32", name="ck_reminders_text_hash_is_sha256"),
    )
    op.create_table(
        "reminder_answers",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("reminder_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("provider_reference", sa.Text),
        sa.Column("failure_code", sa.Text),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "reminder_id", "number", name="pk_reminder_answers"),
        sa.ForeignKeyConstraint(
            ["plan_id", "reminder_id"],
            ["reminders.plan_id", "reminders.reminder_id"],
            name="fk_reminder_answers_plan_id_reminder_id",
        ),
    )
