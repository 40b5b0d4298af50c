"""A ledger of a test's own, for what concerns all books: closing, snapshots, random histories."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import make_url

from apps.runtime.backing import Backing
from db.kernel.engine import Database
from db.kernel.migrate import migrate_all
from tests.backing import Databases, run_as_admin


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
    name = f"ledger_{unique}"
    url = make_url(backing.admin_url).set(username=name, password="own", database=name)  # noqa: S106 - for a role of this test
    written = url.render_as_string(hide_password=False)
    await migrate_all(admin_url=backing.admin_url, domain_urls={"ledger": written})
    database = Database(url=written, connection_count_max=20)
    yield database
    await database.dispose()
    await run_as_admin(backing.admin_url, f"DROP DATABASE {name}", f"DROP ROLE {name}")
