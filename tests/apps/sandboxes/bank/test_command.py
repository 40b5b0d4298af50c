"""``meqenet sandbox bank`` and ``meqenet sandboxes`` as processes of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer import Typer
from typer.testing import CliRunner

from apps.sandboxes.command import Provider, register

ROOT = Path(__file__).parents[4]
PROGRAM = """
import typer
from apps.sandboxes.command import register

app = typer.Typer()
register(app=app)
app.command(name="other")(lambda: None)
app()
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, str]:
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_it_prints_one_json_line_and_stops_cleanly(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        process = start("sandbox", "bank", "--json", "--data", str(tmp_path))
        try:
            place = json.loads(first_line(process))
            assert httpx.get(f"{place['control_url']}/books").status_code == 200
            assert place["base_url"].startswith("http://127.0.0.1:")
            seen.append(place)
        finally:
            ended = stop(process, number)
        assert ended == (0, "", "")
    assert set(seen[0]) == {"provider", "base_url", "control_url", "credentials"}
    assert seen[0]["provider"] == "bank"
    assert seen[0]["credentials"] == seen[1]["credentials"]
    assert set(seen[0]["credentials"]) == {
        "client_id",
        "secret",
        "debtor_name",
        "debtor_account",
        "statement_key",
    }


def test_a_person_sees_no_credentials_and_a_taken_port_is_named() -> None:
    process = start("sandbox", "bank")
    try:
        line = first_line(process)
        port = line.partition("http://127.0.0.1:")[2].partition(",")[0]
        assert "secret" not in line
        second = start("sandbox", "bank", "--port", port)
        _, err = second.communicate(timeout=30)
        assert second.returncode == 1
        assert f"port {port}" in err
    finally:
        stop(process, signal.SIGTERM)


def test_all_share_a_process_and_each_has_its_port_and_its_data(tmp_path: Path) -> None:
    taken, free = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    port, ours = (server.getsockname()[1] for server in (taken, free))
    free.close()
    words = ("sandboxes", "--json", "--data", str(tmp_path), "--port", f"mpesa={ours}")
    process = start(*words)
    try:
        places = [json.loads(first_line(process)) for _ in Provider]
        assert [place["provider"] for place in places] == list(Provider)
        assert places[1]["base_url"] == f"http://127.0.0.1:{ours}"
        for place in places:
            assert httpx.get(f"{place['control_url']}/requests").status_code == 200
            assert (tmp_path / place["provider"] / f"{place['provider']}.sqlite3").is_file()
        with taken:
            second = start("sandboxes", "--port", f"messages={port}")
            _, err = second.communicate(timeout=30)
        assert second.returncode == 1
        assert f"port {port}" in err
    finally:
        ended = stop(process, signal.SIGTERM)
    assert ended == (0, "", "")


@pytest.mark.parametrize("port", ["9102", "paypal=9102", "mpesa=", "mpesa=70000"])
def test_a_port_names_its_provider(port: str) -> None:
    app = Typer()
    register(app=app)
    refused = CliRunner().invoke(app, ["sandboxes", "--port", port])
    assert refused.exit_code == 2
    assert "PROVIDER=N" in refused.stderr


def test_an_unknown_provider_is_refused() -> None:
    app = Typer()
    register(app=app)
    app.command(name="other")(lambda: None)
    refused = CliRunner().invoke(app, ["sandbox", "paypal"])
    assert refused.exit_code == 2
    assert "telebirr" in refused.stderr
