"""Money goes back because goods do: which refund of an order each refund belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0012"
down_revision = "payments_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("refunds", sa.Column("cash_back_of", sa.Text, nullable=True))
