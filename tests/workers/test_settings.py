import base64
import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from meqenet.errors import Defect
from workers.settings import (
    DOMAINS,
    Settings,
    data_directory,
    development_keys,
    effective_environment,
    read,
)

KYC_URL = "postgresql+asyncpg://meqenet_kyc:hunter2@127.0.0.1:5432/meqenet_kyc"


class ProviderSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MEQENET_ACME_", extra="forbid")

    base_url: str
    app_secret: SecretStr


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("MEQENET_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MEQENET_DATA", str(tmp_path))


def test_a_process_runs_with_only_the_urls_it_needs() -> None:
    settings = read(Settings, environment={"MEQENET_KYC_DATABASE_URL": KYC_URL})
    assert settings.database_url(domain="kyc") == KYC_URL
    assert settings.read_url(domain="kyc") == KYC_URL
    with pytest.raises(Defect, match="MEQENET_LEDGER_DATABASE_URL is not given"):
        settings.database_url(domain="ledger")
    with pytest.raises(Defect, match="MEQENET_REDIS_URL"):
        settings.redis()
    with pytest.raises(Defect, match="MEQENET_ADMIN_DATABASE_URL"):
        settings.admin_url()


def test_every_domain_has_both_urls() -> None:
    for domain in DOMAINS:
        names = (f"MEQENET_{domain.upper()}_DATABASE_URL", f"MEQENET_{domain.upper()}_READ_URL")
        urls = [f"postgresql+asyncpg://u:p@h/{name.lower()}" for name in names]
        settings = read(Settings, environment=dict(zip(names, urls, strict=True)))
        assert [settings.database_url(domain=domain), settings.read_url(domain=domain)] == urls


def test_secrets_are_never_shown() -> None:
    keys = development_keys()
    settings = read(Settings, environment={"MEQENET_KYC_DATABASE_URL": KYC_URL, **keys})
    secret = json.loads(keys["MEQENET_PAYLOAD_KEYS"])["dev-1"]
    shown = repr(settings) + str(settings) + settings.model_dump_json()
    shown += repr(settings.payload_keyring()) + repr(settings.column_keyring())
    assert "hunter2" not in shown
    assert secret not in shown
    assert repr(base64.b64decode(secret)) not in shown


def test_a_malformed_url_is_refused_without_showing_it() -> None:
    with pytest.raises(ValidationError, match="kyc_database_url") as refusal:
        read(Settings, environment={"MEQENET_KYC_DATABASE_URL": "mysql://u:hunter2@h/d"})
    assert "hunter2" not in str(refusal.value)


def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "env").write_text(
        "MEQENET_TEMPORAL_ADDRESS='10.0.0.1:1'\nMEQENET_TEMPORAL_NAMESPACE='written'\n"
    )
    monkeypatch.setenv("MEQENET_TEMPORAL_ADDRESS", "10.0.0.2:2")
    for settings in (Settings(), read(Settings)):
        assert settings.temporal_address == "10.0.0.2:2"
        assert settings.temporal_namespace == "written"


def test_another_file_can_be_named_and_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "env").write_text("MEQENET_TEMPORAL_NAMESPACE='usual'\n")
    (tmp_path / "other").write_text("MEQENET_TEMPORAL_NAMESPACE='other'\n")
    monkeypatch.setenv("MEQENET_ENV_FILE", str(tmp_path / "other"))
    assert Settings().temporal_namespace == "other"
    monkeypatch.setenv("MEQENET_ENV_FILE", os.devnull)
    assert Settings().temporal_namespace == "meqenet"


def test_a_given_mapping_is_all_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEQENET_TEMPORAL_ADDRESS", "10.0.0.2:2")
    assert read(Settings, environment={}).temporal_address == "127.0.0.1:7233"


def test_a_providers_settings_come_from_the_same_file(tmp_path: Path) -> None:
    pem = "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"
    (tmp_path / "env").write_text(
        f"MEQENET_KYC_DATABASE_URL='{KYC_URL}'\n"
        f"MEQENET_ACME_BASE_URL='http://127.0.0.1:1'\nMEQENET_ACME_APP_SECRET='{pem}${{HOME}}'\n"
    )
    provider = read(ProviderSettings)
    assert isinstance(provider, ProviderSettings)
    assert provider.base_url == "http://127.0.0.1:1"
    assert provider.app_secret.get_secret_value() == pem + "${HOME}"
    with pytest.raises(ValidationError, match="base_url"):
        read(ProviderSettings, environment={"MEQENET_ACME_APP_SECRET": "x"})


def test_an_empty_value_is_no_value() -> None:
    settings = read(Settings, environment={"MEQENET_KYC_READ_URL": "", "MEQENET_API_PORT": ""})
    assert settings.kyc_read_url is None
    assert settings.api_port == 8080


def test_no_file_is_no_error(tmp_path: Path) -> None:
    assert data_directory() == tmp_path
    assert effective_environment()["MEQENET_DATA"] == str(tmp_path)


def test_development_keys_make_complete_key_rings() -> None:
    settings = read(Settings, environment=development_keys())
    rings = (settings.payload_keyring(), settings.column_keyring())
    assert all(len(ring.keys[ring.current]) == 32 for ring in rings)
    made = {ring.keys[ring.current] for ring in rings} | {settings.blind_index()}
    assert len(made) == 3


@given(st.binary(min_size=1, max_size=64).filter(lambda key: len(key) != 32))
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    text = base64.b64encode(key).decode()
    settings = read(
        Settings,
        environment={
            "MEQENET_PAYLOAD_KEYS": json.dumps({"k1": text}),
            "MEQENET_PAYLOAD_KEY_CURRENT": "k1",
        },
    )
    with pytest.raises(Defect, match="MEQENET_PAYLOAD_KEYS holds a key that is not 32 bytes"):
        settings.payload_keyring()


@pytest.mark.parametrize(
    ("keys", "current", "said"),
    [
        ("{", "k1", "MEQENET_PAYLOAD_KEYS is not a JSON object"),
        ("[]", "k1", "MEQENET_PAYLOAD_KEYS is not a JSON object"),
        ('{"k1": "***"}', "k1", "MEQENET_PAYLOAD_KEYS holds a key that is not base64"),
        (json.dumps({"k1": "A" * 43 + "="}), "k2", "MEQENET_PAYLOAD_KEY_CURRENT names no key"),
        (json.dumps({"k1": "A" * 43 + "="}), "", "MEQENET_PAYLOAD_KEY_CURRENT is not given"),
        ("", "k1", "MEQENET_PAYLOAD_KEYS is not given"),
    ],
)
def test_a_malformed_key_ring_names_its_setting(keys: str, current: str, said: str) -> None:
    environment = {"MEQENET_PAYLOAD_KEYS": keys, "MEQENET_PAYLOAD_KEY_CURRENT": current}
    with pytest.raises(Defect, match=said):
        read(Settings, environment=environment).payload_keyring()


def test_the_development_key_of_anchors_is_trusted() -> None:
    settings = read(Settings, environment=development_keys())
    key_id, key = settings.anchor_signing()
    public = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
    assert settings.anchor_trusted() == {key_id: public}
    with pytest.raises(Defect, match="MEQENET_ANCHOR_SIGNING_KEY is not given"):
        read(Settings, environment={}).anchor_signing()
    with pytest.raises(Defect, match="MEQENET_ANCHOR_PUBLIC_KEYS is not given"):
        read(Settings, environment={}).anchor_trusted()
