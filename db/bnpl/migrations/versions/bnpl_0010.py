"""A merchant may capture its order itself: what is captured and voided of it, and until when."""

import sqlalchemy as sa
from alembic import op

revision = "bnpl_0010"
down_revision = "bnpl_0009"
branch_labels = None
depends_on = None

_SUMS = ("captured_santim", "voided_santim")


def upgrade() -> None:
    op.add_column(
        "plans", sa.Column("capture", sa.String(40), nullable=False, server_default="automatic")
    )
    for name in _SUMS:
        op.add_column("plans", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("plans", sa.Column("authorised_until", sa.DateTime(timezone=True)))
    op.add_column(
        "plans",
        sa.Column("authorisation_expired", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    for name in ("capture", *_SUMS, "authorisation_expired"):
        op.alter_column("plans", name, server_default=None)
    # Whatever is active by now was captured whole as it became so.
    op.execute("UPDATE plans SET captured_santim = amount_santim WHERE activated_on IS NOT NULL")
    op.create_check_constraint(
        "ck_plans_no_more_is_captured_than_authorised",
        "plans",
        "captured_santim >= 0 AND voided_santim >= 0"
        " AND captured_santim + voided_santim <= amount_santim",
    )
    op.create_check_constraint(
        "ck_plans_no_more_goes_back_than_is_captured",
        "plans",
        "goods_returned_santim BETWEEN 0 AND captured_santim",
    )
