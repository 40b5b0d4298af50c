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
from typer.testing import CliRunner, Result

from apps.sandboxes.command import Provider, create, register

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


def refused(*words: str) -> Result:
    """The command in this process: it ends before it serves anybody."""
    app = Typer()
    register(app=app)
    app.command(name="other")(lambda: None)
    return CliRunner().invoke(app, words)


def test_it_tells_a_program_all_and_a_person_no_credentials_and_stops_cleanly(
    tmp_path: Path,
) -> None:
    process = start("sandbox", "bank", "--json", "--data", str(tmp_path))
    try:
        place = json.loads(first_line(process))
        assert httpx.get(f"{place['control_url']}/books").status_code == 200
        assert place["base_url"].startswith("http://127.0.0.1:")
    finally:
        ended = stop(process, signal.SIGTERM)
    assert ended == (0, "", "")
    assert set(place) == {"provider", "base_url", "control_url", "credentials"}
    assert place["provider"] == "bank"
    assert set(place["credentials"]) == {
        "client_id",
        "secret",
        "debtor_name",
        "debtor_account",
        "statement_key",
    }
    process = start("sandbox", "bank", "--data", str(tmp_path))
    try:
        line = first_line(process)
        port = line.partition("http://127.0.0.1:")[2].partition(",")[0]
        assert httpx.get(f"http://127.0.0.1:{port}/_sandbox/books").status_code == 200
        assert "secret" not in line
        assert place["credentials"]["secret"] not in line
        second = refused("sandbox", "bank", "--port", port)
        assert second.exit_code == 1
        assert f"port {port}" in second.stderr
    finally:
        ended = stop(process, signal.SIGINT)
    assert ended == (0, "", "")
    again = create(provider=Provider.BANK, directory=tmp_path, strict=False)
    assert again.credentials == place["credentials"]


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
        assert token_of_telebirr(places[0]).startswith("Bearer ")
        with taken:
            second = refused("sandboxes", "--port", f"messages={port}")
        assert second.exit_code == 1
        assert f"port {port}" in second.stderr
    finally:
        ended = stop(process, signal.SIGTERM)
    assert ended == (0, "", "")


def token_of_telebirr(place: dict[str, Any]) -> str:
    """What any client gets that knows nothing but the line that was printed."""
    answer = httpx.post(
        f"{place['base_url']}/payment/v1/token",
        json={"appSecret": place["credentials"]["app_secret"]},
        headers={"X-APP-Key": place["credentials"]["fabric_app_id"]},
        trust_env=False,
    )
    token: str = answer.json()["token"]
    return token


@pytest.mark.parametrize("port", ["9102", "paypal=9102", "mpesa=", "mpesa=70000"])
def test_a_port_names_its_provider(port: str) -> None:
    asked = refused("sandboxes", "--port", port)
    assert asked.exit_code == 2
    assert "PROVIDER=N" in asked.stderr


def test_an_unknown_provider_is_refused() -> None:
    asked = refused("sandbox", "paypal")
    assert asked.exit_code == 2
    assert "telebirr" in asked.stderr
