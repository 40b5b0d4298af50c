"""A merchant is paid by the day: lines name what adds to its money, a payout is their sum."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "settlement_0003"
down_revision = "settlement_0002"
branch_labels = None
depends_on = None

_STATES = "state IN ('created', 'unknown', 'pending', 'settled', 'rejected')"


def upgrade() -> None:
    _terms()
    _shares()
    _lines()
    _merchant_payouts()
    _keep_what_is_written()


def _terms() -> None:
    empty = sa.text("'{}'::jsonb")
    op.add_column(
        "merchant_terms", sa.Column("fee_fixed_santim", JSONB, nullable=False, server_default=empty)
    )
    for name in ("reserve_basis_points", "reserve_days", "minimum_santim"):
        op.add_column(
            "merchant_terms", sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        )
    op.add_column(
        "merchant_terms",
        sa.Column("rail", sa.String(40), nullable=False, server_default="bank"),
    )
    for name in (
        "fee_fixed_santim",
        "reserve_basis_points",
        "reserve_days",
        "minimum_santim",
        "rail",
    ):
        op.alter_column("merchant_terms", name, server_default=None)
    op.create_table(
        "fee_taxes",
        sa.Column("fee_type", sa.Text, nullable=False),
        sa.Column("effective_on", sa.Date, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("rate_basis_points", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("fee_type", "effective_on", name="pk_fee_taxes"),
    )
    # What is told of VAT on commission is not confirmed: none until somebody enters a rate.
    op.execute(
        "INSERT INTO fee_taxes (fee_type, effective_on, code, rate_basis_points)"
        " VALUES ('merchant_fee', '2020-01-01', 'VAT', 0)"
    )


def _shares() -> None:
    op.add_column("payouts", sa.Column("carried_by", sa.Text))
    op.drop_constraint("ck_payouts_amount_is_something", "payouts", type_="check")
    op.create_check_constraint(
        "ck_payouts_amount_is_something", "payouts", "amount_santim > 0 OR carried_by IS NOT NULL"
    )


def _lines() -> None:
    op.create_table(
        "settlement_lines",
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("line_id", sa.Text, nullable=False),
        sa.Column("clock_id", sa.Text, nullable=False),
        sa.Column("plan_id", sa.Text),
        sa.Column("reference", sa.Text),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("money", sa.String(40), nullable=False),
        sa.Column("gross_santim", sa.BigInteger, nullable=False),
        sa.Column("fee_santim", sa.BigInteger, nullable=False),
        sa.Column("tax_santim", sa.BigInteger, nullable=False),
        sa.Column("tax_code", sa.Text),
        sa.Column("net_santim", sa.BigInteger, nullable=False),
        sa.Column("is_protected", sa.Boolean, nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payout_id", sa.Text),
        sa.PrimaryKeyConstraint("merchant_id", "line_id", name="pk_settlement_lines"),
        sa.CheckConstraint(
            "net_santim = gross_santim - fee_santim - tax_santim",
            name="ck_settlement_lines_net_is_what_is_left",
        ),
        sa.CheckConstraint(
            "money <> 'payable' OR plan_id IS NOT NULL",
            name="ck_settlement_lines_payable_is_of_a_plan",
        ),
    )
    op.create_index(
        "ix_settlement_lines_untaken",
        "settlement_lines",
        ["merchant_id", "clock_id", "available_at"],
        postgresql_where=sa.text("payout_id IS NULL"),
    )
    op.create_index("ix_settlement_lines_plan_id", "settlement_lines", ["plan_id"])
    op.create_index("ix_settlement_lines_payout_id", "settlement_lines", ["payout_id"])


def _merchant_payouts() -> None:
    op.create_table(
        "merchant_payouts",
        sa.Column("payout_id", sa.Text, nullable=False),
        sa.Column("payday_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("clock_id", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("terms_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rail", sa.String(40), nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("shares_santim", sa.BigInteger, nullable=False),
        sa.Column("owed_back_santim", sa.BigInteger, nullable=False),
        sa.Column("reserve_held_santim", sa.BigInteger, nullable=False),
        sa.Column("reserve_released_santim", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reserve_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bank_reference", sa.Text),
        sa.Column("reason_code", sa.Text),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("retried_by", sa.Text),
        sa.Column("retried_because", sa.Text),
        sa.PrimaryKeyConstraint("payout_id", name="pk_merchant_payouts"),
        sa.UniqueConstraint("payday_id", "number", name="uq_merchant_payouts_payday_id_number"),
        sa.ForeignKeyConstraint(
            ["merchant_id", "terms_at"],
            ["merchant_terms.merchant_id", "merchant_terms.effective_at"],
            name="fk_merchant_payouts_merchant_id_terms_at",
        ),
        sa.CheckConstraint("amount_santim > 0", name="ck_merchant_payouts_amount_is_something"),
        sa.CheckConstraint(
            "amount_santim = shares_santim - owed_back_santim"
            " - reserve_held_santim + reserve_released_santim",
            name="ck_merchant_payouts_amount_is_the_sum",
        ),
        sa.CheckConstraint(_STATES, name="ck_merchant_payouts_state_is_known"),
    )
    op.create_index(
        "uq_merchant_payouts_one_at_a_time",
        "merchant_payouts",
        ["merchant_id", "clock_id"],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL"),
    )


def _keep_what_is_written() -> None:
    op.execute(
        """
        CREATE TRIGGER merchant_payouts_final_state_stays BEFORE UPDATE ON merchant_payouts
        FOR EACH ROW EXECUTE FUNCTION final_state_stays()
        """
    )
    op.execute(
        """
        CREATE FUNCTION line_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            as_before settlement_lines := NEW;
        BEGIN
            as_before.payout_id := OLD.payout_id;
            IF as_before IS DISTINCT FROM OLD THEN
                RAISE EXCEPTION 'a line is written once'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'line_stays';
            END IF;
            IF OLD.payout_id IS NOT NULL AND NEW.payout_id IS DISTINCT FROM OLD.payout_id
                AND NOT EXISTS (
                    SELECT FROM merchant_payouts
                    WHERE payout_id = OLD.payout_id AND state = 'rejected'
                )
            THEN
                RAISE EXCEPTION 'a line is paid once'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'line_stays';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER settlement_lines_stay BEFORE UPDATE ON settlement_lines
        FOR EACH ROW EXECUTE FUNCTION line_stays()
        """
    )
