"""Tables of the ledger store: facts only, nothing in it is ever changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKeyConstraint, Index, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING, Access
from db.kernel.tables import TransactionId
from meqenet.ledger.accounts import AccountName, AccountType, Owner, Side
from meqenet.money import Money


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


class LedgerTransaction(Base):
    """One happening, posted once. Its entries balance, or the commit is refused."""

    __tablename__ = "transactions"
    __table_args__ = (
        CheckConstraint("starts_with(posting_id, plan_id || '-')", name="posting_is_the_plans"),
        CheckConstraint("length(content_hash) = 32", name="content_hash_is_sha256"),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    posting_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """The business reason: the happening's kind."""
    happening: Mapped[dict[str, Any]]
    content_hash: Mapped[bytes]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=FetchedValue(), init=False)
    xid: Mapped[str] = mapped_column(TransactionId, server_default=FetchedValue(), init=False)
    """The database transaction that wrote it: no other may add entries to it."""


class LedgerEntry(Base):
    """One line of a transaction, more than nothing on one side of one account."""

    __tablename__ = "entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "posting_id"], ["transactions.plan_id", "transactions.posting_id"]
        ),
        ForeignKeyConstraint(["account_code"], ["accounts.code"]),
        CheckConstraint("amount_santim > 0", name="amount_is_something"),
        CheckConstraint("side IN ('debit', 'credit')", name="side_is_one_of_two"),
        Index(None, "account_code", "effective_at"),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    posting_id: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    account_code: Mapped[str]
    side: Mapped[Side]
    amount_santim: Mapped[Money]
    effective_at: Mapped[datetime]
