"""One SQLite database per sandbox, in a file or in memory, with one short transaction at a time."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.pool import StaticPool


class Store:
    """A database with joined transactions.

    Args:
        path: the file; ``None`` keeps everything in memory.
    """

    def __init__(self, *, path: Path | None) -> None:
        self.path = path
        self.engine = _open_engine(path=path)
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._owner: asyncio.Task[Any] | None = None

    def add_tables(self, *, metadata: MetaData) -> None:
        """Create these tables where they are missing. A provider brings its own ``MetaData``."""
        with self.transaction() as connection:
            metadata.create_all(connection)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A write transaction: all or nothing.

        One opened inside another joins it as a savepoint, so a provider's order row and the
        movement commit together. Never ``await`` inside: the database is held meanwhile.

        Raises:
            RuntimeError: another task entered while one was waiting inside a transaction.
        """
        with self._lock:
            if self._connection is not None:
                if self._owner is not _current_task():
                    raise RuntimeError("a task awaited inside a sandbox transaction")
                with self._connection.begin_nested():
                    yield self._connection
                return
            with self.engine.begin() as connection:
                self._connection, self._owner = connection, _current_task()
                try:
                    yield connection
                finally:
                    self._connection, self._owner = None, None

    def release(self) -> None:
        """Close a file's connection (it reopens on use); what lives in memory stays."""
        if self.path is not None:
            self.engine.dispose()


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no event loop runs in this thread
        return None


def _open_engine(*, path: Path | None) -> Engine:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it holds test keys
    engine = create_engine(
        "sqlite://" if path is None else f"sqlite:///{path}",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "timeout": 10},
    )
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_connection(dbapi_connection: Any, _record: object) -> None:  # noqa: ANN401 - the DBAPI's own type
    dbapi_connection.isolation_level = None  # SQLAlchemy begins, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        dbapi_connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
