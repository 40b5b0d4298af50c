"""The real servers and stores that tests share: started once, thrown away at the end."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import URL, Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from apps.runtime.backing import Backing
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kernel.migrate import migrate_all
from db.kernel.roles import prepare_database
from db.kernel.schema import create_anchors, create_events, create_person_keys
from tests.event_shapes import faults_in
from workers.settings import DOMAINS

Urls = dict[str, str]
"""By domain."""
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
    for domain, url in urls.items():
        await _take_empty(backing.admin_url, kind=domain, name=str(make_url(url).database))
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
async def own_stores(*, admin_url: str, name: str, domains: Sequence[str]) -> AsyncIterator[Urls]:
    """Migrated stores in which nobody else writes; the URLs of their runtime roles by domain.

    Each is a copy of a store that was migrated once, with the same role: to migrate it anew would
    cost ten times as much.
    """
    urls = Urls()
    for domain in domains:
        kept = _named(admin_url, domain=domain, database=f"kept_{domain}")
        await _keep_migrated(admin_url, domain=domain, kept=kept)
        own = _named(admin_url, domain=domain, database=f"{domain}_{name}")
        await _copy(admin_url, kept=kept, own=own)
        urls[domain] = own.render_as_string(hide_password=False)
    yield urls
    dropped = [f"DROP DATABASE {make_url(url).database}" for url in urls.values()]
    await run_as_admin(admin_url, *dropped)


@asynccontextmanager
async def own_store(*, admin_url: str, domain: str, name: str) -> AsyncIterator[str]:
    """A migrated store of a domain in which nobody else writes; the URL of its runtime role."""
    async with own_stores(admin_url=admin_url, name=name, domains=(domain,)) as urls:
        yield urls[domain]


def _named(admin_url: str, *, domain: str, database: str) -> URL:
    """Of the role that all stores of a domain's own share."""
    role = f"own_{domain}"
    return make_url(admin_url).set(username=role, password="own", database=database)  # noqa: S106 - for a role of tests


async def _copy(admin_url: str, *, kept: URL, own: URL) -> None:
    engine = create_async_engine(admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    copied = f"CREATE DATABASE {own.database} TEMPLATE {kept.database} STRATEGY file_copy"
    async with engine.connect() as connection:
        await connection.execute(text(copied))
        # What is granted on the database as such, and the role's timeouts in it, is not copied.
        await connection.run_sync(prepare_database, url=own)
    await engine.dispose()


async def _keep_migrated(admin_url: str, *, domain: str, kept: URL) -> None:
    """Migrate the store that is copied, unless it is there. Nobody connects to it afterwards."""
    async with as_admin(admin_url, database="postgres") as connection:
        found = text("SELECT true FROM pg_database WHERE datname = :name")
        known = await connection.scalar(found, {"name": kept.database})
    if not known:
        await _take_empty(admin_url, kind="kept", name=str(kept.database))
        written = kept.render_as_string(hide_password=False)
        await migrate_all(admin_url=admin_url, domain_urls={domain: written})


@asynccontextmanager
async def kernel_database(*, admin_url: str, name: str) -> AsyncIterator[Database]:
    """A database with the kernel's tables and nothing else, under the administrator."""
    await _take_empty(admin_url, kind="kernel", name=name)
    url = make_url(admin_url).set(database=name)
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_create_kernel_tables)
    await engine.dispose()
    database = Database(url=url.render_as_string(hide_password=False))
    yield database
    await database.dispose()
    await _spare(admin_url, kind="kernel", name=name)


async def _spare(admin_url: str, *, kind: str, name: str) -> None:
    """Empty a database and keep it for the next test: making one costs several times as much."""
    async with as_admin(admin_url, database=name) as connection:
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            await connection.execute(text(statement))
        await connection.commit()
    await run_as_admin(admin_url, f"ALTER DATABASE {name} RENAME TO spare_{kind}_{name}")


async def _take_empty(admin_url: str, *, kind: str, name: str) -> None:
    """Give a spare database this name, or make one as ``prepare_database`` would, but by copying.

    On a server that forces nothing to disk a copy costs half of what the log of it would.
    """
    found = "SELECT min(datname) FROM pg_database WHERE starts_with(datname, :prefix)"
    made = (
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin"
        " BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C' STRATEGY file_copy"
    )
    engine = create_async_engine(admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        spare = await connection.scalar(text(found), {"prefix": f"spare_{kind}_"})
        renamed = f"ALTER DATABASE {spare} RENAME TO {name}"
        await connection.execute(text(made if spare is None else renamed))
    await engine.dispose()


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
