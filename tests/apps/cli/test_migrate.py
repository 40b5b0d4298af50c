import asyncio
import os
import sys
from pathlib import Path

from sqlalchemy import make_url, text

from apps.runtime.backing import Backing
from db.kernel.engine import Database
from tests.apps.cli.operating import meqenet
from tests.backing import domain_url, run_as_admin
from workers.settings import DOMAINS


async def _migrate(environment: dict[str, str], directory: Path) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "apps.cli.main", "migrate"),
        env={**environment, "PATH": os.environ["PATH"], "MEQENET_DATA": str(directory)},
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command_makes_every_domains_database_twice_over(
    backing: Backing, unique: str, tmp_path: Path
) -> None:
    urls = {
        domain: make_url(domain_url(admin_url=backing.admin_url, domain=domain))
        .set(username=f"{domain}_{unique}", database=f"{domain}_{unique}")
        .render_as_string(hide_password=False)
        for domain in DOMAINS
    }
    environment = {f"MEQENET_{name.upper()}_DATABASE_URL": url for name, url in urls.items()}
    environment["MEQENET_ADMIN_DATABASE_URL"] = backing.admin_url
    code, out, err = await _migrate(environment, tmp_path)
    environment["MEQENET_DATA"] = str(tmp_path)
    again = await meqenet("migrate", world=None, **environment)
    for ended, said in (((code, err), out), ((again.code, again.err), again.out)):
        assert ended == (0, "")
        assert all(domain in said for domain in DOMAINS)
    for url in urls.values():
        store = Database(url=url)
        async with store.read() as session:
            assert await session.scalar(text("SELECT count(*) FROM events")) == 0
        await store.dispose()
    await run_as_admin(
        backing.admin_url,
        *(f"DROP DATABASE {domain}_{unique}" for domain in DOMAINS),
        *(f"DROP ROLE {domain}_{unique}" for domain in DOMAINS),
    )


async def test_a_missing_url_is_named(backing: Backing, tmp_path: Path) -> None:
    ran = await meqenet(
        "migrate", MEQENET_DATA=str(tmp_path), MEQENET_ADMIN_DATABASE_URL=backing.admin_url
    )
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "meqenet migrate: the setting MEQENET_AUTH_DATABASE_URL is not given\n"
