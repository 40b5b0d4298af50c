"""One lenient and one strict sandbox for all tests of this folder: a key pair takes its time."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from apps.sandboxes.kernel.serve import RunningSandbox
from tests.apps.sandboxes.mpesa.rig import (
    Caller,
    PostOffice,
    Receiver,
    calling,
    post_office,
    sandboxed,
)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def lenient_place() -> AsyncIterator[RunningSandbox]:
    async with sandboxed() as place:
        yield place


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def strict_place() -> AsyncIterator[RunningSandbox]:
    async with sandboxed(strict=True) as place:
        yield place


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as opened:
        yield opened


@pytest.fixture
def receiver(office: PostOffice) -> Receiver:
    return office.receiver()


@pytest.fixture
async def caller(lenient_place: RunningSandbox, receiver: Receiver) -> AsyncIterator[Caller]:
    async with calling(place=lenient_place, receiver=receiver) as made:
        behaviour = await made.control("GET", "/behaviour")
        yield made
        await made.control("PATCH", "/behaviour", **behaviour)
        await made.http.delete("/_sandbox/next")


@pytest.fixture
async def strict(strict_place: RunningSandbox, receiver: Receiver) -> AsyncIterator[Caller]:
    async with calling(place=strict_place, receiver=receiver) as made:
        yield made
