"""Merchants, their orders, and the answers they were given stand in one store."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from db.kernel.schema import create_events, create_person_keys

revision = "marketplace_0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_events()
    create_person_keys()
    op.create_table(
        "merchants",
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("webhook_url", sa.Text),
        sa.Column("webhook_secret_sealed", sa.LargeBinary),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", name="pk_merchants"),
    )
    op.create_table(
        "orders",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("placed_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.PrimaryKeyConstraint("plan_id", name="pk_orders"),
        sa.UniqueConstraint("merchant_id", "reference", name="uq_orders_merchant_id_reference"),
    )
    op.create_table(
        "notice_deliveries",
        sa.Column("notice_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("attempt_count", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("attempted_at", INSTANT, nullable=False),
        sa.Column("delivered_at", INSTANT),
        sa.PrimaryKeyConstraint("notice_id", name="pk_notice_deliveries"),
    )
    op.create_index("ix_notice_deliveries_merchant_id", "notice_deliveries", ["merchant_id"])
    op.create_table(
        "idempotency_records",
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_hash", sa.Text, nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("body", sa.LargeBinary),
        sa.Column("headers", JSONB),
        sa.Column("answered_at", INSTANT),
        sa.PrimaryKeyConstraint("merchant_id", "key", name="pk_idempotency_records"),
    )
