"""What an installment earns can change while it earns: paid before its time, or due otherwise."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "ledger_0007"
down_revision = "ledger_0006"
branch_labels = None
depends_on = None

_TABLE = "earning_installments"
_AMOUNTS = ("paid_santim", "carried_santim", "carried_earned_santim", "base_santim")


def upgrade() -> None:
    for name in _AMOUNTS:
        op.add_column(_TABLE, sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    op.add_column(_TABLE, sa.Column("base_on", sa.Date, nullable=True))
    op.add_column(_TABLE, sa.Column("idle_days", JSONB, nullable=False, server_default="[]"))
    op.execute("UPDATE earning_installments SET base_on = starts_on")
    op.alter_column(_TABLE, "base_on", nullable=False)
    for name in (*_AMOUNTS, "idle_days"):
        op.alter_column(_TABLE, name, server_default=None)
    op.create_check_constraint(
        "pays_what_is_earned", _TABLE, "paid_santim BETWEEN 0 AND accrued_santim"
    )
    op.create_check_constraint(
        "earns_what_is_carried",
        _TABLE,
        "carried_earned_santim BETWEEN 0 AND LEAST(carried_santim, accrued_santim)",
    )
    op.create_check_constraint(
        "spreads_its_interest", _TABLE, "base_santim BETWEEN 0 AND interest_santim"
    )
