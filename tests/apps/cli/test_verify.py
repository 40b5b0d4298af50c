"""The command's own words: what it refuses, and with which exit code."""

import json

import pytest
from typer.testing import CliRunner, Result

from apps.cli.main import build
from workers.settings import DOMAINS, development_keys

NOWHERE = "postgresql+asyncpg://u:p@127.0.0.1:1/d"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEQENET_ENV_FILE", "/dev/null")
    for name, value in development_keys().items():
        monkeypatch.setenv(name, value)
    for domain in DOMAINS:
        monkeypatch.setenv(f"MEQENET_{domain.upper()}_DATABASE_URL", NOWHERE)


def _run(*words: str) -> Result:
    return CliRunner().invoke(build(arguments=["verify"]), ["verify", *words])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--since", "yesterday"], "--since: must be an instant like 2026-11-23T09:30:00Z"),
        (["--since", "2026-11-23T09:30:00"], "--since: needs a time zone"),
        (["--domains", "bnpl,books"], "--domains: no such domain: books; there are auth"),
        (["--domains", ","], "--domains: no such domain: (none)"),
        (["--statements", "telebirr"], "--statements: must be PROVIDER=FILE"),
        (["--statements", "paypal=x.csv"], "of telebirr, mpesa, bank"),
        (["--statements", "bank=missing.csv"], "--statements: there is no file missing.csv"),
    ],
)
def test_bad_input_is_named_and_ends_with_two(words: list[str], told: str) -> None:
    result = _run(*words)
    assert result.exit_code == 2
    assert told in result.output


def test_a_store_that_cannot_be_reached_is_named_and_ends_with_two() -> None:
    result = _run()
    assert result.exit_code == 2
    assert "the store of auth cannot be read" in result.output


def test_a_setting_that_is_malformed_or_missing_ends_with_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEQENET_BNPL_DATABASE_URL", "mysql://u:hunter2@h/d")
    malformed = _run()
    assert malformed.exit_code == 2
    assert "MEQENET_BNPL_DATABASE_URL: " in malformed.output
    assert "hunter2" not in malformed.output
    monkeypatch.delenv("MEQENET_ANCHOR_PUBLIC_KEYS")
    monkeypatch.setenv("MEQENET_BNPL_DATABASE_URL", NOWHERE)
    missing = _run()
    assert missing.exit_code == 2
    assert "MEQENET_ANCHOR_PUBLIC_KEYS is not given" in missing.output


def test_the_public_key_is_printed_as_the_setting_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = development_keys()
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    result = _run("--public-key")
    assert result.exit_code == 0
    assert json.loads(result.output) == json.loads(keys["MEQENET_ANCHOR_PUBLIC_KEYS"])
