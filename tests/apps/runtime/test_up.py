import asyncio
import contextlib
import io
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from apps.runtime.addresses import Running, address_table
from apps.runtime.command import register
from apps.runtime.environment import CHECKOUT
from apps.runtime.orphans import end_orphans
from apps.runtime.ports import Ports, free_ports
from apps.runtime.problems import AlreadyRunning, PartFailed
from apps.runtime.up import UpOptions, run_up
from workers.settings import Settings, read

HERE = Path(__file__).parent
STAND_IN = (sys.executable, "-S", "-E", str(HERE / "stand_in.py"))


def options(directory: Path | None, said: list[str] | None = None) -> UpOptions:
    return UpOptions(
        data=directory,
        ephemeral=directory is None,
        automatic_ports=True,
        program=STAND_IN,
        tell=(said if said is not None else []).append,
    )


def parts_of(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


@pytest.fixture
def others() -> frozenset[psutil.Process]:
    """What this process has started before: the servers of other tests live as long as it."""
    return frozenset(parts_of(os.getpid()))


def begun_beside(others: frozenset[psutil.Process]) -> set[psutil.Process]:
    """What we have started since. The others' own children come and go: a server's are its own."""
    begun = set[psutil.Process]()
    for process in set(parts_of(os.getpid())) - others:
        with contextlib.suppress(psutil.NoSuchProcess):
            if others.isdisjoint(process.parents()):
                begun.add(process)
    return begun


@dataclass(frozen=True, kw_only=True)
class Live:
    process: asyncio.subprocess.Process
    told: dict[str, str]

    async def ended(self) -> tuple[int, str]:
        output, _ = await asyncio.wait_for(self.process.communicate(), timeout=60)
        return self.process.returncode or 0, output.decode()


@contextlib.asynccontextmanager
async def live(where: str) -> AsyncIterator[Live]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(str(HERE / "live.py"), where),
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = b""
    while not line.startswith(b"{"):
        line = await asyncio.wait_for(process.stdout.readline(), timeout=60)
        assert line, "it ended before it was up"
    try:
        yield Live(process=process, told=json.loads(line))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_signal_stops_all_and_ephemeral_leaves_nothing() -> None:
    async with live("--ephemeral") as up:
        assert await asyncio.to_thread(Path(up.told["data"]).is_dir)
        processes = parts_of(up.process.pid)
        up.process.send_signal(signal.SIGINT)
        code, _ = await up.ended()
    assert code == 0
    assert psutil.wait_procs(processes, timeout=5)[1] == []
    assert not await asyncio.to_thread(Path(up.told["data"]).exists)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
async def test_killed_it_leaves_no_process_and_starts_again_with_everything(
    directory: Path, others: frozenset[psutil.Process]
) -> None:
    async with live(str(directory)) as up:
        second: list[str] = []
        with pytest.raises(AlreadyRunning, match=f"process {up.process.pid}") as refusal:
            await run_up(options=options(directory, second))
        assert refusal.value.exit_code == 3
        processes = parts_of(up.process.pid)
        up.process.kill()
        assert (await up.ended())[0] == -signal.SIGKILL
        assert psutil.wait_procs(processes, timeout=20)[1] == []
    await _require_that_all_runs_and_is_told_where_the_rest_is(directory, others)


async def _require_that_all_runs_and_is_told_where_the_rest_is(
    directory: Path, others: frozenset[psutil.Process]
) -> None:
    seen: list[Running] = []
    processes: list[psutil.Process] = []

    async def look(running: Running) -> None:
        seen.append(running)
        processes.extend(begun_beside(others))
        published = read(Settings, environment=running.environment)
        url = published.admin_url().replace("+asyncpg", "")
        connection = await asyncpg.connect(url)
        await connection.close()
        async with httpx.AsyncClient(trust_env=False) as client:
            told = {
                name: (await client.get(f"{base}/environment")).json()
                for name, base in (
                    ("api", running.api_url),
                    ("codec", f"http://127.0.0.1:{running.ports.codec_port}"),
                    ("bank", running.sandboxes["bank"].base_url),
                )
            }
            assert (await client.get(running.temporal_ui_url)).is_success
        assert (directory / "env").stat().st_mode & 0o777 == 0o600
        # Each process gets what it needs and no more.
        spelt = 'it\'s "one"\nof two lines'
        assert told["api"]["MEQENET_TELEBIRR_APP_SECRET"] == spelt
        assert told["api"]["MEQENET_PAYMENTS_DATABASE_URL"]
        assert "MEQENET_ADMIN_DATABASE_URL" not in told["api"]
        assert "MEQENET_PAYLOAD_KEYS" in told["codec"]
        assert not any("DATABASE" in name or "COLUMN" in name for name in told["codec"])
        assert set(told["bank"]) == {"MEQENET_DATA", "MEQENET_ENV_FILE"}
        assert (directory / "sandboxes" / "bank" / "books").is_file()

    await run_up(options=options(directory), on_ready=look)
    assert psutil.wait_procs(processes, timeout=5)[1] == []
    assert len(processes) >= len(Ports.model_fields) - len(seen[0].sandboxes)
    assert not (directory / "env").exists()
    written = io.StringIO()
    Console(width=200, file=written).print(address_table(running=seen[0]))
    shown = written.getvalue()
    addresses = [seen[0].api_url, seen[0].temporal_ui_url, seen[0].temporal_address]
    assert all(address in shown for address in addresses)
    assert all(box.base_url in shown for box in seen[0].sandboxes.values())
    assert str(directory) in shown


async def test_only_what_outlived_an_earlier_run_is_ended(tmp_path: Path) -> None:
    orphan = await asyncio.create_subprocess_exec("/bin/sleep", "600")
    stranger = await asyncio.create_subprocess_exec("/bin/sleep", "600")
    started = psutil.Process(orphan.pid).create_time()
    entries = [
        {"name": "API", "pid": orphan.pid, "started_at": started, "stop_signal": 15},
        {"name": "worker", "pid": stranger.pid, "started_at": started - 60, "stop_signal": 15},
    ]
    record = tmp_path / "processes.json"
    record.write_text(json.dumps(entries))
    try:
        assert end_orphans(record=record) == ("API",)
        assert not psutil.pid_exists(orphan.pid)
        assert psutil.pid_exists(stranger.pid)
    finally:
        stranger.kill()
        await asyncio.gather(orphan.wait(), stranger.wait())
    assert end_orphans(record=record) == ()


def test_a_record_that_was_cut_off_is_no_obstacle(tmp_path: Path) -> None:
    record = tmp_path / "processes.json"
    record.write_text('[{"name": "API", "pid"')
    assert end_orphans(record=record) == ()


async def test_a_part_that_cannot_start_stops_all(
    directory: Path, others: frozenset[psutil.Process]
) -> None:
    broken = UpOptions(
        data=directory,
        automatic_ports=True,
        program=(
            sys.executable,
            "-S",
            "-E",
            "-c",
            "import sys; sys.exit('migrate' != sys.argv[1])",
        ),
        tell=print,
    )
    stopped = "sandbox process stopped with exit code 1 before it was ready"
    with pytest.raises(PartFailed, match=stopped):
        await run_up(options=broken)
    assert begun_beside(others) == set()


async def test_a_failing_scenario_stops_all_and_is_not_swallowed(
    others: frozenset[psutil.Process],
) -> None:
    async def fails(_running: Running) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run_up(options=options(None), on_ready=fails)
    assert begun_beside(others) == set()


def test_the_command_says_which_port_is_taken(
    directory: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, port in zip(
        Ports.model_fields, free_ports(count=len(Ports.model_fields)), strict=True
    ):
        monkeypatch.setenv(f"MEQENET_{name.upper()}", str(port))
    taken = listener.getsockname()[1]
    monkeypatch.setenv("MEQENET_VALKEY_PORT", str(taken))
    app = Typer()
    register(app=app)
    done = CliRunner().invoke(app, ["--data", str(directory)])
    assert done.exit_code == 1
    assert done.stderr == (
        f"meqenet up: port {taken} is taken; it is meant for Valkey. "
        "Set MEQENET_VALKEY_PORT to another port, or start with --port auto\n"
    )


def test_kept_and_not_kept_exclude_each_other(directory: Path) -> None:
    app = Typer()
    register(app=app)
    done = CliRunner().invoke(app, ["--data", str(directory), "--ephemeral"])
    assert done.exit_code == 2
    assert "choose one" in done.stderr
