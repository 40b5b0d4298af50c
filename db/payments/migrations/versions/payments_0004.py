"""Statements are kept as they came, and how each line has ended is kept with all that it was."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0004"
down_revision = "payments_0003"
branch_labels = None
depends_on = None

_UNDECIDED = "verdict NOT IN ('matched', 'withdrawn') AND accepted_by IS NULL"
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _statements()
    _items()


def _statements() -> None:
    op.create_table(
        "statements",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("form", sa.String(40), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("content_hash", sa.LargeBinary, nullable=False),
        sa.Column("content_sealed", sa.LargeBinary, nullable=False),
        sa.Column("line_count", sa.BigInteger, nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("provider", "day", "version", name="pk_statements"),
        sa.CheckConstraint(
            "length(content_hash) = 32", name="ck_statements_content_hash_is_sha256"
        ),
    )
    op.create_table(
        "statement_lines",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("line_id", sa.Text, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("receipt", sa.Text),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("charge_santim", sa.BigInteger, nullable=False),
        sa.Column("moved_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("provider", "day", "version", "line_id", name="pk_statement_lines"),
        sa.ForeignKeyConstraint(
            ["provider", "day", "version"],
            ["statements.provider", "statements.day", "statements.version"],
            name="fk_statement_lines_provider_day_version",
        ),
    )


def _items() -> None:
    op.create_table(
        "reconciliation_items",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("day", sa.Date),
        sa.Column("order_id", sa.Text),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("charge_santim", sa.BigInteger, nullable=False),
        sa.Column("receipt", sa.Text),
        sa.Column("moved_at", _TIME),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("verdict", sa.String(40), nullable=False),
        sa.Column("because", sa.String(40), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("judgements", sa.BigInteger, nullable=False),
        sa.Column("partner", sa.Text),
        sa.Column("accepted_by", sa.Text),
        sa.PrimaryKeyConstraint("provider", "item_id", name="pk_reconciliation_items"),
        sa.CheckConstraint(
            "day IS NOT NULL OR order_id IS NOT NULL",
            name="ck_reconciliation_items_is_line_or_order",
        ),
    )
    place = ["provider", "key"]
    op.create_index("ix_reconciliation_items_provider_key", "reconciliation_items", place)
    op.create_index(
        "ix_reconciliation_items_undecided",
        "reconciliation_items",
        place,
        postgresql_where=sa.text(_UNDECIDED),
    )
    op.create_index(
        "ix_reconciliation_items_provider_day", "reconciliation_items", ["provider", "day"]
    )
    op.create_table(
        "reconciliation_judgements",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.String(40), nullable=False),
        sa.Column("because", sa.String(40), nullable=False),
        sa.Column("partner", sa.Text),
        sa.Column("judged_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint(
            "provider", "item_id", "number", name="pk_reconciliation_judgements"
        ),
        sa.ForeignKeyConstraint(
            ["provider", "item_id"],
            ["reconciliation_items.provider", "reconciliation_items.item_id"],
            name="fk_reconciliation_judgements_provider_item_id",
        ),
    )
