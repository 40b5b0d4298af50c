"""Complaints and disputes have clocks, evidence and deciders of their own, so a store of theirs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from db.kernel.schema import create_anchors, create_events, create_person_keys

revision = "disputes_0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_events()
    create_anchors()
    create_person_keys()
    _deadlines()
    _complaints()
    _what_was_said_and_done()
    _disputes()
    _evidence()


def _deadlines() -> None:
    op.create_table(
        "deadline_policies",
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("kind", "version", name="pk_deadline_policies"),
    )
    op.create_table(
        "office_days",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_office_days"),
    )


def _complaints() -> None:
    op.create_table(
        "complaints",
        sa.Column("tracking_number", sa.Text, nullable=False),
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("category", sa.String(40), nullable=False),
        sa.Column("received_by", sa.Text, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("text_index", sa.LargeBinary, nullable=False),
        sa.Column("test_clock_id", sa.Text),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("escalation", sa.String(40), nullable=False),
        sa.Column("round_number", sa.BigInteger, nullable=False),
        sa.Column("policy_version", sa.BigInteger),
        sa.Column("assignee", sa.Text),
        sa.Column("closed_at", INSTANT),
        sa.Column("closing", sa.String(40)),
        sa.PrimaryKeyConstraint("tracking_number", name="pk_complaints"),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)"
            " AND (closed_at IS NULL) = (closing IS NULL)",
            name="ck_complaints_closed_with_a_reason",
        ),
    )
    op.create_index("ix_complaints_plan_id", "complaints", ["plan_id"])
    op.create_index("ix_complaints_received_at", "complaints", ["received_at"])
    op.create_index(
        "ix_complaints_under_way",
        "complaints",
        ["received_at"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "complaint_rounds",
        sa.Column("tracking_number", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("clock_step", sa.String(40)),
        sa.Column("answered_at", INSTANT),
        sa.Column("outcome", sa.String(40)),
        sa.Column("in_time", sa.Boolean),
        sa.Column("reopen_until", INSTANT),
        sa.PrimaryKeyConstraint("tracking_number", "number", name="pk_complaint_rounds"),
        _of_complaint("complaint_rounds"),
        sa.CheckConstraint("number IN (1, 2)", name="ck_complaint_rounds_reopened_once"),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (outcome IS NULL)"
            " AND (answered_at IS NULL) = (in_time IS NULL)"
            " AND (answered_at IS NULL) = (reopen_until IS NULL)",
            name="ck_complaint_rounds_answered_with_an_outcome",
        ),
    )
    op.create_index("ix_complaint_rounds_answered_at", "complaint_rounds", ["answered_at"])


def _what_was_said_and_done() -> None:
    op.create_table(
        "complaint_texts",
        sa.Column("tracking_number", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("text_sealed", sa.LargeBinary, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("tracking_number", "number", name="pk_complaint_texts"),
        _of_complaint("complaint_texts"),
    )
    op.create_table(
        "complaint_deeds",
        sa.Column("tracking_number", sa.Text, nullable=False),
        sa.Column("deed_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("assigned_to", sa.Text),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("content_index", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tracking_number", "deed_id", name="pk_complaint_deeds"),
        sa.UniqueConstraint(
            "tracking_number", "number", name="uq_complaint_deeds_tracking_number_number"
        ),
        _of_complaint("complaint_deeds"),
    )


def _disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("dispute_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("merchant_id", sa.Text, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("amount_santim", sa.BigInteger, nullable=False),
        sa.Column("policy_version", sa.BigInteger, nullable=False),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("stage", sa.String(40), nullable=False),
        sa.Column("stage_began_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.Column("outcome", sa.String(40)),
        sa.Column("decided_at", INSTANT),
        sa.PrimaryKeyConstraint("plan_id", "dispute_id", name="pk_disputes"),
        sa.UniqueConstraint("plan_id", "number", name="uq_disputes_plan_id_number"),
        sa.CheckConstraint("amount_santim > 0", name="ck_disputes_about_something"),
        sa.CheckConstraint(
            "(stage = 'decided') = (outcome IS NOT NULL)"
            " AND (outcome IS NULL) = (decided_at IS NULL)"
            " AND (outcome IS NULL) = (due_at IS NOT NULL)",
            name="ck_disputes_decided_with_an_outcome",
        ),
    )
    op.create_index("ix_disputes_merchant_id", "disputes", ["merchant_id"])
    op.create_table(
        "dispute_moves",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("dispute_id", sa.Text, nullable=False),
        sa.Column("move_id", sa.Text, nullable=False),
        sa.Column("move", sa.String(40), nullable=False),
        sa.Column("stage", sa.String(40), nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("why", sa.Text),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "dispute_id", "move_id", name="pk_dispute_moves"),
        sa.ForeignKeyConstraint(
            ["plan_id", "dispute_id"],
            ["disputes.plan_id", "disputes.dispute_id"],
            name="fk_dispute_moves_plan_id_dispute_id",
        ),
    )


def _evidence() -> None:
    op.create_table(
        "evidence_files",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("evidence_id", sa.Text, nullable=False),
        sa.Column("dispute_id", sa.Text, nullable=False),
        sa.Column("content_type", sa.String(40), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("content_sealed", sa.LargeBinary, nullable=False),
        sa.Column("brought_by", sa.Text, nullable=False),
        sa.Column("brought_at", INSTANT, nullable=False),
        sa.Column("side", sa.String(40)),
        sa.Column("added_at", INSTANT),
        sa.PrimaryKeyConstraint("plan_id", "evidence_id", name="pk_evidence_files"),
        sa.CheckConstraint("length(sha256) = 32", name="ck_evidence_files_hash_is_sha256"),
        sa.CheckConstraint("size_bytes > 0", name="ck_evidence_files_not_empty"),
        sa.CheckConstraint(
            "(side IS NULL) = (added_at IS NULL)", name="ck_evidence_files_added_by_a_side"
        ),
    )


def _of_complaint(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tracking_number"],
        ["complaints.tracking_number"],
        name=f"fk_{table}_tracking_number",
    )
