"""Tables of the auth store."""

from datetime import datetime

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING
from meqenet.auth.roles import Role


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """All tables of this store."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = COLUMN_TYPES


class ApiKey(Base):
    """A merchant's key: what is needed to recognise it, and nothing that could forge it."""

    __tablename__ = "api_keys"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[str] = mapped_column(index=True)
    secret_hash: Mapped[str]
    label: Mapped[str]
    sandbox: Mapped[bool]
    issued_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class StaffKey(Base):
    """A key of a member of staff, who is known by a handle, and what its role allows."""

    __tablename__ = "staff_keys"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str] = mapped_column(index=True)
    handle: Mapped[str]
    role: Mapped[Role]
    secret_hash: Mapped[str]
    issued_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
