import secrets
from collections.abc import AsyncIterator

import pytest_asyncio

from apps.runtime.backing import Backing
from tests.workers.worlds import World, made_world


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(backing: Backing) -> AsyncIterator[World]:
    """Stores and a Redis of this module's own: its tests share them, one after the other."""
    async with made_world(backing=backing, name=secrets.token_hex(4)) as made:
        yield made
