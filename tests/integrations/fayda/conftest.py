from collections.abc import AsyncIterator

import pytest
from joserfc.jwk import RSAKey

from tests.integrations.fayda.setting import Setting, fayda_setting, put_back


@pytest.fixture(scope="session")
async def _shared() -> AsyncIterator[Setting]:
    async with fayda_setting() as setting:
        yield setting


@pytest.fixture
async def fayda(_shared: Setting) -> AsyncIterator[Setting]:
    """One sandbox for all tests, put back after each."""
    yield _shared
    await put_back(_shared)


@pytest.fixture(scope="session")
def stranger() -> RSAKey:
    """A key that Fayda has never seen."""
    return RSAKey.generate_key(2048, auto_kid=True)
