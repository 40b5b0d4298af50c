"""What waits for the end of a dispute is owed, and not late."""

import sqlalchemy as sa
from alembic import op

revision = "analytics_0008"
down_revision = "analytics_0007"
branch_labels = None
depends_on = None

_TABLE, _COLUMN = "portfolio_installments", "waits"


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column(_COLUMN, sa.Boolean, nullable=False, server_default=sa.false()))
    op.alter_column(_TABLE, _COLUMN, server_default=None)
