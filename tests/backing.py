"""The real servers and stores that tests share: started once, thrown away at the end."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from apps.runtime.backing import Backing
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kernel.migrate import migrate_all
from db.kernel.schema import create_anchors, create_events, create_person_keys
from tests.event_shapes import faults_in
from workers.settings import DOMAINS

TEST_KEYRING = Keyring(
    current="kek-1", keys={"kek-1": b"k" * 32}, blind_index_key=b"blind-index-key-of-all-the-tests"
)


@dataclass(frozen=True, kw_only=True)
class Databases:
    """The migrated store of every domain."""

    admin_url: str = field(repr=False)
    urls: Mapping[str, str] = field(repr=False)
    """Domain to the URL of its runtime role."""
    stores: Mapping[str, Database] = field(repr=False)

    def __getitem__(self, domain: str) -> Database:
        return self.stores[domain]


@asynccontextmanager
async def migrated_databases(*, backing: Backing) -> AsyncIterator[Databases]:
    """Every domain's database under its own role."""
    urls: dict[str, str] = {
        domain: domain_url(admin_url=backing.admin_url, domain=domain) for domain in DOMAINS
    }
    await migrate_all(admin_url=backing.admin_url, domain_urls=urls)
    stores = {domain: Database(url=url) for domain, url in urls.items()}
    yield Databases(admin_url=backing.admin_url, urls=urls, stores=stores)
    faults = await faults_in(stores)
    for store in stores.values():
        await store.dispose()
    assert faults == [], "what the tests had the stores write is not what docs/events says"


def domain_url(*, admin_url: str, domain: str) -> str:
    """A URL as a deployment would write it."""
    url = make_url(admin_url).set(
        username=f"meqenet_{domain}", password=f"secret-of-{domain}", database=f"meqenet_{domain}"
    )
    return url.render_as_string(hide_password=False)


@asynccontextmanager
async def own_store(*, admin_url: str, domain: str, name: str) -> AsyncIterator[str]:
    """A migrated store of a domain in which nobody else writes; the URL of its runtime role."""
    url = make_url(admin_url).set(username=name, password="own", database=name)  # noqa: S106 - for a role of one test
    written = url.render_as_string(hide_password=False)
    await migrate_all(admin_url=admin_url, domain_urls={domain: written})
    yield written
    await run_as_admin(admin_url, f"DROP DATABASE {name}", f"DROP ROLE {name}")


@asynccontextmanager
async def kernel_database(*, admin_url: str, name: str) -> AsyncIterator[Database]:
    """A database with the kernel's tables and nothing else, under the administrator."""
    await run_as_admin(admin_url, f"CREATE DATABASE {name}")
    url = make_url(admin_url).set(database=name)
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_create_kernel_tables)
    await engine.dispose()
    database = Database(url=url.render_as_string(hide_password=False))
    yield database
    await database.dispose()
    await run_as_admin(admin_url, f"DROP DATABASE {name}")


@asynccontextmanager
async def as_admin(admin_url: str, *, database: str) -> AsyncIterator[AsyncConnection]:
    """A transaction of the administrator's in one of the databases."""
    engine = create_async_engine(make_url(admin_url).set(database=database), poolclass=NullPool)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def run_as_admin(admin_url: str, *statements: str) -> None:
    """Run statements outside of a transaction, as the administrator."""
    engine = create_async_engine(admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


def _create_kernel_tables(connection: Connection) -> None:
    with Operations.context(MigrationContext.configure(connection)):
        create_events()
        create_anchors()
        create_person_keys()


async def fingerprint(database: Database) -> dict[str, str]:
    """A digest of every table's rows: equal before and after what must leave no trace.

    How far the relay has come is no trace of anybody's: workers beside a test move it.
    """
    async with database.read() as session:
        names = await session.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        )
        digest = "SELECT count(*) || md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
        return {
            name: str(await session.scalar(text(digest.format(f'"{name}"'))))
            for name in names
            if name not in {"alembic_version", "relay_position"}
        }
