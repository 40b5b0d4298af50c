"""What of the parts that were paid of installments is interest."""

import sqlalchemy as sa
from alembic import op

revision = "analytics_0006"
down_revision = "analytics_0005"
branch_labels = None
depends_on = None

_TABLE, _COLUMN = "plan_overview_installments", "interest_paid_in_part_santim"


def upgrade() -> None:
    # Until now only plans that are free of interest were paid in part.
    op.add_column(_TABLE, sa.Column(_COLUMN, sa.BigInteger, nullable=False, server_default="0"))
    op.alter_column(_TABLE, _COLUMN, server_default=None)
