"""Staff act under keys of their own, so that each deed is somebody's and a role bounds it."""

import sqlalchemy as sa
from alembic import op

revision = "auth_0003"
down_revision = "auth_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_keys",
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("staff_id", sa.Text, nullable=False),
        sa.Column("handle", sa.Text, nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("key_id", name="pk_staff_keys"),
    )
    op.create_index("ix_staff_keys_staff_id", "staff_keys", ["staff_id"])
