"""Many post to accounts that plans share: in one call each, and without locking a shared row."""

from alembic import op

revision = "ledger_0005"
down_revision = "ledger_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _let_entries_belong()
    _look_at_sums_once()
    _post_in_one_call()
    # Few postings are reversals: the others need no place in an index of them.
    op.execute("ALTER TABLE transactions DROP CONSTRAINT uq_transactions_plan_id_reverses")
    op.execute(
        "CREATE UNIQUE INDEX uq_transactions_plan_id_reverses ON transactions (plan_id, reverses) "
        "WHERE reverses IS NOT NULL"
    )
    # A close waits for others, which may have begun after it: now() would be too early.
    op.execute("ALTER TABLE snapshots ALTER COLUMN taken_at SET DEFAULT clock_timestamp()")
    # What lies behind the last snapshots is found in all accounts at once.
    op.execute("CREATE INDEX ix_entries_effective_at ON entries USING brin (effective_at)")


def _let_entries_belong() -> None:
    """All entries of a transaction are written by one statement, whose trigger looks at them.

    None can be added later, so their transaction's own trigger, at the commit, is enough for the
    sums. The foreign keys locked the rows of accounts, which many plans share; as the runtime role
    can delete neither accounts nor transactions, it is enough that they are there.
    """
    op.execute("DROP TRIGGER entries_balance ON entries")
    op.execute("ALTER TABLE entries DROP CONSTRAINT fk_entries_account_code")
    op.execute("ALTER TABLE entries DROP CONSTRAINT fk_entries_plan_id_posting_id")
    op.execute(
        """
        CREATE FUNCTION entries_must_belong() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (
                SELECT FROM written AS entry
                WHERE (
                    SELECT xid = pg_current_xact_id() AND effective_at = entry.effective_at
                    FROM transactions
                    WHERE plan_id = entry.plan_id AND posting_id = entry.posting_id
                ) IS NOT TRUE OR (
                    SELECT true FROM accounts WHERE code = entry.account_code
                ) IS NULL OR (
                    SELECT true FROM written AS first WHERE first.plan_id = entry.plan_id
                        AND first.posting_id = entry.posting_id AND first.line = 1
                ) IS NULL
            ) THEN
                PERFORM refuse_entry(entry) FROM written AS entry ORDER BY line;
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_entry(entry entries) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            ours transactions%ROWTYPE;
        BEGIN
            SELECT * INTO ours FROM transactions
                WHERE plan_id = entry.plan_id AND posting_id = entry.posting_id;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'transaction % is not there', entry.posting_id
                    USING ERRCODE = 'foreign_key_violation',
                    CONSTRAINT = 'entry_has_its_transaction';
            ELSIF NOT EXISTS (SELECT FROM accounts WHERE code = entry.account_code) THEN
                RAISE EXCEPTION 'account % is not there', entry.account_code
                    USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'entry_has_its_account';
            ELSIF ours.xid = pg_current_xact_id() AND ours.effective_at <> entry.effective_at THEN
                RAISE EXCEPTION 'transaction %: an entry of another instant', entry.posting_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_have_its_instant';
            ELSIF ours.xid <> pg_current_xact_id() OR entry.line > 1 THEN
                RAISE EXCEPTION 'transaction % is closed: its entries come all at once',
                    entry.posting_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'transaction_is_closed';
            END IF;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER entries_belong AFTER INSERT ON entries
        REFERENCING NEW TABLE AS written
        FOR EACH STATEMENT EXECUTE FUNCTION entries_must_belong()
        """
    )


def _look_at_sums_once() -> None:
    """The trigger of a transaction has its row; its instants were looked at when it was written."""
    op.execute(
        """
        CREATE OR REPLACE FUNCTION transaction_must_balance() RETURNS trigger
        LANGUAGE plpgsql AS $$
        DECLARE
            debit numeric;
            credit numeric;
        BEGIN
            SELECT coalesce(sum(amount_santim) FILTER (WHERE side = 'debit'), 0),
                coalesce(sum(amount_santim) FILTER (WHERE side = 'credit'), 0)
            INTO debit, credit FROM entries
                WHERE plan_id = NEW.plan_id AND posting_id = NEW.posting_id;
            IF debit = 0 OR debit <> credit THEN
                RAISE EXCEPTION 'transaction %: debit % and credit %',
                    NEW.posting_id, debit, credit
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'transaction_balances';
            END IF;
            IF NEW.reverses IS NOT NULL THEN
                PERFORM reversal_must_mirror(NEW.plan_id, NEW.posting_id, NEW.reverses);
            END IF;
            RETURN NULL;
        END $$
        """
    )


def _post_in_one_call() -> None:
    """The whole of a posting, with its locks before the first write; the rules stay outside."""
    op.execute(
        """
        CREATE FUNCTION post_transaction(
            plan text, posting text, told_hash bytea, counts_at timestamptz, ends_hold boolean,
            used_accounts jsonb, event_data text,
            hashed_before text, hashed_between text, hashed_behind text,
            OUT outcome text, OUT open_from timestamptz, OUT stored_hash bytea
        ) LANGUAGE plpgsql AS $$
        #variable_conflict use_column
        DECLARE
            told jsonb;
            last_number bigint;
            last_hash bytea;
            has_overtaken boolean;
        BEGIN
            open_from := books_open_from();
            -- As db.kernel.events.lock_stream does.
            PERFORM pg_advisory_xact_lock(hashtextextended('events:' || plan, 0));
            SELECT content_hash INTO stored_hash FROM transactions
                WHERE plan_id = plan AND posting_id = posting;
            IF FOUND THEN
                outcome := 'stored';
                RETURN;
            ELSIF counts_at < open_from THEN
                outcome := 'closed';
                RETURN;
            ELSIF NOT ends_hold AND EXISTS (
                SELECT FROM holds WHERE plan_id = plan AND hold_id = posting) THEN
                outcome := 'held';
                RETURN;
            END IF;
            SELECT stream_sequence, hash, xid > pg_current_xact_id()
                INTO last_number, last_hash, has_overtaken
                FROM events WHERE stream = plan ORDER BY stream_sequence DESC LIMIT 1;
            IF has_overtaken THEN
                outcome := 'overtaken';
                RETURN;
            END IF;
            last_number := coalesce(last_number, 0) + 1;
            last_hash := coalesce(last_hash, decode(repeat('00', 32), 'hex'));
            told := event_data;
            INSERT INTO transactions (plan_id, posting_id, kind, happening, content_hash,
                effective_at, backdated_from, reverses)
                VALUES (plan, posting, told #>> '{happening,kind}', told -> 'happening', told_hash,
                    counts_at, (told ->> 'backdated_from')::timestamptz,
                    told #>> '{happening,reverses}');
            -- In the order of their codes, so that two never wait for each other's new accounts.
            INSERT INTO accounts (code, name, type, normal_side, owner, owner_id)
                SELECT code, name, type, normal_side, owner, owner_id
                FROM jsonb_to_recordset(used_accounts) AS used(code text, name text, type text,
                    normal_side text, owner text, owner_id text)
                WHERE (SELECT true FROM accounts AS known WHERE known.code = used.code) IS NULL
                ORDER BY code ON CONFLICT DO NOTHING;
            INSERT INTO entries (plan_id, posting_id, line, account_code, side, amount_santim,
                effective_at)
                SELECT plan, posting, line, entry ->> 'account', entry ->> 'side',
                    CAST(entry #>> '{amount,santim}' AS bigint), counts_at
                FROM jsonb_array_elements(told -> 'entries') WITH ORDINALITY AS given(entry, line);
            INSERT INTO events (stream, stream_sequence, id, type, version, data, effective_at,
                previous_hash, hash)
                VALUES (plan, last_number, posting, 'transaction_posted', 1, told, counts_at,
                    last_hash, sha256(last_hash || convert_to(
                        hashed_before || event_data || hashed_between || last_number
                            || hashed_behind, 'UTF8')));
            outcome := 'posted';
        END $$
        """
    )
