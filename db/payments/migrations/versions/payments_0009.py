"""Money that customers pay to our short code: a receipt counts once, and is found by itself."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0009"
down_revision = "payments_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "uq_attempts_pay_bill",
        "attempts",
        ["receipt"],
        unique=True,
        postgresql_where=sa.text("channel = 'pay_bill'"),
    )
