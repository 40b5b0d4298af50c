"""When a failed collection is tried again is data with a date, and no version is ever changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "payments_0003"
down_revision = "payments_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "collection_policies",
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("document", postgresql.JSONB, nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", "version", name="pk_collection_policies"),
    )
