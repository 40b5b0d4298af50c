"""Why an installment is tried again at its time, or no more, is visible before it happens."""

import sqlalchemy as sa
from alembic import op

revision = "bnpl_0004"
down_revision = "bnpl_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("installments", sa.Column("next_attempt_reason", sa.Text))
