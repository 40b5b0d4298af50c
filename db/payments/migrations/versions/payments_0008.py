"""A plan may have further wallets on file; an attempt keeps which one it asks."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0008"
down_revision = "payments_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "further_wallets",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("msisdn_sealed", sa.LargeBinary, nullable=False),
        sa.Column("msisdn_index", sa.LargeBinary, nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "number", name="pk_further_wallets"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["wallets.plan_id"], name="fk_further_wallets_plan_id"
        ),
        sa.CheckConstraint("number > 1", name="ck_further_wallets_number_is_further"),
        sa.UniqueConstraint(
            "plan_id", "msisdn_index", name="uq_further_wallets_plan_id_msisdn_index"
        ),
    )
    op.create_index("ix_further_wallets_msisdn_index", "further_wallets", ["msisdn_index"])
    # Every attempt so far has asked the plan's own wallet.
    op.add_column(
        "attempts", sa.Column("wallet_number", sa.BigInteger, nullable=False, server_default="1")
    )
