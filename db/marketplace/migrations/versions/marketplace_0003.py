"""The shopper of a plan whose process was lost is sent back to where the checkout has said."""

import sqlalchemy as sa
from alembic import op

revision = "marketplace_0003"
down_revision = "marketplace_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("return_url", sa.Text))
