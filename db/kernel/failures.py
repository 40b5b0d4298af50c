"""Where the database's exceptions become ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from meqenet.errors import Unavailable

_BROKEN_OFF = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "55P03",  # lock_not_available
        "57014",  # query_canceled: statement timeout
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now
        "25006",  # read_only_sql_transaction: a primary that has just become a replica
        "25P03",  # idle_in_transaction_session_timeout
    }
)
_BROKEN_OFF_CLASSES = ("08", "53")
"""Connection exceptions and insufficient resources."""


@asynccontextmanager
async def as_ours() -> AsyncIterator[None]:
    """Raise Unavailable where another try may do; let everything else through as it is.

    Raises:
        Unavailable: the database did not take part, or broke the transaction off.
    """
    try:
        yield
    except (PoolTimeout, OSError) as error:
        raise _unavailable(type(error).__name__) from error
    except DBAPIError as error:
        state = sqlstate(error=error)
        if error.connection_invalidated or (
            state is not None and (state in _BROKEN_OFF or state.startswith(_BROKEN_OFF_CLASSES))
        ):
            raise _unavailable(state or type(error).__name__) from error
        raise


def sqlstate(*, error: DBAPIError) -> str | None:
    """The five-character code of PostgreSQL, if the server gave one."""
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else None


def _unavailable(what: str) -> Unavailable:
    return Unavailable("database_unavailable", f"the database did not complete it ({what})")
