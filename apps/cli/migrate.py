"""The command ``meqenet migrate``: bring every domain's database to what the code expects."""

import asyncio

import typer

from meqenet.errors import MeqenetError
from workers.settings import DOMAINS, Settings


def register(*, app: typer.Typer) -> None:
    """Add ``migrate`` to a command line."""
    app.command("migrate")(migrate)


def migrate() -> None:
    """Make each domain's database, role and tables, and seed its reference data.

    Needs MEQENET_ADMIN_DATABASE_URL and the database URL of every domain. Safe to run again.
    """
    from db.kernel.migrate import migrate_all  # noqa: PLC0415 - heavy; not needed for --help

    try:
        settings = Settings()
        urls: dict[str, str] = {domain: settings.database_url(domain=domain) for domain in DOMAINS}
        asyncio.run(migrate_all(admin_url=settings.admin_url(), domain_urls=urls))
    except MeqenetError as error:
        typer.echo(f"meqenet migrate: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"migrated {', '.join(DOMAINS)}")
