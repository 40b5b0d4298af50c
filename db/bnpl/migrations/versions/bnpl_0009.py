"""An installment may wait for the end of a dispute: nothing of it is collected meanwhile."""

import sqlalchemy as sa
from alembic import op

revision = "bnpl_0009"
down_revision = "bnpl_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("installments", sa.Column("waits_for", sa.Text))
