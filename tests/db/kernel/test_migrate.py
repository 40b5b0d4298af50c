import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect, make_url, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from apps.runtime.backing import Backing
from db.kernel.columns import NAMING, Access
from db.kernel.failures import sqlstate
from db.kernel.migrate import domain_metadata, migrate_all
from db.kernel.tables import TransactionId
from tests.backing import Databases, as_admin, domain_url, run_as_admin
from workers.settings import DOMAINS

INSUFFICIENT_PRIVILEGE = "42501"


@pytest.fixture(autouse=True)
def _reflection_knows_xid8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ischema_names, "xid8", TransactionId)


async def _refused(url: str, statement: str) -> str | None:
    """The SQLSTATE with which the server refuses the statement, if it does."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    except DBAPIError as error:
        return sqlstate(error=error)
    finally:
        await engine.dispose()
    return None


@pytest.mark.parametrize("domain", DOMAINS)
async def test_a_role_enters_its_own_database_and_no_other(
    databases: Databases, domain: str
) -> None:
    assert await _refused(databases.urls[domain], "SELECT 1") is None
    for other in (name for name in DOMAINS if name != domain):
        url = make_url(databases.urls[domain]).set(database=f"meqenet_{other}")
        statement = "SELECT count(*) FROM events"
        found = await _refused(url.render_as_string(hide_password=False), statement)
        assert found == INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize("domain", DOMAINS)
async def test_a_role_is_no_administrator(databases: Databases, domain: str) -> None:
    for statement in (
        "CREATE TABLE mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        "CREATE ROLE mine",
        "DROP TABLE events",
        "ALTER TABLE events ADD COLUMN mine int",
        "UPDATE alembic_version SET version_num = 'mine'",
    ):
        assert await _refused(databases.urls[domain], statement) == INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize("domain", DOMAINS)
async def test_a_role_may_do_what_each_table_says_and_no_more(
    databases: Databases, domain: str
) -> None:
    async with as_admin(databases.admin_url, database=f"meqenet_{domain}") as connection:
        rows = await connection.execute(
            text(
                "SELECT table_name, privilege_type FROM information_schema.role_table_grants "
                "WHERE grantee = :role"
            ),
            {"role": f"meqenet_{domain}"},
        )
        granted: dict[str, set[str]] = {}
        for table, privilege in rows:
            granted.setdefault(table, set()).add(privilege)
    expected = {
        table.name: set(table.info.get("access", Access.READ_WRITE).value.split(", "))
        for metadata in domain_metadata(domain=domain)
        for table in metadata.sorted_tables
    }
    assert granted == {name: expected[name] for name in granted}
    own, _ = domain_metadata(domain=domain)
    assert set(own.tables) | {"events", "relay_position"} <= set(granted)


@pytest.mark.parametrize("domain", DOMAINS)
async def test_events_are_only_ever_added(databases: Databases, domain: str) -> None:
    url = databases.urls[domain]
    assert await _refused(url, "SELECT count(*) FROM events") is None
    for statement in (
        "UPDATE events SET data = '{}'",
        "DELETE FROM events",
        "TRUNCATE events",
        "ALTER TABLE events DISABLE TRIGGER ALL",
    ):
        assert await _refused(url, statement) == INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize("domain", DOMAINS)
async def test_the_tables_are_those_that_the_code_expects(
    databases: Databases, domain: str
) -> None:
    url = make_url(databases.admin_url).set(database=f"meqenet_{domain}")
    engine = create_async_engine(url, poolclass=NullPool)

    def differences(connection: Connection) -> list[object]:
        own, kernel = domain_metadata(domain=domain)
        found = set(inspect(connection).get_table_names())
        expected = MetaData(naming_convention=NAMING)
        shared = [table for table in kernel.sorted_tables if table.name in found]
        for table in (*own.sorted_tables, *shared):
            table.to_metadata(expected)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, expected))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_migrating_twice_at_once_and_again_changes_nothing(
    backing: Backing, unique: str
) -> None:
    url = make_url(domain_url(admin_url=backing.admin_url, domain="auth")).set(
        username=f"twice_{unique}", database=f"twice_{unique}"
    )
    urls = {"auth": url.render_as_string(hide_password=False)}
    await asyncio.gather(
        *(migrate_all(admin_url=backing.admin_url, domain_urls=urls) for _ in range(3))
    )
    await migrate_all(admin_url=backing.admin_url, domain_urls=urls)
    assert await _refused(urls["auth"], "SELECT count(*) FROM api_keys") is None
    assert await _refused(urls["auth"], "DELETE FROM events") == INSUFFICIENT_PRIVILEGE
    await run_as_admin(
        backing.admin_url, f"DROP DATABASE twice_{unique}", f"DROP ROLE twice_{unique}"
    )


async def test_a_new_password_in_the_url_becomes_the_roles(backing: Backing, unique: str) -> None:
    first = make_url(domain_url(admin_url=backing.admin_url, domain="auth")).set(
        username=f"pass:'word\"_{unique}", database=f"pass_{unique}"
    )
    second = first.set(password="another: \"one'%s")  # noqa: S106 - for a role of this test
    texts = [url.render_as_string(hide_password=False) for url in (first, second)]
    for given in texts:
        await migrate_all(admin_url=backing.admin_url, domain_urls={"auth": given})
        assert await _refused(given, "SELECT count(*) FROM api_keys") is None
    assert await _refused(texts[0], "SELECT 1") == "28P01"
    await run_as_admin(
        backing.admin_url,
        f"DROP DATABASE pass_{unique}",
        f'DROP ROLE "pass\\:\'word""_{unique}"',
    )
