"""The command `meqenet api`: says when it listens, ends in good order, names what is wrong."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping

import httpx
import pytest

from tests.apps.cli.operating import meqenet
from workers.opening import Environment

_WORDS = (sys.executable, "-m", "apps.cli.main", "api")


async def _started(*words: str, settings: Mapping[str, str] | None) -> asyncio.subprocess.Process:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MEQENET_")}
    return await asyncio.create_subprocess_exec(
        *_WORDS,
        *words,
        env={**inherited, "MEQENET_ENV_FILE": os.devnull, **(settings or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_it_serves_until_it_is_told_to_stop(environment: Environment) -> None:
    process = await _started("--port", "0", settings=environment.values)
    assert process.stdout is not None
    try:
        line = (await process.stdout.readline()).decode()
        word, url = line.split()
        assert word == "ready"
        async with httpx.AsyncClient(base_url=url) as http:
            assert (await http.get("/readyz")).status_code == 200
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    assert "GET /readyz 200" in errors.decode()


async def test_a_taken_port_is_named(environment: Environment) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = await meqenet("api", "--port", str(port), world=None, **environment.values or {})
    assert ran.code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ran.err.splitlines()[-1]


@pytest.mark.parametrize(
    "missing",
    ["MEQENET_BNPL_DATABASE_URL", "MEQENET_MPESA_CALLBACK_SECRET", "MEQENET_BLIND_INDEX_KEY"],
)
async def test_a_missing_setting_is_named(environment: Environment, missing: str) -> None:
    assert environment.values is not None
    settings = {k: v for k, v in environment.values.items() if k != missing}
    ran = await meqenet("api", "--port", "0", world=None, **settings)
    assert ran.code == 1
    assert missing in ran.err.splitlines()[-1].upper()
