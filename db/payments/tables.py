"""Tables of the payments store. Phones and callbacks are sealed under the plan's data key."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.kernel.columns import Access
from db.payments.alarm_tables import AlarmOwner
from db.payments.base import Base
from db.payments.reminder_tables import EmailAddress, ReminderAnswer, ReminderRow
from meqenet.money import Money
from meqenet.payments.attempts import Finding, OrderState
from meqenet.payments.causes import FailureCause
from meqenet.payments.policy_documents import PolicyKind
from meqenet.payments.rail import MandateStatus, RailStatus, WalletProvider
from meqenet.payments.reconciliation import Because, Verdict
from meqenet.payments.statement_document import LineKind, StatementForm
from meqenet.payments.wallet_ids import OWN_WALLET

__all__ = [
    "AlarmOwner",
    "Answer",
    "Attempt",
    "Base",
    "Callback",
    "CollectionPolicy",
    "EmailAddress",
    "FurtherWallet",
    "Mandate",
    "PaidBill",
    "ReconciliationItem",
    "ReconciliationJudgement",
    "Refund",
    "ReminderAnswer",
    "ReminderRow",
    "Statement",
    "StatementLine",
    "Wallet",
]
_STATES = "state IN ('created', 'pending', 'unknown', 'succeeded', 'failed')"
_OPEN = text("state IN ('created', 'pending', 'unknown')")
_UNDECIDED = text("verdict NOT IN ('matched', 'withdrawn') AND accepted_by IS NULL")


class Wallet(Base):
    """The wallet that pays a plan."""

    __tablename__ = "wallets"
    __table_args__ = Access.APPEND_ONLY.table

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[WalletProvider]
    msisdn_sealed: Mapped[bytes]
    msisdn_index: Mapped[bytes] = mapped_column(index=True)
    contract_no: Mapped[str | None]
    registered_at: Mapped[datetime]


class FurtherWallet(Base):
    """Another wallet of the customer that may pay a plan; they are asked in their order."""

    __tablename__ = "further_wallets"
    __table_args__ = (
        ForeignKeyConstraint(["plan_id"], ["wallets.plan_id"]),
        CheckConstraint("number > 1", name="number_is_further"),
        UniqueConstraint("plan_id", "msisdn_index"),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    provider: Mapped[WalletProvider]
    msisdn_sealed: Mapped[bytes]
    msisdn_index: Mapped[bytes] = mapped_column(index=True)
    registered_at: Mapped[datetime]


class Mandate(Base):
    """The newest word of the provider on a plan's mandate; each change is an event."""

    __tablename__ = "mandates"
    __table_args__ = Access.READ_WRITE.table

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    contract_no: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[MandateStatus]
    mandate_id: Mapped[str | None]
    debit_limit_santim: Mapped[Money | None]
    heard_at: Mapped[datetime]


class Attempt(Base):
    """One attempt to collect one installment. ``cause`` is ours, ``failure_code`` theirs.

    ``wallet_number``: which of the plan's wallets it asks (:mod:`meqenet.payments.wallet_ids`).
    ``surplus_at``: since when its money is the customer's credit; None of money that pays the
    installment, which one attempt's does at most. ``overpaid_*``: how much of money that came
    unasked was more than was owed, and since when that is the customer's credit. ``is_part``: it
    asks for a part of what is owed of its installment, so that it alone does not pay that.
    ``replay_id``: the newest replay of the plan's payments that has counted it: what it pays is
    told by the plan's log since then, and it closes no installment. ``reversed_at``: since when its
    money is known to be gone.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint("asked_santim > 0", name="asked_is_something"),
        CheckConstraint(_STATES, name="state_is_known"),
        CheckConstraint(
            "(state = 'succeeded') = (moved_santim IS NOT NULL AND moved_at IS NOT NULL)",
            name="success_has_moved_money",
        ),
        CheckConstraint("moved_santim = asked_santim", name="moved_is_asked"),
        CheckConstraint("(state = 'failed') = (cause IS NOT NULL)", name="failure_has_a_cause"),
        CheckConstraint("surplus_at IS NULL OR state = 'succeeded'", name="surplus_has_moved"),
        CheckConstraint(
            "reversed_at IS NULL OR (state = 'succeeded' AND replay_id IS NOT NULL"
            " AND surplus_at IS NULL AND overpaid_at IS NULL)",
            name="reversed_has_moved",
        ),
        CheckConstraint(
            "(overpaid_santim IS NULL AND overpaid_at IS NULL) OR (overpaid_at IS NOT NULL"
            " AND overpaid_santim BETWEEN 1 AND moved_santim AND surplus_at IS NULL)",
            name="overpaid_is_part_of_payment",
        ),
        Index(
            "uq_attempts_one_open",
            "plan_id",
            "installment_id",
            unique=True,
            postgresql_where=_OPEN,
        ),
        Index(
            "uq_attempts_one_pays",
            "plan_id",
            "installment_id",
            unique=True,
            postgresql_where=text(
                "state = 'succeeded' AND surplus_at IS NULL AND NOT is_part AND replay_id IS NULL"
            ),
        ),
        Index("ix_attempts_open", "opened_at", postgresql_where=_OPEN),
        Index(
            "uq_attempts_pay_bill",
            "receipt",
            unique=True,
            postgresql_where=text("channel = 'pay_bill'"),
        ),
        Access.READ_WRITE.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    attempt_id: Mapped[str] = mapped_column(primary_key=True)
    installment_id: Mapped[str]
    channel: Mapped[str]
    provider: Mapped[WalletProvider]
    asked_santim: Mapped[Money]
    state: Mapped[OrderState]
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    provider_reference: Mapped[str | None] = mapped_column(default=None)
    failure_code: Mapped[str | None] = mapped_column(default=None)
    cause: Mapped[FailureCause | None] = mapped_column(default=None)
    is_part: Mapped[bool] = mapped_column(default=False)
    receipt: Mapped[str | None] = mapped_column(default=None)
    moved_santim: Mapped[Money | None] = mapped_column(default=None)
    moved_at: Mapped[datetime | None] = mapped_column(default=None)
    surplus_at: Mapped[datetime | None] = mapped_column(default=None)
    overpaid_santim: Mapped[Money | None] = mapped_column(default=None)
    overpaid_at: Mapped[datetime | None] = mapped_column(default=None)
    wallet_number: Mapped[int] = mapped_column(default=OWN_WALLET, server_default=text("1"))
    replay_id: Mapped[str | None] = mapped_column(default=None)
    reversed_at: Mapped[datetime | None] = mapped_column(default=None)


class Refund(Base):
    """Money of an attempt on its way back; ``cash_back_of``: for which refund of an order."""

    __tablename__ = "refunds"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "attempt_id"], ["attempts.plan_id", "attempts.attempt_id"]
        ),
        CheckConstraint("amount_santim > 0", name="amount_is_something"),
        CheckConstraint(_STATES, name="state_is_known"),
        Index(None, "plan_id", "attempt_id"),
        Access.READ_WRITE.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    refund_id: Mapped[str] = mapped_column(primary_key=True)
    attempt_id: Mapped[str]
    amount_santim: Mapped[Money]
    reason: Mapped[str]
    state: Mapped[OrderState]
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    failure_code: Mapped[str | None] = mapped_column(default=None)
    receipt: Mapped[str | None] = mapped_column(default=None)
    moved_at: Mapped[datetime | None] = mapped_column(default=None)
    cash_back_of: Mapped[str | None] = mapped_column(default=None)


class Answer(Base):
    """What was heard of an order, an attempt's or a refund's, word by word.

    ``status`` None: it was sent, and no readable answer came. ``finding``: it contradicts what was
    known.
    """

    __tablename__ = "answers"
    __table_args__ = (
        Index(
            "ix_answers_findings",
            "heard_at",
            postgresql_where=text("finding IS NOT NULL"),
        ),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    source: Mapped[str | None]
    status: Mapped[RailStatus | None]
    provider_reference: Mapped[str | None]
    receipt: Mapped[str | None]
    amount_santim: Mapped[Money | None]
    failure_code: Mapped[str | None]
    occurred_at: Mapped[datetime | None]
    heard_at: Mapped[datetime]
    finding: Mapped[Finding | None]


class Callback(Base):
    """A provider's callback as it came, once however often it came."""

    __tablename__ = "callbacks"
    __table_args__ = Access.READ_WRITE.table

    provider: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    body_digest: Mapped[bytes] = mapped_column(primary_key=True)
    verified: Mapped[bool] = mapped_column(primary_key=True)
    order_id: Mapped[str | None] = mapped_column(index=True)
    person_id: Mapped[str]
    """Under whose data key the body is sealed: the plan's, or the provider's own."""
    body_sealed: Mapped[bytes]
    deliveries: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class PaidBill(Base):
    """Money that is told to have come to our short code, unproved: the first word on a receipt.

    ``plan_id`` None: what was typed is no plan's number, and staff have not said whose it is.
    ``person_id``: under whose data key the payer's phone is sealed; None where it was masked.
    """

    __tablename__ = "paid_bills"
    __table_args__ = Access.READ_WRITE.table

    receipt: Mapped[str] = mapped_column(primary_key=True)
    plan_id: Mapped[str | None] = mapped_column(index=True)
    person_id: Mapped[str]
    amount_santim: Mapped[Money]
    payer_sealed: Mapped[bytes | None]
    told_at: Mapped[datetime]


class CollectionPolicy(Base):
    """A version of a policy of collection, written by the seed from ``db/payments/policies``."""

    __tablename__ = "collection_policies"
    __table_args__ = Access.READ_ONLY.table

    kind: Mapped[PolicyKind] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    effective_from: Mapped[date]
    document: Mapped[dict[str, Any]]


class Statement(Base):
    """A provider's statement of a day as it came. Another content is another version of the day.

    The document may name customers, so it is sealed under a data key of the provider's own.
    """

    __tablename__ = "statements"
    __table_args__ = (
        CheckConstraint("length(content_hash) = 32", name="content_hash_is_sha256"),
        Access.APPEND_ONLY.table,
    )

    provider: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    form: Mapped[StatementForm]
    source: Mapped[str]
    content_hash: Mapped[bytes]
    content_sealed: Mapped[bytes]
    line_count: Mapped[int]
    received_at: Mapped[datetime]


class StatementLine(Base):
    """A line of a version of a statement, as it was read."""

    __tablename__ = "statement_lines"
    __table_args__ = (
        ForeignKeyConstraint(
            ["provider", "day", "version"],
            ["statements.provider", "statements.day", "statements.version"],
        ),
        Access.APPEND_ONLY.table,
    )

    provider: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[LineKind]
    reference: Mapped[str]
    receipt: Mapped[str | None]
    amount_santim: Mapped[Money]
    charge_santim: Mapped[Money]
    moved_at: Mapped[datetime]


class ReconciliationItem(Base):
    """A line of the newest statements, or an order that should be on a line: how it stands.

    ``day`` is a line's; an order has none. ``since``: when the line came, or since when we have
    the order as moved, in real time. ``partner``: the order of a line, the line of an order.
    """

    __tablename__ = "reconciliation_items"
    __table_args__ = (
        CheckConstraint("day IS NOT NULL OR order_id IS NOT NULL", name="is_line_or_order"),
        Index(None, "provider", "key"),
        Index("ix_reconciliation_items_undecided", "provider", "key", postgresql_where=_UNDECIDED),
        Index(None, "provider", "day"),
        Access.READ_WRITE.table,
    )

    provider: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    kind: Mapped[LineKind]
    day: Mapped[date | None]
    order_id: Mapped[str | None]
    amount_santim: Mapped[Money]
    charge_santim: Mapped[Money]
    receipt: Mapped[str | None]
    moved_at: Mapped[datetime | None]
    since: Mapped[datetime]
    verdict: Mapped[Verdict]
    because: Mapped[Because]
    changed_at: Mapped[datetime]
    judgements: Mapped[int] = mapped_column(default=0)
    partner: Mapped[str | None] = mapped_column(default=None)
    accepted_by: Mapped[str | None] = mapped_column(default=None)


class ReconciliationJudgement(Base):
    """Each change of how an item stands. ``judged_by`` None: a run; else a person, and why."""

    __tablename__ = "reconciliation_judgements"
    __table_args__ = (
        ForeignKeyConstraint(
            ["provider", "item_id"],
            ["reconciliation_items.provider", "reconciliation_items.item_id"],
        ),
        Access.APPEND_ONLY.table,
    )

    provider: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    verdict: Mapped[Verdict]
    because: Mapped[Because]
    partner: Mapped[str | None]
    judged_by: Mapped[str | None]
    reason: Mapped[str | None]
    at: Mapped[datetime]
