"""Tables of the kyc store. Columns ``…_sealed`` open only with their person's data key."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING, Access


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """All tables of this store."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = COLUMN_TYPES


class VerificationState(StrEnum):
    """Where a login stands."""

    OPEN = "open"
    """The customer may log in."""
    VERIFIED = "verified"
    """Fayda said who it is. Final."""
    CLOSED = "closed"
    """It led to no identity; kept as evidence. Final."""


class IdentifierKind(StrEnum):
    """By what a person is recognised."""

    NUMBER = "number"
    """A FAN or FIN. A person may have several: a FAN can be revoked and issued anew."""
    SUBJECT = "subject"
    """Fayda's pairwise token for this person and us."""


class Verification(Base):
    """One Fayda login of a plan's customer. ``person_id`` says whose data key sealed it."""

    __tablename__ = "verifications"

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[str]
    oauth_state: Mapped[str]
    nonce: Mapped[str]
    code_verifier_sealed: Mapped[bytes]
    number_index: Mapped[bytes]
    number_sealed: Mapped[bytes]
    consent_version: Mapped[str]
    state: Mapped[VerificationState]
    outcome: Mapped[str | None]
    customer_id: Mapped[str | None] = mapped_column(index=True)
    opened_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    income_sealed: Mapped[bytes | None] = mapped_column(default=None)


class Person(Base):
    """Who a customer is, in Fayda's words at the latest login."""

    __tablename__ = "persons"

    customer_id: Mapped[str] = mapped_column(primary_key=True)
    name_sealed: Mapped[bytes]
    birth_date_sealed: Mapped[bytes]
    phone_sealed: Mapped[bytes | None]
    gender_sealed: Mapped[bytes | None]
    first_verified_at: Mapped[datetime]
    verified_at: Mapped[datetime]


class Identifier(Base):
    """What leads to a customer, as a blind index; the value itself is sealed."""

    __tablename__ = "identifiers"
    __table_args__ = Access.APPEND_ONLY.table

    blind_index: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[IdentifierKind]
    customer_id: Mapped[str] = mapped_column(index=True)
    value_sealed: Mapped[bytes]
    known_since: Mapped[datetime]
