"""Tables that stand in more than one domain's database, always in the same shape."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType
from typing_extensions import override

from db.kernel.columns import NAMING, Access

KERNEL = MetaData(naming_convention=NAMING)


class TransactionId(UserDefinedType[str]):
    """PostgreSQL's ``xid8``: a 64-bit transaction id that never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own signature
        """The type's name in DDL."""
        return "xid8"

    @property
    @override
    def python_type(self) -> type[str]:
        return str


events = Table(
    "events",
    KERNEL,
    Column("stream", Text, comment="whose life it belongs to, a plan id for example"),
    Column("stream_sequence", BigInteger, comment="1, 2, 3 … within the stream"),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("effective_at", DateTime(timezone=True), nullable=False),
    Column(
        "recorded_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=func.clock_timestamp(),
    ),
    Column("xid", TransactionId, nullable=False, server_default=func.pg_current_xact_id()),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("stream", "stream_sequence"),
    UniqueConstraint("stream", "id"),
    Index("ix_events_outbox", "xid", "position"),
    **Access.APPEND_ONLY.table,
)
"""The event log of a domain, which is its outbox too. The stream leads the primary key, so the
table can be partitioned or sharded by it."""

relay_position = Table(
    "relay_position",
    KERNEL,
    Column("name", Text, primary_key=True),
    Column("xid", TransactionId, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("moved_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    **Access.READ_WRITE.table,
)
"""How far each reader of the outbox has come."""

person_keys = Table(
    "person_keys",
    KERNEL,
    Column("person_id", Text, primary_key=True),
    Column("key_id", Text, nullable=False, index=True, comment="the key that wraps this one"),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    **Access.ERASABLE.table,
)
"""The data key of each person; deleting the row makes the person's private data unreadable."""
