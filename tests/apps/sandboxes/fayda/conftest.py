from collections.abc import AsyncIterator

import pytest
from joserfc.jwk import RSAKey

from tests.integrations.fayda.setting import Setting, fayda_setting, put_back


@pytest.fixture(scope="session")
async def _lenient() -> AsyncIterator[Setting]:
    async with fayda_setting() as setting:
        yield setting


@pytest.fixture
async def fayda(_lenient: Setting) -> AsyncIterator[Setting]:
    """One sandbox for all tests, put back after each."""
    yield _lenient
    await put_back(_lenient)


@pytest.fixture(scope="session")
async def strict() -> AsyncIterator[Setting]:
    """A sandbox that follows the documents to the letter."""
    async with fayda_setting(strict=True) as setting:
        yield setting


@pytest.fixture(scope="session")
def stranger() -> RSAKey:
    """A key that Fayda has never seen."""
    return RSAKey.generate_key(2048, auto_kid=True)
