"""A merchant may capture its order itself, in parts: what it gets of each, and when."""

import sqlalchemy as sa
from alembic import op

revision = "settlement_0004"
down_revision = "settlement_0003"
branch_labels = None
depends_on = None

_SUM = "gross_santim = fee_santim + tax_santim + net_santim"


def upgrade() -> None:
    op.add_column("settlement_lines", sa.Column("of_line", sa.Text))
    # A capture of a santim may bring nothing once its share of the fee is taken.
    op.drop_constraint("ck_settlements_gross_is_fee_and_net", "settlements", type_="check")
    op.create_check_constraint(
        "ck_settlements_gross_is_fee_and_net",
        "settlements",
        "gross_santim = fee_santim + net_santim AND fee_santim >= 0 AND net_santim >= 0",
    )
    # Captures of one plan are in several payouts of its merchant, one share of it in each.
    op.drop_index("uq_payouts_one_at_a_time", "payouts")
    op.create_index(
        "uq_payouts_one_at_a_time",
        "payouts",
        ["plan_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'rejected' AND carried_by IS NULL"),
    )
    op.create_unique_constraint(
        "uq_payouts_plan_id_carried_by", "payouts", ["plan_id", "carried_by"]
    )
    _authorisations()
    _parts()


def _authorisations() -> None:
    op.create_table(
        "authorisations",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("option", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("clock_id", sa.Text, nullable=False),
        sa.Column("gross_santim", sa.BigInteger, nullable=False),
        sa.Column("fee_santim", sa.BigInteger, nullable=False),
        sa.Column("tax_santim", sa.BigInteger, nullable=False),
        sa.Column("tax_code", sa.Text),
        sa.Column("net_santim", sa.BigInteger, nullable=False),
        sa.Column("delay_days", sa.BigInteger, nullable=False),
        sa.Column("protection_days", sa.BigInteger, nullable=False),
        sa.Column("authorised_on", sa.Date, nullable=False),
        sa.Column("authorised_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_authorisations"),
        sa.CheckConstraint(_SUM, name="ck_authorisations_gross_is_fee_tax_and_net"),
    )


def _parts() -> None:
    op.create_table(
        "authorised_parts",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("part_id", sa.Text, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("gross_santim", sa.BigInteger, nullable=False),
        sa.Column("fee_santim", sa.BigInteger, nullable=False),
        sa.Column("tax_santim", sa.BigInteger, nullable=False),
        sa.Column("net_santim", sa.BigInteger, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "part_id", name="pk_authorised_parts"),
        sa.UniqueConstraint("plan_id", "place", name="uq_authorised_parts_plan_id_place"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["authorisations.plan_id"], name="fk_authorised_parts_plan_id"
        ),
        sa.CheckConstraint("gross_santim > 0", name="ck_authorised_parts_part_is_something"),
        sa.CheckConstraint(_SUM, name="ck_authorised_parts_gross_is_fee_tax_and_net"),
        sa.CheckConstraint(
            "kind IN ('captured', 'voided')", name="ck_authorised_parts_kind_is_known"
        ),
    )
