"""Tables of the ledger store: facts only, nothing in it is ever changed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    FetchedValue,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING, Access
from db.kernel.tables import TransactionId
from meqenet.ledger.accounts import AccountName, AccountType, Owner, Side
from meqenet.ledger.day_counts import DayCount
from meqenet.ledger.holds import HoldState
from meqenet.ledger.periods import PeriodKind
from meqenet.money import Currency, Money


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """All tables of this store."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = COLUMN_TYPES


class LedgerAccount(Base):
    """An account that something has been posted to. It has no balance: that is a sum of entries."""

    __tablename__ = "accounts"
    __table_args__ = Access.APPEND_ONLY.table

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[AccountName]
    type: Mapped[AccountType]
    normal_side: Mapped[Side]
    owner: Mapped[Owner]
    owner_id: Mapped[str | None]
    currency: Mapped[Currency]


class LedgerTransaction(Base):
    """One happening, posted once. Its entries balance, or the commit is refused."""

    __tablename__ = "transactions"
    __table_args__ = (
        CheckConstraint("starts_with(posting_id, plan_id || '-')", name="posting_is_the_plans"),
        CheckConstraint("length(content_hash) = 32", name="content_hash_is_sha256"),
        CheckConstraint(
            "kind <> '' AND coalesce(happening ->> 'kind', '') = kind", name="kind_is_the_reason"
        ),
        CheckConstraint("backdated_from < effective_at", name="backdated_is_moved_on"),
        CheckConstraint("reverses <> posting_id", name="reversal_names_another"),
        CheckConstraint(
            "(reverses IS NOT NULL) = (kind = 'posting_reversed')", name="reversal_is_called_so"
        ),
        ForeignKeyConstraint(
            ["plan_id", "reverses"], ["transactions.plan_id", "transactions.posting_id"]
        ),
        Index(
            "uq_transactions_plan_id_reverses",
            "plan_id",
            "reverses",
            unique=True,
            postgresql_where=text("reverses IS NOT NULL"),
        ),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    """Whose it is: a plan's id; of what concerns no plan alone, the id of that."""
    posting_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """The business reason: the happening's kind."""
    happening: Mapped[dict[str, Any]]
    content_hash: Mapped[bytes]
    effective_at: Mapped[datetime]
    """When it counts: when it was true, or the first open instant after it."""
    backdated_from: Mapped[datetime | None]
    """When it was true, if that lies in a period that was closed."""
    reverses: Mapped[str | None]
    """The posting that this one takes back."""
    recorded_at: Mapped[datetime] = mapped_column(server_default=FetchedValue(), init=False)
    xid: Mapped[str] = mapped_column(TransactionId, server_default=FetchedValue(), init=False)
    """The database transaction that wrote it: no other may add entries to it."""


class LedgerEntry(Base):
    """One line of a transaction, more than nothing on one side of one account.

    A trigger sees to it that its transaction and its account are there: a foreign key would lock
    the row of an account that all plans share.
    """

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("amount_santim > 0", name="amount_is_something"),
        CheckConstraint("side IN ('debit', 'credit')", name="side_is_one_of_two"),
        Index(None, "account_code", "effective_at"),
        Index(None, "effective_at", postgresql_using="brin"),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    posting_id: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    account_code: Mapped[str]
    side: Mapped[Side]
    amount_santim: Mapped[Money]
    effective_at: Mapped[datetime]


class ClosedPeriod(Base):
    """A day or a month that takes no entry any more, and with it everything before it."""

    __tablename__ = "closed_periods"
    __table_args__ = (
        UniqueConstraint("closed_until"),
        CheckConstraint("closed_by <> ''", name="somebody_closes"),
        CheckConstraint("reason <> ''", name="reason_is_given"),
        CheckConstraint("closed_until <= closed_at", name="period_is_over"),
        Access.APPEND_ONLY.table,
    )

    last_day: Mapped[date] = mapped_column(primary_key=True)
    """An Addis Ababa date."""
    kind: Mapped[PeriodKind]
    closed_until: Mapped[datetime]
    """The first open instant."""
    closed_by: Mapped[str]
    reason: Mapped[str]
    closed_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=FetchedValue(), init=False)


class Snapshot(Base):
    """What had been posted to an account by the end of a closed day. Nothing is added to that."""

    __tablename__ = "snapshots"
    __table_args__ = (
        ForeignKeyConstraint(["account_code"], ["accounts.code"]),
        CheckConstraint("debit_santim >= 0 AND credit_santim >= 0", name="sums_are_not_negative"),
        Index(None, "until"),
        Access.APPEND_ONLY.table,
    )

    account_code: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    """An Addis Ababa date."""
    until: Mapped[datetime]
    """The day's end: entries before this instant are in the sums."""
    debit_santim: Mapped[Money]
    credit_santim: Mapped[Money]
    taken_at: Mapped[datetime] = mapped_column(server_default=FetchedValue(), init=False)


class Hold(Base):
    """A posting that waits: until it ends, nobody else can have the money that it will take."""

    __tablename__ = "holds"
    __table_args__ = (
        ForeignKeyConstraint(["account_code"], ["accounts.code"]),
        CheckConstraint("starts_with(hold_id, plan_id || '-')", name="is_the_plans"),
        CheckConstraint("amount_santim > 0", name="amount_is_something"),
        CheckConstraint("length(content_hash) = 32", name="content_hash_is_sha256"),
        CheckConstraint("expires_at > placed_at", name="expires_later"),
        Index(None, "account_code"),
        Index(None, "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    hold_id: Mapped[str] = mapped_column(primary_key=True)
    """The id under which it will be posted."""
    account_code: Mapped[str]
    amount_santim: Mapped[Money]
    happening: Mapped[dict[str, Any]]
    """What will be posted."""
    content_hash: Mapped[bytes]
    placed_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=FetchedValue(), init=False)


class HoldEnd(Base):
    """How a hold ended: once, and for good. A hold without an end is pending."""

    __tablename__ = "hold_ends"
    __table_args__ = (
        ForeignKeyConstraint(["plan_id", "hold_id"], ["holds.plan_id", "holds.hold_id"]),
        ForeignKeyConstraint(
            ["plan_id", "posting_id"], ["transactions.plan_id", "transactions.posting_id"]
        ),
        CheckConstraint("state IN ('posted', 'voided', 'expired')", name="state_is_an_end"),
        CheckConstraint(
            "coalesce(posting_id = hold_id, false) = (state = 'posted')",
            name="posted_names_its_posting",
        ),
        CheckConstraint("reason <> ''", name="reason_is_given"),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    hold_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[HoldState]
    posting_id: Mapped[str | None]
    reason: Mapped[str]
    ended_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=FetchedValue(), init=False)


class EarningInstallment(Base):
    """An installment of an active plan: what it will earn, and up to which day it has.

    The postings are the record; this says only what is still to be posted.
    """

    __tablename__ = "earning_installments"
    __table_args__ = (
        CheckConstraint(
            "interest_santim >= 0 AND merchant_fee_santim >= 0", name="amounts_are_not_negative"
        ),
        CheckConstraint(
            "accrued_santim BETWEEN 0 AND interest_santim", name="accrues_its_interest_only"
        ),
        CheckConstraint("accrued_until >= starts_on", name="accrues_from_its_start"),
        CheckConstraint("paid_santim BETWEEN 0 AND accrued_santim", name="pays_what_is_earned"),
        CheckConstraint(
            "carried_earned_santim BETWEEN 0 AND LEAST(carried_santim, accrued_santim)",
            name="earns_what_is_carried",
        ),
        CheckConstraint("base_santim BETWEEN 0 AND interest_santim", name="spreads_its_interest"),
        Index(
            "ix_earning_installments_behind",
            "plan_id",
            "accrued_until",
            postgresql_where=text("NOT is_done AND NOT is_suspended AND NOT on_test_clock"),
        ),
        Access.READ_WRITE.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    lender: Mapped[str]
    interest_santim: Mapped[Money]
    merchant_fee_santim: Mapped[Money]
    """The part of the merchant's fee that is earned with its principal."""
    day_count: Mapped[DayCount]
    starts_on: Mapped[date]
    """The first day that earns interest, an Addis Ababa date."""
    ends_on: Mapped[date]
    """The due date, which earns none."""
    on_test_clock: Mapped[bool]
    """Its days are over when the plan says so, not when ours are."""
    accrued_until: Mapped[date]
    """The days before this one are posted."""
    accrued_santim: Mapped[Money]
    """What is earned so far: day by day, or with a payment before its day."""
    paid_santim: Mapped[Money]
    """What of that was paid while the installment was not paid whole."""
    carried_santim: Mapped[Money]
    """What of its interest was owed on another date before: no day of its period earns it."""
    carried_earned_santim: Mapped[Money]
    """What of that is earned."""
    base_on: Mapped[date]
    """From here on the days until the due date earn the rest, all but ``base_santim``."""
    base_santim: Mapped[Money]
    """Interest that no day from there on earns: earned before, or carried."""
    idle_days: Mapped[list[Any]]
    """Days of a pause, as ``2026-11-30``: they earn nothing."""
    is_done: Mapped[bool]
    """Nothing more is accrued: every day is posted, or it is paid."""
    is_suspended: Mapped[bool]
    """The plan does not perform: its days are not posted until it does again."""
