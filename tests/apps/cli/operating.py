"""The command ``meqenet``, run as an operator runs it, against a world of the test's own."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.workers.worlds import World


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


async def meqenet(*words: str, world: World | None = None, **settings: str) -> Ran:
    """Run a command; it knows the world's read models and nothing else."""
    environment = {"PATH": os.environ["PATH"], "MEQENET_ENV_FILE": os.devnull, **settings}
    if world is not None:
        environment |= {
            "MEQENET_ANALYTICS_DATABASE_URL": world.analytics_url,
            "MEQENET_REDIS_URL": world.redis_url,
            **settings,
        }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "apps.cli.main", *words),
        env=environment,
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Ran(code=process.returncode or 0, out=out.decode(), err=err.decode())
