"""A limit is given back because somebody ended the plan, or because it was not begun in time."""

import sqlalchemy as sa
from alembic import op

revision = "credit_0003"
down_revision = "credit_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of what was given back before, nobody noted it.
    op.add_column("exposures", sa.Column("released_as", sa.String(40)))
    op.create_check_constraint(
        "ck_exposures_released_when_released",
        "exposures",
        "released_as IS NULL OR state = 'released'",
    )
