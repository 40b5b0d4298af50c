"""The command ``meqenet``, run as an operator runs it, against a world of the test's own."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.apps.cli import forked
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
    with TemporaryDirectory() as directory:
        code, out, err = await asyncio.to_thread(
            forked.run, words=words, environment=environment, directory=Path(directory)
        )
    return Ran(code=code, out=out, err=err)
