"""When a plan was given up as a loss; until now none was."""

import sqlalchemy as sa
from alembic import op

revision = "bnpl_0006"
down_revision = "bnpl_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("plans", sa.Column("charged_off_on", sa.Date))
