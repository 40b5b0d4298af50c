from collections.abc import AsyncIterator

import pytest_asyncio
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from apps.runtime.backing import Backing
from db.kernel.engine import Database


@pytest_asyncio.fixture(loop_scope="session")
async def admin(
    kernel_store: Database,  # noqa: ARG001 - its database must be there first
    backing: Backing,
    unique: str,
) -> AsyncIterator[AsyncEngine]:
    """Somebody who may write anything into the test's own database."""
    url = make_url(backing.admin_url).set(database=f"kernel_{unique}")
    engine = create_async_engine(url)
    yield engine
    await engine.dispose()
