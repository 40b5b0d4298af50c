"""Bring every domain's database to what the code expects. Safe to run again, and twice at once.

A domain is found by its name: ``db/<domain>/tables.py`` (``Base.metadata``),
``db/<domain>/migrations/versions/`` (its Alembic line) and, if it is there, ``db/<domain>/seed.py``
(``async def seed(connection)``). The kernel knows no domain.
"""

import importlib
import importlib.util
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, MetaData, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

import db
from db.kernel.failures import as_ours
from db.kernel.roles import grant_tables, prepare_database
from db.kernel.tables import KERNEL

_ROOT: Final = Path(db.__file__).parent
_LOCK: Final = 0x6D657165
"""The advisory lock under which one migration at a time runs on a server."""


async def migrate_all(*, admin_url: str, domain_urls: Mapping[str, str]) -> None:
    """Make each domain's role and database, run its migrations, grant, seed.

    Args:
        admin_url: a role that may create roles and databases, and its maintenance database. It
            owns what it makes.
        domain_urls: domain to the URL that its processes use; host, role, password and database
            name are taken from it.

    Raises:
        Unavailable: a server cannot be reached.
        Refusal: a URL names no role or no database.
    """
    admin = make_url(admin_url)
    for domain, text_url in domain_urls.items():
        url = make_url(text_url)
        async with as_ours(), _connected(_beside(admin, url)) as maintenance:
            await maintenance.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            await maintenance.run_sync(prepare_database, url=url)
            await _bring_up(
                admin_url=_beside(admin, url).set(database=url.database),
                domain=domain,
                role=str(url.username),
            )


def domain_metadata(*, domain: str) -> tuple[MetaData, MetaData]:
    """The tables that the domain's code expects: its own and the kernel's."""
    tables = importlib.import_module(f"db.{domain}.tables")
    own = tables.Base.metadata
    if not isinstance(own, MetaData):
        raise TypeError(f"db.{domain}.tables: Base.metadata is no MetaData")
    return own, KERNEL


def alembic_config(*, domain: str, connection: Connection | None = None) -> Config:
    """Alembic's configuration for one domain's line."""
    config = Config()
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", str(_ROOT / "kernel" / "migrations"))
    config.set_main_option("version_locations", str(_ROOT / domain / "migrations" / "versions"))
    config.attributes["connection"] = connection
    return config


async def _bring_up(*, admin_url: URL, domain: str, role: str) -> None:
    async with _connected(admin_url, autocommit=False) as connection, connection.begin():
        await connection.run_sync(_upgrade, domain=domain)
        await connection.run_sync(grant_tables, role=role, metadata=domain_metadata(domain=domain))
        if importlib.util.find_spec(f"db.{domain}.seed") is not None:
            await importlib.import_module(f"db.{domain}.seed").seed(connection)


def _upgrade(connection: Connection, *, domain: str) -> None:
    command.upgrade(alembic_config(domain=domain, connection=connection), "head")


def _beside(admin: URL, url: URL) -> URL:
    """The administrator on the server that the domain's URL names."""
    return admin.set(host=url.host or admin.host, port=url.port or admin.port)


@asynccontextmanager
async def _connected(url: URL, *, autocommit: bool = True) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True)
    if autocommit:
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()
