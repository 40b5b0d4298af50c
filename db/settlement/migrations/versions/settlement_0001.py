"""A merchant is paid once for a plan, what was agreed when the plan became active."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from db.kernel.schema import create_events, create_person_keys

revision = "settlement_0001"
down_revision = None
branch_labels = None
depends_on = None

_STATES = "state IN ('created', 'unknown', 'pending', 'settled', 'rejected')"


def upgrade() -> None:
    create_events()
    create_person_keys()
    _terms()
    _settlements()
    _payouts()
    _keep_final_states()


def _terms() -> None:
    op.create_table(
        "merchant_terms",
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fee_basis_points", JSONB, nullable=False),
        sa.Column("delay_days", sa.BigInteger, nullable=False),
        sa.Column("bic", sa.Text, nullable=False),
        sa.Column("account_number_sealed", sa.LargeBinary, nullable=False),
        sa.Column("account_name_sealed", sa.LargeBinary, nullable=False),
        sa.Column("content_index", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "effective_at", name="pk_merchant_terms"),
        sa.CheckConstraint("delay_days >= 0", name="ck_merchant_terms_delay_is_not_negative"),
    )
    op.create_table(
        "bank_days",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_bank_days"),
    )


def _settlements() -> None:
    op.create_table(
        "settlements",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("payout_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("option", sa.Text, nullable=False),
        sa.Column("gross_santim", sa.BigInteger, nullable=False),
        sa.Column("fee_santim", sa.BigInteger, nullable=False),
        sa.Column("net_santim", sa.BigInteger, nullable=False),
        sa.Column("activated_on", sa.Date, nullable=False),
        sa.Column("protection_days", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "payout_id", name="pk_settlements"),
        sa.UniqueConstraint("plan_id", "number", name="uq_settlements_plan_id_number"),
        sa.CheckConstraint(
            "gross_santim = fee_santim + net_santim AND fee_santim >= 0 AND net_santim > 0",
            name="ck_settlements_gross_is_fee_and_net",
        ),
    )
    op.create_index("ix_settlements_merchant_id", "settlements", ["merchant_id"])


def _payouts() -> None:
    op.create_table(
        "payouts",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("payout_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("terms_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bank_reference", sa.Text),
        sa.Column("reason_code", sa.Text),
        sa.PrimaryKeyConstraint("plan_id", "payout_id", name="pk_payouts"),
        sa.ForeignKeyConstraint(
            ["plan_id", "payout_id"],
            ["settlements.plan_id", "settlements.payout_id"],
            name="fk_payouts_plan_id_payout_id",
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id", "terms_at"],
            ["merchant_terms.merchant_id", "merchant_terms.effective_at"],
            name="fk_payouts_merchant_id_terms_at",
        ),
        sa.CheckConstraint("amount_santim > 0", name="ck_payouts_amount_is_something"),
        sa.CheckConstraint(_STATES, name="ck_payouts_state_is_known"),
    )
    op.create_index(
        "uq_payouts_one_at_a_time",
        "payouts",
        ["plan_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'rejected'"),
    )
    op.create_table(
        "payout_answers",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("payout_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.String(40)),
        sa.Column("bank_reference", sa.Text),
        sa.Column("reason_code", sa.Text),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contradicts", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "payout_id", "number", name="pk_payout_answers"),
    )


def _keep_final_states() -> None:
    """What the bank has decided is not decided again by us."""
    op.execute(
        """
        CREATE FUNCTION final_state_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.state IN ('settled', 'rejected') AND NEW.state <> OLD.state THEN
                RAISE EXCEPTION 'the state % is final', OLD.state
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'final_state_stays';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER payouts_final_state_stays BEFORE UPDATE ON payouts
        FOR EACH ROW EXECUTE FUNCTION final_state_stays()
        """
    )
