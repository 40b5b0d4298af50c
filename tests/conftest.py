"""Shared by all tests: real servers, and who may open which socket."""

import gc
import os
import secrets
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import certifi
import pytest
import pytest_asyncio
import pytest_socket
from hypothesis import settings
from redis.asyncio import Redis
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from apps.runtime.backing import Backing, Server, backing_servers
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from tests.backing import TEST_KEYRING, Databases, kernel_database, migrated_databases

_PURE = tuple(Path(__file__).parent / folder for folder in ("meqenet", "architecture"))
_LOOPBACK = ["127.0.0.1", "::1", "localhost"]


sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Keep what was compiled, whatever the shell says: dozens of commands and each process of a run read
# the same code, and compiling it is half the time that collecting takes.

if hasattr(os, "SCHED_BATCH"):
    # On busy cores whoever works is not interrupted by whoever wakes up: that costs a twentieth.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))

settings.register_profile("meqenet", deadline=None)
settings.load_profile("meqenet")
# Properties are judged by their answers, not by how busy the machine is.

_SELDOM = (20_000, 20, 50)
"""How often to look for garbage: a run has much that lives to its end, and little that is lost."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage in what is read once and kept to the end, neither then nor later."""
    gc.disable()
    result = yield
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    gc.enable()
    return result


@pytest.fixture(scope="session", autouse=True)
def _few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Clients made by tests and their commands trust one authority in place of 150.

    Each client reads them all anew, and no test speaks to anybody by TLS. Some clients heed the
    environment, and some ask where the file is.
    """
    one = Path(certifi.where()).read_text(encoding="ascii").partition(_END)
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text("".join(one[:2]), encoding="ascii")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        patch.setattr(certifi, "where", lambda: str(file))
        yield


_END = "-----END CERTIFICATE-----\n"
_FOLDERS = Path(__file__).parent
_LONGEST_FIRST = ("journeys", "workflows", "apps", "workers", "db")


_LIVED_ALONE = ("test_drawn_faults.py", "test_rehydrate.py")
"""The longest of the journeys. All others share the Meqenet that one process has started."""


_VERIFY_THE_SAME = ("workers/test_verifying.py", "workers/test_verifying_ledger.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders that take longest, so that no process is left alone with them."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(_FOLDERS).parts[0]
        return _LONGEST_FIRST.index(folder) if folder in _LONGEST_FIRST else len(_LONGEST_FIRST)

    items.sort(key=rank)


class _ByFile(LoadScopeScheduling):
    """A file's tests stay in one process, with what they share; so do most of the journeys.

    So do the rules of the architecture, which read the same files, and what verifies the same
    lives again and again.
    """

    def _split_scope(self, nodeid: str) -> str:
        folder, _, file = nodeid.partition("::")[0].rpartition("/")
        if f"{folder}/{file}".endswith(_VERIFY_THE_SAME):
            return f"{folder}/test_verifying"
        is_shared = folder.endswith(("journeys", "architecture")) and file not in _LIVED_ALONE
        return folder if is_shared else f"{folder}/{file}"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How tests are given to processes."""
    return _ByFile(config, log)


@pytest.fixture(autouse=True)
def _sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pure tests open no socket; all others reach this machine only."""
    if any(request.path.is_relative_to(folder) for folder in _PURE):
        pytest_socket.disable_socket(allow_unix_socket=True)
        yield
        pytest_socket.enable_socket()
    else:
        pytest_socket.socket_allow_hosts(_LOOPBACK, allow_unix_socket=True)
        yield
        pytest_socket._remove_restrictions()  # noqa: SLF001 - the package offers no other way back


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def backing() -> AsyncIterator[Backing]:
    """PostgreSQL and Valkey. Temporal is a fixture of its own: few tests need it."""
    async with backing_servers(servers=(Server.POSTGRES, Server.VALKEY)) as servers:
        yield servers


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal_server() -> AsyncIterator[Backing]:
    """A Temporal server; ``temporal_address`` and ``temporal_namespace`` are what counts."""
    async with backing_servers(servers=(Server.TEMPORAL,)) as servers:
        yield servers


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def databases(backing: Backing) -> AsyncIterator[Databases]:
    """The migrated stores. Shared by all tests: make ids of your own with ``unique``."""
    async with migrated_databases(backing=backing) as stores:
        yield stores


@pytest_asyncio.fixture(loop_scope="session")
async def kernel_store(backing: Backing, unique: str) -> AsyncIterator[Database]:
    """A database of this test's own, with the kernel's tables only."""
    async with kernel_database(admin_url=backing.admin_url, name=f"kernel_{unique}") as database:
        yield database


@pytest_asyncio.fixture(loop_scope="session")
async def redis(backing: Backing) -> AsyncIterator[Redis]:
    """A connection to Valkey, which all tests share."""
    client = Redis.from_url(backing.redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def unique() -> str:
    """Letters and digits that no other test has: for ids in shared stores."""
    return secrets.token_hex(8)


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    """The keys of private columns, in all tests."""
    return TEST_KEYRING
