"""Connections and the one transaction edge. Stores take a session; only this module commits."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn

from sqlalchemy import Row, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from typing_extensions import override

from db.kernel.failures import as_ours
from meqenet.errors import Defect

_UNTRIED_SECONDS_MAX: Final = 2
"""A connection that has lain idle for longer is tried before it is used."""


class ReadSession(AsyncSession):
    """A transaction that reads. Views take this type; a :class:`WriteSession` will do as well."""

    @override
    async def commit(self) -> NoReturn:
        """Refused: the edge commits."""
        raise Defect("commit_inside", "only the transaction edge commits")

    @override
    async def rollback(self) -> NoReturn:
        """Refused: raise an error instead, and the edge rolls back."""
        raise Defect("rollback_inside", "only the transaction edge rolls back")


class WriteSession(ReadSession):
    """A transaction that may write. Stores take this type, so a read session cannot reach them."""


class Database:
    """One domain's database: ``async with database.write() as session``.

    Args:
        url: ``postgresql+asyncpg://…`` of the server that is written.
        read_url: a replica; reads go to ``url`` without one.
        connection_count_max: connections in each pool, opened as they are needed. Whoever finds
            none free waits for five seconds.
    """

    def __init__(
        self, *, url: str, read_url: str | None = None, connection_count_max: int = 10
    ) -> None:
        self._writer = _engine(url, connection_count_max=connection_count_max)
        shared = read_url is None or read_url == url
        self._replica = (
            None if shared else _engine(read_url or url, connection_count_max=connection_count_max)
        )
        self._reader = (self._replica or self._writer).execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._alone = self._writer.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """One READ COMMITTED transaction: committed when the block ends, rolled back if it raises.

        Raises:
            Unavailable: the server cannot be reached, or it broke the transaction off (deadlock,
                timeout). If the connection is lost during the commit itself the transaction may
                stand, which does no harm: every write is idempotent by an id of its caller.
        """
        async with as_ours():
            session = WriteSession(self._writer, expire_on_commit=False)
            async with _closed(session):
                yield session
                await AsyncSession.commit(session)

    async def write_alone(self, *, statement: str, arguments: tuple[Any, ...]) -> Row[Any]:
        """One statement that is a whole transaction: it commits as it ends, in one round trip.

        Args:
            statement: SQL with ``$1``, ``$2`` … that gives one row.
            arguments: their values, as the driver takes them.

        Raises:
            Unavailable: as :meth:`write`.
        """
        async with as_ours(), self._alone.connect() as connection:
            return (await connection.exec_driver_sql(statement, arguments)).one()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """One READ ONLY transaction that sees the store as of one moment.

        Raises:
            Unavailable: as :meth:`write`.
        """
        async with as_ours():
            session = ReadSession(self._reader, expire_on_commit=False, autoflush=False)
            async with _closed(session):
                yield session

    async def dispose(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        if self._replica is not None:
            await self._replica.dispose()


@asynccontextmanager
async def _closed(session: AsyncSession) -> AsyncIterator[None]:
    """Give the connection back; what was not committed is rolled back."""
    try:
        yield
    except BaseException:
        # Whoever cancels us a second time must not leave a transaction open.
        await asyncio.shield(asyncio.create_task(session.close()))
        raise
    await session.close()


def _engine(url: str, *, connection_count_max: int) -> AsyncEngine:
    # Parameters can be private data, so they are kept out of error texts.
    engine = create_async_engine(
        url,
        pool_size=connection_count_max,
        max_overflow=0,
        pool_timeout=5,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={"timeout": 5},
    )
    _replace_dead_connections(engine)
    return engine


def _replace_dead_connections(engine: AsyncEngine) -> None:
    """Give no dead connection out, without the three round trips of a pre-ping each time.

    That the server has closed a connection is known here without asking it. One that died without
    a word shows when it is tried after a while, and otherwise as Unavailable.
    """
    dialect = engine.dialect

    @event.listens_for(engine.sync_engine, "checkin")
    def note_time(_connection: object, record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own signature
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def try_out(connection: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401 - the same
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError
        idle_since = record.info.pop("idle_since", None)
        if idle_since is None or time.monotonic() - idle_since < _UNTRIED_SECONDS_MAX:
            return
        if not dialect._do_ping_w_event(connection):  # noqa: SLF001 - what pool_pre_ping calls
            raise InvalidatePoolError
