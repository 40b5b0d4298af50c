"""Debits equal credits in every committed transaction, whoever writes to the store."""

import sqlalchemy as sa
from alembic import op

from db.kernel.schema import create_events

revision = "ledger_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_events()
    op.create_table(
        "accounts",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("normal_side", sa.String(40), nullable=False),
        sa.Column("owner", sa.String(40), nullable=False),
        sa.Column("owner_id", sa.Text),
        sa.PrimaryKeyConstraint("code", name="pk_accounts"),
    )
    op.execute(
        """
        CREATE TABLE transactions (
            plan_id text NOT NULL,
            posting_id text NOT NULL,
            kind text NOT NULL,
            happening jsonb NOT NULL,
            content_hash bytea NOT NULL,
            effective_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            CONSTRAINT pk_transactions PRIMARY KEY (plan_id, posting_id),
            CONSTRAINT ck_transactions_posting_is_the_plans
                CHECK (starts_with(posting_id, plan_id || '-')),
            CONSTRAINT ck_transactions_content_hash_is_sha256 CHECK (length(content_hash) = 32)
        )
        """
    )
    op.create_table(
        "entries",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("posting_id", sa.Text, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("account_code", sa.Text, nullable=False),
        sa.Column("side", sa.String(40), nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "posting_id", "line", name="pk_entries"),
        sa.ForeignKeyConstraint(
            ["plan_id", "posting_id"],
            ["transactions.plan_id", "transactions.posting_id"],
            name="fk_entries_plan_id_posting_id",
        ),
        sa.ForeignKeyConstraint(
            ["account_code"], ["accounts.code"], name="fk_entries_account_code"
        ),
        sa.CheckConstraint("amount_santim > 0", name="ck_entries_amount_is_something"),
        sa.CheckConstraint("side IN ('debit', 'credit')", name="ck_entries_side_is_one_of_two"),
    )
    op.create_index(
        "ix_entries_account_code_effective_at", "entries", ["account_code", "effective_at"]
    )
    _refuse_what_does_not_balance()


def _refuse_what_does_not_balance() -> None:
    op.execute(
        """
        CREATE FUNCTION transaction_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            written_in xid8;
            debit numeric;
            credit numeric;
        BEGIN
            SELECT xid INTO written_in FROM transactions
                WHERE plan_id = NEW.plan_id AND posting_id = NEW.posting_id;
            IF written_in <> pg_current_xact_id() THEN
                RAISE EXCEPTION 'transaction % is closed', NEW.posting_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'transaction_is_closed';
            END IF;
            SELECT
                coalesce(sum(amount_santim) FILTER (WHERE side = 'debit'), 0),
                coalesce(sum(amount_santim) FILTER (WHERE side = 'credit'), 0)
            INTO debit, credit FROM entries
                WHERE plan_id = NEW.plan_id AND posting_id = NEW.posting_id;
            IF debit = 0 OR debit <> credit THEN
                RAISE EXCEPTION 'transaction %: debit % and credit %',
                    NEW.posting_id, debit, credit
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'transaction_balances';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    for table in ("transactions", "entries"):
        op.execute(
            f"""
            CREATE CONSTRAINT TRIGGER {table}_balance AFTER INSERT ON {table}
            DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION transaction_must_balance()
            """
        )
