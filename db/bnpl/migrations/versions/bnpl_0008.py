"""What of an order's price has gone back with goods."""

import sqlalchemy as sa
from alembic import op

revision = "bnpl_0008"
down_revision = "bnpl_0007"
branch_labels = None
depends_on = None

_COLUMN = "goods_returned_santim"


def upgrade() -> None:
    op.add_column("plans", sa.Column(_COLUMN, sa.BigInteger, nullable=False, server_default="0"))
    op.alter_column("plans", _COLUMN, server_default=None)
