"""Corrections name what they reverse, closed periods take no entry, holds end once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "ledger_0002"
down_revision = "ledger_0001"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("accounts", sa.Column("currency", sa.String(40), server_default="ETB"))
    op.alter_column("accounts", "currency", nullable=False)
    _say_more_of_transactions()
    _close_periods()
    _keep_snapshots()
    _hold()
    _date_openly()
    _refuse_what_does_not_hold()


def _say_more_of_transactions() -> None:
    op.add_column("transactions", sa.Column("backdated_from", _INSTANT))
    op.add_column("transactions", sa.Column("reverses", sa.Text))
    op.create_foreign_key(
        "fk_transactions_plan_id_reverses",
        "transactions",
        "transactions",
        ["plan_id", "reverses"],
        ["plan_id", "posting_id"],
    )
    op.create_unique_constraint(
        "uq_transactions_plan_id_reverses", "transactions", ["plan_id", "reverses"]
    )
    for name, rule in (
        ("backdated_is_moved_on", "backdated_from < effective_at"),
        ("reversal_names_another", "reverses <> posting_id"),
        ("reversal_is_called_so", "(reverses IS NOT NULL) = (kind = 'posting_reversed')"),
        ("kind_is_the_reason", "kind <> '' AND coalesce(happening ->> 'kind', '') = kind"),
    ):
        op.create_check_constraint(f"ck_transactions_{name}", "transactions", rule)


def _close_periods() -> None:
    op.create_table(
        "closed_periods",
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("closed_until", _INSTANT, nullable=False),
        sa.Column("closed_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("closed_at", _INSTANT, nullable=False),
        sa.Column(
            "recorded_at", _INSTANT, nullable=False, server_default=sa.text("clock_timestamp()")
        ),
        sa.PrimaryKeyConstraint("last_day", name="pk_closed_periods"),
        sa.UniqueConstraint("closed_until", name="uq_closed_periods_closed_until"),
        sa.CheckConstraint("closed_by <> ''", name="ck_closed_periods_somebody_closes"),
        sa.CheckConstraint("reason <> ''", name="ck_closed_periods_reason_is_given"),
        sa.CheckConstraint("closed_until <= closed_at", name="ck_closed_periods_period_is_over"),
    )
    op.execute(
        """
        CREATE FUNCTION books_open_from() RETURNS timestamptz LANGUAGE plpgsql AS $$
        BEGIN
            -- All who post share this lock, so none waits for another; who closes takes it alone.
            PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger:periods', 0));
            RETURN (SELECT max(closed_until) FROM closed_periods);
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION period_must_follow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('ledger:periods', 0));
            IF NEW.closed_until <= (SELECT max(closed_until) FROM closed_periods) THEN
                RAISE EXCEPTION 'the books are closed beyond % already', NEW.last_day
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'period_follows';
            END IF;
            NEW.recorded_at := clock_timestamp();
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER closed_periods_follow BEFORE INSERT ON closed_periods
        FOR EACH ROW EXECUTE FUNCTION period_must_follow()
        """
    )


def _keep_snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("account_code", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("until", _INSTANT, nullable=False),
        sa.Column("debit_santim", sa.BigInteger, nullable=False),
        sa.Column("credit_santim", sa.BigInteger, nullable=False),
        sa.Column("taken_at", _INSTANT, nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("account_code", "day", name="pk_snapshots"),
        sa.ForeignKeyConstraint(
            ["account_code"], ["accounts.code"], name="fk_snapshots_account_code"
        ),
        sa.CheckConstraint(
            "debit_santim >= 0 AND credit_santim >= 0", name="ck_snapshots_sums_are_not_negative"
        ),
    )
    op.create_index("ix_snapshots_until", "snapshots", ["until"])
    op.execute(
        """
        CREATE FUNCTION snapshot_must_be_final() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT max(until) FROM taken)
                > coalesce((SELECT max(closed_until) FROM closed_periods), '-infinity')
            THEN
                RAISE EXCEPTION 'a snapshot of a day that is not closed'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'snapshot_is_final';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER snapshots_final AFTER INSERT ON snapshots
        REFERENCING NEW TABLE AS taken
        FOR EACH STATEMENT EXECUTE FUNCTION snapshot_must_be_final()
        """
    )


def _hold() -> None:
    op.create_table(
        "holds",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("hold_id", sa.Text, nullable=False),
        sa.Column("account_code", sa.Text, nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("happening", JSONB, nullable=False),
        sa.Column("content_hash", sa.LargeBinary, nullable=False),
        sa.Column("placed_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT),
        sa.Column(
            "recorded_at", _INSTANT, nullable=False, server_default=sa.text("clock_timestamp()")
        ),
        sa.PrimaryKeyConstraint("plan_id", "hold_id", name="pk_holds"),
        sa.ForeignKeyConstraint(["account_code"], ["accounts.code"], name="fk_holds_account_code"),
        sa.CheckConstraint("starts_with(hold_id, plan_id || '-')", name="ck_holds_is_the_plans"),
        sa.CheckConstraint("amount_santim > 0", name="ck_holds_amount_is_something"),
        sa.CheckConstraint("length(content_hash) = 32", name="ck_holds_content_hash_is_sha256"),
        sa.CheckConstraint("expires_at > placed_at", name="ck_holds_expires_later"),
    )
    op.create_index("ix_holds_account_code", "holds", ["account_code"])
    op.create_index(
        "ix_holds_expires_at",
        "holds",
        ["expires_at"],
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_table(
        "hold_ends",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("hold_id", sa.Text, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("posting_id", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ended_at", _INSTANT, nullable=False),
        sa.Column(
            "recorded_at", _INSTANT, nullable=False, server_default=sa.text("clock_timestamp()")
        ),
        sa.PrimaryKeyConstraint("plan_id", "hold_id", name="pk_hold_ends"),
        sa.ForeignKeyConstraint(
            ["plan_id", "hold_id"],
            ["holds.plan_id", "holds.hold_id"],
            name="fk_hold_ends_plan_id_hold_id",
        ),
        sa.ForeignKeyConstraint(
            ["plan_id", "posting_id"],
            ["transactions.plan_id", "transactions.posting_id"],
            name="fk_hold_ends_plan_id_posting_id",
        ),
        sa.CheckConstraint(
            "state IN ('posted', 'voided', 'expired')", name="ck_hold_ends_state_is_an_end"
        ),
        sa.CheckConstraint(
            "coalesce(posting_id = hold_id, false) = (state = 'posted')",
            name="ck_hold_ends_posted_names_its_posting",
        ),
        sa.CheckConstraint("reason <> ''", name="ck_hold_ends_reason_is_given"),
    )


def _date_openly() -> None:
    op.execute(
        """
        CREATE FUNCTION transaction_must_be_dated_openly() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.effective_at < books_open_from() THEN
                RAISE EXCEPTION 'transaction %: its period is closed', NEW.posting_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'period_is_open';
            END IF;
            NEW.recorded_at := clock_timestamp();
            NEW.xid := pg_current_xact_id();
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER transactions_dated_openly BEFORE INSERT ON transactions
        FOR EACH ROW EXECUTE FUNCTION transaction_must_be_dated_openly()
        """
    )


def _refuse_what_does_not_hold() -> None:
    """The function of the triggers of ledger_0001, now with instants and reversals."""
    op.execute(
        """
        CREATE OR REPLACE FUNCTION transaction_must_balance() RETURNS trigger
        LANGUAGE plpgsql AS $$
        DECLARE
            written transactions%ROWTYPE;
            debit numeric;
            credit numeric;
            dated_alike boolean;
        BEGIN
            SELECT * INTO written FROM transactions
                WHERE plan_id = NEW.plan_id AND posting_id = NEW.posting_id;
            IF written.xid <> pg_current_xact_id() THEN
                RAISE EXCEPTION 'transaction % is closed', NEW.posting_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'transaction_is_closed';
            END IF;
            SELECT
                coalesce(sum(amount_santim) FILTER (WHERE side = 'debit'), 0),
                coalesce(sum(amount_santim) FILTER (WHERE side = 'credit'), 0),
                bool_and(effective_at = written.effective_at)
            INTO debit, credit, dated_alike FROM entries
                WHERE plan_id = NEW.plan_id AND posting_id = NEW.posting_id;
            IF debit = 0 OR debit <> credit THEN
                RAISE EXCEPTION 'transaction %: debit % and credit %',
                    NEW.posting_id, debit, credit
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'transaction_balances';
            END IF;
            IF NOT dated_alike THEN
                RAISE EXCEPTION 'transaction %: an entry of another instant', NEW.posting_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_have_its_instant';
            END IF;
            IF written.reverses IS NOT NULL THEN
                PERFORM reversal_must_mirror(NEW.plan_id, NEW.posting_id, written.reverses);
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION reversal_must_mirror(plan text, reversal text, original text)
        RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT reverses FROM transactions
                WHERE plan_id = plan AND posting_id = original) IS NOT NULL
            THEN
                RAISE EXCEPTION 'transaction % is itself a reversal', original
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'reversal_is_final';
            END IF;
            IF EXISTS (
                SELECT account_code, amount_santim, side = 'debit' FROM entries
                    WHERE plan_id = plan AND posting_id = original
                EXCEPT ALL
                SELECT account_code, amount_santim, side = 'credit' FROM entries
                    WHERE plan_id = plan AND posting_id = reversal
            ) OR (
                SELECT count(*) FILTER (WHERE posting_id = original)
                    <> count(*) FILTER (WHERE posting_id = reversal)
                FROM entries WHERE plan_id = plan AND posting_id IN (original, reversal)
            )
            THEN
                RAISE EXCEPTION 'transaction % does not mirror %', reversal, original
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'reversal_mirrors';
            END IF;
        END $$
        """
    )
