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
    Index("ix_events_recorded_at", "recorded_at", postgresql_using="brin"),
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

anchors = Table(
    "anchors",
    KERNEL,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("from_xid", TransactionId, nullable=False),
    Column("until_xid", TransactionId, nullable=False, comment="the first that it does not cover"),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    Column("streams", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    **Access.APPEND_ONLY.table,
)
"""Signed hashes over the heads of all chains; see :mod:`db.kernel.anchors`."""

anchor_heads = Table(
    "anchor_heads",
    KERNEL,
    Column("stream", Text, primary_key=True),
    Column("anchor", BigInteger, primary_key=True, index=True),
    Column("events", BigInteger, nullable=False),
    Column("first_sequence", BigInteger, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("notes", LargeBinary, nullable=False, comment="over recorded_at, xid and position"),
    **Access.APPEND_ONLY.table,
)
"""What each anchor covers: every stream that had grown, and how far."""

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

inbox_positions = Table(
    "inbox_positions",
    KERNEL,
    Column("consumer", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("xid", TransactionId, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("passed", BigInteger, nullable=False, comment="how many events lie behind the position"),
    Column("moved_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    **Access.ERASABLE.table,
)
"""How far each consumer has come in each other domain's events."""

inbox_streams = Table(
    "inbox_streams",
    KERNEL,
    Column("stream", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("consumer", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False, comment="the last event that has its effect"),
    **Access.ERASABLE.table,
)
"""How far each consumer has come in each stream: what makes a repeated event harmless."""

parked_events = Table(
    "parked_events",
    KERNEL,
    Column("stream", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("consumer", Text, primary_key=True),
    Column("stream_sequence", BigInteger, primary_key=True),
    Column("parked_id", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("xid", TransactionId, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("event", JSONB, nullable=False),
    Column("error_type", Text, comment="null: it only waits behind another one"),
    Column("error_code", Text),
    Column("tries", Integer, nullable=False),
    Column("parked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("next_try_at", DateTime(timezone=True)),
    Index("ix_parked_events_consumer", "consumer", "next_try_at"),
    **Access.ERASABLE.table,
)
"""Events that a consumer could not take in, and those of the same stream behind them."""
