"""A ledger of a test's own, for what concerns all books: closing, snapshots, random histories."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from apps.runtime.backing import Backing
from db.kernel.engine import Database
from tests.backing import Databases, own_store


@pytest.fixture
def ledger(databases: Databases) -> Database:
    """The ledger that all tests share."""
    return databases["ledger"]


@pytest.fixture
def plan_id(unique: str) -> str:
    return f"pln_{unique}"


@pytest_asyncio.fixture(loop_scope="session")
async def own_ledger(backing: Backing, unique: str) -> AsyncIterator[Database]:
    """A ledger in which nobody else posts."""
    async with own_store(admin_url=backing.admin_url, domain="ledger", name=unique) as url:
        database = Database(url=url, connection_count_max=20)
        yield database
        await database.dispose()
