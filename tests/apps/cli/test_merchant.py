import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from apps.cli.main import build
from workers.settings import development_keys


def _add(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> Result:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    arguments = ["merchant", "add", "my-shop", "--name", "My Shop"]
    return CliRunner().invoke(build(arguments=arguments), arguments)


def test_without_settings_it_says_where_they_come_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = _add(monkeypatch, {"MEQENET_ENV_FILE": str(tmp_path / "none")})
    assert answer.exit_code == 1
    assert answer.stderr == (
        "meqenet merchant add: the setting MEQENET_PAYLOAD_KEYS is not given. Run `meqenet up` in "
        "this checkout, or name the credentials file that it prints in MEQENET_ENV_FILE.\n"
    )


def test_without_a_temporal_server_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody_listens.getsockname()[1]}"
        settings = {
            **development_keys(),
            "MEQENET_ENV_FILE": str(tmp_path / "none"),
            "MEQENET_TEMPORAL_ADDRESS": address,
        }
        answer = _add(monkeypatch, settings)
    assert answer.exit_code == 1
    assert answer.stderr.startswith("meqenet merchant add: the Temporal server does not answer")
    assert "MEQENET_ENV_FILE" in answer.stderr
