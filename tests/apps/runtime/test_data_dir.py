import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.runtime.data_dir import DataDirectory, load_secrets, opened
from apps.runtime.environment import process_environment, publish, runtime_environment
from apps.runtime.ports import Ports
from apps.runtime.problems import CannotRun
from apps.runtime.sandboxes import read_sandbox
from workers.settings import DOMAINS, Settings, read


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    return DataDirectory(root=tmp_path, ephemeral=False)


def test_secrets_are_made_once_and_private(data: DataDirectory) -> None:
    made = load_secrets(directory=data)
    assert load_secrets(directory=data) == made
    assert data.secrets_file.stat().st_mode & 0o777 == 0o600
    shown = repr(made)
    secret = [made.postgres_password, made.valkey_password, *made.role_passwords.values()]
    assert not any(text in shown for text in (*secret, *made.settings.values()))
    assert len(set(secret)) == 2 + len(DOMAINS)


def test_a_new_domain_gets_its_password_and_nothing_else_changes(data: DataDirectory) -> None:
    made = load_secrets(directory=data)
    older = asdict(made)
    del older["role_passwords"]["ledger"]
    data.secrets_file.write_text(json.dumps(older))
    again = load_secrets(directory=data)
    assert again.role_passwords.pop("ledger") != made.role_passwords.pop("ledger")
    assert again == made


def test_data_without_its_secrets_is_not_started_on(data: DataDirectory) -> None:
    (data.root / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(CannotRun, match=r"secrets\.json is missing"):
        load_secrets(directory=data)
    assert not data.secrets_file.exists()


def test_a_temporary_directory_is_removed_whatever_happens() -> None:
    seen: list[DataDirectory] = []

    def fails() -> None:
        with opened(root=None) as directory:
            assert directory.logs.is_dir()
            seen.append(directory)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert not seen[0].root.exists()


def test_a_file_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with (
            pytest.raises(CannotRun, match="is no directory that we may write to"),
            opened(root=path),
        ):
            pytest.fail("it was opened")


def test_the_settings_of_a_runtime_are_complete(data: DataDirectory) -> None:
    environment = runtime_environment(secrets=load_secrets(directory=data), ports=Ports())
    known = {f"MEQENET_{name.upper()}" for name in Settings.model_fields}
    left_to_defaults = {
        *(f"MEQENET_{name.upper()}_READ_URL" for name in DOMAINS),
        "MEQENET_METRICS_HOST",
        "MEQENET_METRICS_PORT",
        "MEQENET_RECONCILIATION_PENDING_HOURS",
    }
    assert known - set(environment) == left_to_defaults
    assert {name for name in environment if name not in known} == {
        "MEQENET_TELEBIRR_NOTIFY_URL",
        "MEQENET_MPESA_CALLBACK_BASE_URL",
        "MEQENET_MPESA_CALLBACK_SECRET",
        "MEQENET_FAYDA_REDIRECT_URI",
        "MEQENET_STATEMENT_KEY_ID",
        "MEQENET_STATEMENT_SIGNING_KEY",
        "MEQENET_WEBHOOK_LOOPBACK",
    }
    found = read(Settings, environment=environment)
    for domain in DOMAINS:
        assert f"//meqenet_{domain}:" in found.database_url(domain=domain)
        assert found.database_url(domain=domain).endswith(f"/meqenet_{domain}")
    assert found.payload_keyring().current in found.payload_keyring().keys
    assert found.redis()
    assert found.admin_url()


def test_a_process_gets_no_setting_of_the_callers(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEQENET_LEDGER_DATABASE_URL", "postgresql+asyncpg://real@server/ledger")
    monkeypatch.setenv("LANGUAGE", "am")
    environment = process_environment(settings={"MEQENET_API_PORT": "1"}, directory=data)
    assert {name: value for name, value in environment.items() if name.startswith("MEQENET_")} == {
        "MEQENET_API_PORT": "1",
        "MEQENET_DATA": str(data.root),
        "MEQENET_ENV_FILE": os.devnull,
    }
    assert environment["LANGUAGE"] == "am"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.from_regex(r"MEQENET_[A-Z]{1,8}", fullmatch=True),
        st.text(st.characters(codec="utf-8", exclude_characters="\r\x00")),
    )
)
def test_whatever_is_published_is_read_back(data: DataDirectory, values: dict[str, str]) -> None:
    publish(settings=values, directory=data)
    assert dotenv_values(data.env_file, interpolate=False) == values
    assert data.env_file.stat().st_mode & 0o777 == 0o600


def test_a_sandboxs_line_becomes_settings() -> None:
    told = {
        "provider": "telebirr",
        "base_url": "http://127.0.0.1:1",
        "control_url": "http://127.0.0.1:1/_sandbox",
        "credentials": {"app_secret": "s3cret", "short_code": 600000},
    }
    sandbox = read_sandbox(name="telebirr", line=json.dumps(told))
    assert sandbox.settings == {
        "MEQENET_TELEBIRR_BASE_URL": "http://127.0.0.1:1",
        "MEQENET_TELEBIRR_APP_SECRET": "s3cret",
        "MEQENET_TELEBIRR_SHORT_CODE": "600000",
    }
    assert sandbox.title == "Telebirr sandbox"
    assert "s3cret" not in repr(sandbox)


@pytest.mark.parametrize("line", ["{", "{}", '{"credentials": []}', "[]"])
def test_another_line_is_refused(line: str) -> None:
    with pytest.raises(CannotRun, match="Telebirr sandbox printed no usable description"):
        read_sandbox(name="telebirr", line=line)
