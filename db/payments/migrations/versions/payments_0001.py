"""Money is asked for at most once at a time, whoever asks, and what was heard is never lost."""

import sqlalchemy as sa
from alembic import op

from db.kernel.schema import create_events, create_person_keys

revision = "payments_0001"
down_revision = None
branch_labels = None
depends_on = None

_STATES = "state IN ('created', 'pending', 'unknown', 'succeeded', 'failed')"
_OPEN = "state IN ('created', 'pending', 'unknown')"


def upgrade() -> None:
    create_events()
    create_person_keys()
    _wallets()
    _attempts()
    _refunds()
    _heard()
    _keep_final_states()


def _wallets() -> None:
    op.create_table(
        "wallets",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("msisdn_sealed", sa.LargeBinary, nullable=False),
        sa.Column("msisdn_index", sa.LargeBinary, nullable=False),
        sa.Column("contract_no", sa.Text),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_wallets"),
    )
    op.create_index("ix_wallets_msisdn_index", "wallets", ["msisdn_index"])
    op.create_table(
        "mandates",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("contract_no", sa.Text, nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("mandate_id", sa.Text),
        sa.Column("debit_limit_santim", sa.BigInteger),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "contract_no", name="pk_mandates"),
    )


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("attempt_id", sa.Text, nullable=False),
        sa.Column("installment_id", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("asked_santim", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("provider_reference", sa.Text),
        sa.Column("failure_code", sa.Text),
        sa.Column("cause", sa.String(40)),
        sa.Column("receipt", sa.Text),
        sa.Column("moved_santim", sa.BigInteger),
        sa.Column("moved_at", sa.DateTime(timezone=True)),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "attempt_id", name="pk_attempts"),
        sa.CheckConstraint("asked_santim > 0", name="ck_attempts_asked_is_something"),
        sa.CheckConstraint(_STATES, name="ck_attempts_state_is_known"),
        sa.CheckConstraint(
            "(state = 'succeeded') = (moved_santim IS NOT NULL AND moved_at IS NOT NULL)",
            name="ck_attempts_success_has_moved_money",
        ),
        sa.CheckConstraint("moved_santim = asked_santim", name="ck_attempts_moved_is_asked"),
        sa.CheckConstraint(
            "(state = 'failed') = (cause IS NOT NULL)", name="ck_attempts_failure_has_a_cause"
        ),
    )
    installment = ["plan_id", "installment_id"]
    op.create_index(
        "uq_attempts_one_open",
        "attempts",
        installment,
        unique=True,
        postgresql_where=sa.text(_OPEN),
    )
    op.create_index(
        "uq_attempts_one_success",
        "attempts",
        installment,
        unique=True,
        postgresql_where=sa.text("state = 'succeeded'"),
    )
    op.create_index(
        "ix_attempts_open",
        "attempts",
        ["opened_at"],
        postgresql_where=sa.text(_OPEN),
    )


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("refund_id", sa.Text, nullable=False),
        sa.Column("attempt_id", sa.Text, nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("failure_code", sa.Text),
        sa.Column("receipt", sa.Text),
        sa.Column("moved_at", sa.DateTime(timezone=True)),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "refund_id", name="pk_refunds"),
        sa.ForeignKeyConstraint(
            ["plan_id", "attempt_id"],
            ["attempts.plan_id", "attempts.attempt_id"],
            name="fk_refunds_plan_id_attempt_id",
        ),
        sa.CheckConstraint("amount_santim > 0", name="ck_refunds_amount_is_something"),
        sa.CheckConstraint(_STATES, name="ck_refunds_state_is_known"),
    )
    op.create_index("ix_refunds_plan_id_attempt_id", "refunds", ["plan_id", "attempt_id"])


def _heard() -> None:
    op.create_table(
        "answers",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("status", sa.String(40)),
        sa.Column("provider_reference", sa.Text),
        sa.Column("receipt", sa.Text),
        sa.Column("amount_santim", sa.BigInteger),
        sa.Column("failure_code", sa.Text),
        sa.Column("occurred_at", sa.DateTime(timezone=True)),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finding", sa.String(40)),
        sa.PrimaryKeyConstraint("plan_id", "order_id", "number", name="pk_answers"),
    )
    op.create_index(
        "ix_answers_findings",
        "answers",
        ["heard_at"],
        postgresql_where=sa.text("finding IS NOT NULL"),
    )
    op.create_table(
        "callbacks",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body_digest", sa.LargeBinary, nullable=False),
        sa.Column("verified", sa.Boolean, nullable=False),
        sa.Column("order_id", sa.Text),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("body_sealed", sa.LargeBinary, nullable=False),
        sa.Column("deliveries", sa.BigInteger, nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "kind", "body_digest", "verified", name="pk_callbacks"),
    )
    op.create_index("ix_callbacks_order_id", "callbacks", ["order_id"])


def _keep_final_states() -> None:
    """What has been decided by a provider is not decided again by us."""
    op.execute(
        """
        CREATE FUNCTION final_state_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.state IN ('succeeded', 'failed') AND NEW.state <> OLD.state THEN
                RAISE EXCEPTION 'the state % is final', OLD.state
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'final_state_stays';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    for table in ("attempts", "refunds"):
        op.execute(
            f"""
            CREATE TRIGGER {table}_final_state_stays BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION final_state_stays()
            """
        )
