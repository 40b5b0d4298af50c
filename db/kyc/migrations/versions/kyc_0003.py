"""A plan whose process was lost is decided by the income that its customer has declared."""

import sqlalchemy as sa
from alembic import op

revision = "kyc_0003"
down_revision = "kyc_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verifications", sa.Column("income_sealed", sa.LargeBinary))
