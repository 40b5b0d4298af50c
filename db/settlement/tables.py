"""Tables of the settlement store. Account numbers and names are sealed under the merchant's key."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING, Access
from meqenet.money import Money
from meqenet.settlement.authorisations import PartKind
from meqenet.settlement.lines import LineKind, LineMoney
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import PayoutRail, TransferStatus


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """All tables of this store."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = COLUMN_TYPES


class MerchantTerms(Base):
    """A merchant's terms from an instant on. ``fee_basis_points`` by payment option."""

    __tablename__ = "merchant_terms"
    __table_args__ = (
        CheckConstraint("delay_days >= 0", name="delay_is_not_negative"),
        Access.APPEND_ONLY.table,
    )

    merchant_id: Mapped[str] = mapped_column(primary_key=True)
    effective_at: Mapped[datetime] = mapped_column(primary_key=True)
    fee_basis_points: Mapped[dict[str, Any]]
    delay_days: Mapped[int]
    bic: Mapped[str]
    account_number_sealed: Mapped[bytes]
    account_name_sealed: Mapped[bytes]
    content_index: Mapped[bytes]
    """Keyed hash of the content: tells whether a repetition says the same."""
    fee_fixed_santim: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    """By payment option, in santim, beside what the basis points make."""
    reserve_basis_points: Mapped[int] = mapped_column(default=0)
    reserve_days: Mapped[int] = mapped_column(default=0)
    minimum_santim: Mapped[Money] = mapped_column(default=Money(0))
    rail: Mapped[PayoutRail] = mapped_column(default=PayoutRail.BANK)


class FeeTax(Base):
    """What the tax on a type of fee is called and how high it is, from a date in Addis Ababa on."""

    __tablename__ = "fee_taxes"
    __table_args__ = Access.READ_WRITE.table

    fee_type: Mapped[str] = mapped_column(primary_key=True)
    effective_on: Mapped[date] = mapped_column(primary_key=True)
    code: Mapped[str]
    rate_basis_points: Mapped[int]


class BankDay(Base):
    """A day on which banks are open or closed otherwise than the calendar says."""

    __tablename__ = "bank_days"
    __table_args__ = Access.ERASABLE.table

    day: Mapped[date] = mapped_column(primary_key=True)
    is_open: Mapped[bool]
    why: Mapped[str]


class Settlement(Base):
    """What a merchant gets for a plan, and when. A second one follows a rejected payout.

    Where the merchant captures the order itself, each capture has one, of all captures by then.
    """

    __tablename__ = "settlements"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        CheckConstraint(
            "gross_santim = fee_santim + net_santim AND fee_santim >= 0 AND net_santim >= 0",
            name="gross_is_fee_and_net",
        ),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    payout_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    merchant_id: Mapped[str] = mapped_column(index=True)
    option: Mapped[str]
    gross_santim: Mapped[Money]
    fee_santim: Mapped[Money]
    net_santim: Mapped[Money]
    activated_on: Mapped[date]
    protection_days: Mapped[int]
    due_at: Mapped[datetime]
    scheduled_at: Mapped[datetime]


class Payout(Base):
    """An order to the bank. The account is the one of the terms that held when it was opened."""

    __tablename__ = "payouts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "payout_id"], ["settlements.plan_id", "settlements.payout_id"]
        ),
        ForeignKeyConstraint(
            ["merchant_id", "terms_at"],
            ["merchant_terms.merchant_id", "merchant_terms.effective_at"],
        ),
        CheckConstraint("amount_santim > 0 OR carried_by IS NOT NULL", name="amount_is_something"),
        CheckConstraint(
            "state IN ('created', 'unknown', 'pending', 'settled', 'rejected')",
            name="state_is_known",
        ),
        Index(
            "uq_payouts_one_at_a_time",
            "plan_id",
            unique=True,
            postgresql_where=text("state <> 'rejected' AND carried_by IS NULL"),
        ),
        UniqueConstraint("plan_id", "carried_by"),
        Access.READ_WRITE.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    payout_id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[str]
    terms_at: Mapped[datetime]
    amount_santim: Mapped[Money]
    state: Mapped[PayoutState]
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    bank_reference: Mapped[str | None] = mapped_column(default=None)
    reason_code: Mapped[str | None] = mapped_column(default=None)
    carried_by: Mapped[str | None] = mapped_column(default=None)
    """The merchant's payout in which it is: no order of its own. None of one that is."""


class SettlementLine(Base):
    """What adds to a merchant's money, or takes from it. All but the payout that took it stays."""

    __tablename__ = "settlement_lines"
    __table_args__ = (
        CheckConstraint(
            "net_santim = gross_santim - fee_santim - tax_santim", name="net_is_what_is_left"
        ),
        CheckConstraint("money <> 'payable' OR plan_id IS NOT NULL", name="payable_is_of_a_plan"),
        Index(
            "ix_settlement_lines_untaken",
            "merchant_id",
            "clock_id",
            "available_at",
            postgresql_where=text("payout_id IS NULL"),
        ),
        Index("ix_settlement_lines_plan_id", "plan_id"),
        Index("ix_settlement_lines_payout_id", "payout_id"),
        Access.READ_WRITE.table,
    )

    merchant_id: Mapped[str] = mapped_column(primary_key=True)
    line_id: Mapped[str] = mapped_column(primary_key=True)
    clock_id: Mapped[str]
    """The test clock whose time counts for it; empty in real time."""
    plan_id: Mapped[str | None]
    reference: Mapped[str | None]
    """The merchant's own order number."""
    kind: Mapped[LineKind]
    money: Mapped[LineMoney]
    gross_santim: Mapped[Money]
    fee_santim: Mapped[Money]
    tax_santim: Mapped[Money]
    tax_code: Mapped[str | None]
    net_santim: Mapped[Money]
    is_protected: Mapped[bool]
    """Held for the buyer until it is available."""
    available_at: Mapped[datetime]
    added_at: Mapped[datetime]
    payout_id: Mapped[str | None] = mapped_column(default=None)
    of_line: Mapped[str | None] = mapped_column(default=None)
    """Of one that takes from a capture: the capture's line."""


class Authorisation(Base):
    """What a merchant gets for an order that it captures itself, by the terms of its activation."""

    __tablename__ = "authorisations"
    __table_args__ = (
        CheckConstraint(
            "gross_santim = fee_santim + tax_santim + net_santim", name="gross_is_fee_tax_and_net"
        ),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[str]
    option: Mapped[str]
    reference: Mapped[str]
    """The merchant's own order number."""
    clock_id: Mapped[str]
    """The test clock whose time counts for it; empty in real time."""
    gross_santim: Mapped[Money]
    fee_santim: Mapped[Money]
    tax_santim: Mapped[Money]
    tax_code: Mapped[str | None]
    net_santim: Mapped[Money]
    delay_days: Mapped[int]
    protection_days: Mapped[int]
    authorised_on: Mapped[date]
    authorised_at: Mapped[datetime]


class AuthorisedPart(Base):
    """A part of an authorised order that was captured or voided, in their order."""

    __tablename__ = "authorised_parts"
    __table_args__ = (
        UniqueConstraint("plan_id", "place"),
        ForeignKeyConstraint(["plan_id"], ["authorisations.plan_id"]),
        CheckConstraint("gross_santim > 0", name="part_is_something"),
        CheckConstraint(
            "gross_santim = fee_santim + tax_santim + net_santim", name="gross_is_fee_tax_and_net"
        ),
        CheckConstraint("kind IN ('captured', 'voided')", name="kind_is_known"),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    part_id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int]
    kind: Mapped[PartKind]
    gross_santim: Mapped[Money]
    fee_santim: Mapped[Money]
    tax_santim: Mapped[Money]
    net_santim: Mapped[Money]
    taken_at: Mapped[datetime]


class MerchantPayout(Base):
    """A payout of many plans to a merchant: the sum of its lines, sent once."""

    __tablename__ = "merchant_payouts"
    __table_args__ = (
        UniqueConstraint("payday_id", "number"),
        ForeignKeyConstraint(
            ["merchant_id", "terms_at"],
            ["merchant_terms.merchant_id", "merchant_terms.effective_at"],
        ),
        CheckConstraint("amount_santim > 0", name="amount_is_something"),
        CheckConstraint(
            "amount_santim = shares_santim - owed_back_santim"
            " - reserve_held_santim + reserve_released_santim",
            name="amount_is_the_sum",
        ),
        CheckConstraint(
            "state IN ('created', 'unknown', 'pending', 'settled', 'rejected')",
            name="state_is_known",
        ),
        Index(
            "uq_merchant_payouts_one_at_a_time",
            "merchant_id",
            "clock_id",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
        Access.READ_WRITE.table,
    )

    payout_id: Mapped[str] = mapped_column(primary_key=True)
    payday_id: Mapped[str]
    merchant_id: Mapped[str]
    clock_id: Mapped[str]
    day: Mapped[date]
    number: Mapped[int]
    terms_at: Mapped[datetime]
    rail: Mapped[PayoutRail]
    amount_santim: Mapped[Money]
    shares_santim: Mapped[Money]
    """What its plans bring."""
    owed_back_santim: Mapped[Money]
    """What the merchant owed of earlier payouts, and is kept."""
    reserve_held_santim: Mapped[Money]
    reserve_released_santim: Mapped[Money]
    state: Mapped[PayoutState]
    opened_by: Mapped[str]
    """The run that has stored it: another one asks the bank before it sends anything."""
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    reserve_until: Mapped[datetime]
    bank_reference: Mapped[str | None] = mapped_column(default=None)
    reason_code: Mapped[str | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    """When nothing was left to do for it: settled and posted, or rejected."""
    retried_by: Mapped[str | None] = mapped_column(default=None)
    """Of one that was rejected: who lets the merchant be paid again."""
    retried_because: Mapped[str | None] = mapped_column(default=None)


class PayoutAnswer(Base):
    """What the bank said of a payout, word by word; ``status`` None: no readable answer came.

    ``plan_id`` is the ``payday_id`` where the payout is a merchant's.
    """

    __tablename__ = "payout_answers"
    __table_args__ = Access.APPEND_ONLY.table

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    payout_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    status: Mapped[TransferStatus | None]
    bank_reference: Mapped[str | None]
    reason_code: Mapped[str | None]
    heard_at: Mapped[datetime]
    contradicts: Mapped[bool]
