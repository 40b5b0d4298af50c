import random
import secrets
from collections.abc import AsyncIterator

import pytest_asyncio

from apps.runtime.backing import Backing
from db.kernel.encryption import Keyring
from tests.workers.histories import History, take_on
from tests.workers.worlds import World, made_world


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(backing: Backing) -> AsyncIterator[World]:
    """Stores and a Redis of this module's own."""
    async with made_world(backing=backing, name=secrets.token_hex(4)) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def histories(world: World, keyring: Keyring) -> list[History]:
    """Plans of one merchant and two customers, led by chance, and taken in by the read models."""
    await take_on(world, keyring, merchant_id="mrc_report")
    lived = [
        History(
            world=world,
            keyring=keyring,
            chance=random.Random(f"report-{number}"),  # noqa: S311 - nothing here is a secret
            plan_id=f"pln_{number:x}{number:x}",
            merchant_id="mrc_report",
            customer_id=f"cus_report{number % 2}",
        )
        for number in range(10)
    ]
    for history in lived:
        await history.live()
    await world.catch_up()
    return lived
