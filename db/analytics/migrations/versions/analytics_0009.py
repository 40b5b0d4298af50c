"""What of an order's price is captured, and what will not be."""

import sqlalchemy as sa
from alembic import op

revision = "analytics_0009"
down_revision = "analytics_0008"
branch_labels = None
depends_on = None

_TABLE, _COLUMNS = "plan_overview", ("captured_santim", "voided_santim")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column(_TABLE, sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
        op.alter_column(_TABLE, name, server_default=None)
    # Whatever is active by now was captured whole as it became so.
    op.execute(
        "UPDATE plan_overview SET captured_santim = amount_santim WHERE activated_on IS NOT NULL"
    )
