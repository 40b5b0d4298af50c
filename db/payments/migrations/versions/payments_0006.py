"""Money may come after its attempt had failed; what no installment needs is the customer's."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0006"
down_revision = "payments_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("surplus_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        "ck_attempts_surplus_has_moved", "attempts", "surplus_at IS NULL OR state = 'succeeded'"
    )
    op.create_index(
        "uq_attempts_one_pays",
        "attempts",
        ["plan_id", "installment_id"],
        unique=True,
        postgresql_where="state = 'succeeded' AND surplus_at IS NULL",
    )
    op.drop_index("uq_attempts_one_success", table_name="attempts")
    _let_late_money_count()


def _let_late_money_count() -> None:
    """What has moved stays so, and so does what it is for; a failure may turn out as a success."""
    op.execute(
        """
        CREATE FUNCTION moved_money_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.state = 'succeeded' AND NEW.state <> 'succeeded'
                OR OLD.state = 'failed' AND NEW.state NOT IN ('failed', 'succeeded') THEN
                RAISE EXCEPTION 'the state % is final', OLD.state
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'moved_money_stays';
            END IF;
            IF OLD.surplus_at IS NOT NULL AND NEW.surplus_at IS DISTINCT FROM OLD.surplus_at THEN
                RAISE EXCEPTION 'a surplus stays one'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'moved_money_stays';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute("DROP TRIGGER attempts_final_state_stays ON attempts")
    op.execute(
        """
        CREATE TRIGGER attempts_moved_money_stays BEFORE UPDATE ON attempts
        FOR EACH ROW EXECUTE FUNCTION moved_money_stays()
        """
    )
