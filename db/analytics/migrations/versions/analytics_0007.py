"""What of an order's price has gone back with goods."""

import sqlalchemy as sa
from alembic import op

revision = "analytics_0007"
down_revision = "analytics_0006"
branch_labels = None
depends_on = None

_TABLE, _COLUMN = "plan_overview", "goods_returned_santim"


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column(_COLUMN, sa.BigInteger, nullable=False, server_default="0"))
    op.alter_column(_TABLE, _COLUMN, server_default=None)
