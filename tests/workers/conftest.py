import secrets
from collections.abc import AsyncIterator, Mapping

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from apps.runtime.backing import Backing
from db.kernel.encryption import Keyring
from tests.workers.verified import admins_of, live_and_anchor
from tests.workers.worlds import World, made_world


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(backing: Backing) -> AsyncIterator[World]:
    """Stores and a Redis of this module's own: its tests share them, one after the other."""
    async with made_world(backing=backing, name=secrets.token_hex(4)) as made:
        yield made


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def lived(backing: Backing, keyring: Keyring) -> AsyncIterator[World]:
    """Plans that have lived and are anchored: whoever spoils them puts them back."""
    async with made_world(backing=backing, name=secrets.token_hex(4)) as made:
        await live_and_anchor(made, keyring=keyring)
        yield made


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def admins(lived: World, backing: Backing) -> AsyncIterator[Mapping[str, AsyncEngine]]:
    async with admins_of(lived, backing=backing) as engines:
        yield engines
