"""What a process is told from outside: addresses, credentials, keys. Nothing about products.

Every value is an environment variable ``MEQENET_…``. A running ``meqenet up`` leaves the same
names in ``.meqenet/env``, so that ``meqenet worker`` beside it needs no argument; the environment
wins over that file. A process is given only what it needs: everything is optional, and asking
for a value that is not there raises an error that names the variable.
"""

import base64
import binascii
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeVar, cast, get_args

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dotenv import dotenv_values
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

from meqenet.errors import Defect

PREFIX: Final = "MEQENET_"
Domain = Literal[
    "auth",
    "kyc",
    "credit",
    "bnpl",
    "payments",
    "ledger",
    "settlement",
    "marketplace",
    "disputes",
    "analytics",
]
DOMAINS: Final[tuple[Domain, ...]] = get_args(Domain)
"""The domains that own a store, in the order in which they are migrated and started."""

KEY_BYTES: Final = 32
"""AES-256 and HMAC-SHA-256 keys alike."""
_DATABASE_SCHEME: Final = "postgresql+asyncpg://"

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def data_directory() -> Path:
    """Where a development machine keeps its data: ``MEQENET_DATA``, else ``.meqenet``.

    Beside ``pyproject.toml`` in a checkout, in the working directory of an installed package.
    """
    if chosen := os.environ.get(f"{PREFIX}DATA"):
        return Path(chosen).expanduser().absolute()
    checkout = Path(__file__).resolve().parents[1]
    home = checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()
    return home / ".meqenet"


def env_file() -> Path:
    """The file in which a running ``meqenet up`` tells other processes where everything is.

    ``MEQENET_ENV_FILE`` names another one; ``/dev/null`` has a process read none at all.
    """
    if chosen := os.environ.get(f"{PREFIX}ENV_FILE"):
        return Path(chosen).expanduser().absolute()
    return data_directory() / "env"


def effective_environment() -> dict[str, str]:
    """The environment file, where there is one, under the process's own environment."""
    path = env_file()
    written = dotenv_values(path, interpolate=False) if path.is_file() else {}
    present = {name: value for name, value in written.items() if value is not None}
    return {**present, **os.environ}


class _MappingSource(EnvSettingsSource):
    """Reads a mapping the way pydantic-settings reads the environment."""

    def __init__(
        self, settings_class: type[BaseSettings], *, environment: Mapping[str, str]
    ) -> None:
        super().__init__(settings_class, env_ignore_empty=True)
        self.env_vars = {name.lower(): value for name, value in environment.items() if value}


def read(
    settings_class: type[SettingsT], *, environment: Mapping[str, str] | None = None
) -> SettingsT:
    """Read any settings class, a provider's too, from where the whole process reads them.

    Args:
        settings_class: a ``BaseSettings`` with its own prefix.
        environment: read from this mapping and nothing else, for example the environment of an
            embedded runtime started in this process. By default ``effective_environment()``.

    Raises:
        pydantic.ValidationError: a value is missing or malformed; it names the field.
    """
    values = effective_environment() if environment is None else environment
    source = _MappingSource(settings_class, environment=values)

    def only_this_source(
        _read: type[BaseSettings],
        _class: type[BaseSettings],
        /,
        **_others: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (source,)

    members = {
        "settings_customise_sources": classmethod(only_this_source),
        "__module__": settings_class.__module__,
        "__doc__": settings_class.__doc__,
    }
    return cast("type[SettingsT]", type(settings_class.__name__, (settings_class,), members))()


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRing:
    """Keys by id, and the id of the one that new values are encrypted under.

    Rotation has two phases: give every process the new key, then make it the current one.
    """

    current: str
    keys: Mapping[str, bytes] = field(repr=False)


class Settings(BaseSettings):
    """Addresses and keys of Meqenet's own parts; the providers' have classes of their own."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    temporal_address: str = "127.0.0.1:7233"
    """Host and port of the Temporal frontend."""
    temporal_namespace: str = "meqenet"
    """The namespace that holds every workflow."""
    temporal_ui_url: str = "http://127.0.0.1:8233"
    """The Temporal UI as an operator's browser sees it; the codec server answers this origin."""
    public_url: str = "http://127.0.0.1:8080"
    """Base URL of the API as browsers and providers see it; callbacks are built on it."""
    api_host: str = "127.0.0.1"
    """Address that the API listens on."""
    api_port: int = Field(default=8080, ge=0, le=65535)
    """Port that the API listens on."""
    codec_host: str = "127.0.0.1"
    """Address that the codec server listens on."""
    codec_port: int = Field(default=8081, ge=0, le=65535)
    """Port that the codec server listens on."""
    metrics_host: str = "127.0.0.1"
    """Address on which a worker of the read models, payments or disputes serves its metrics."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Port of ``/metrics``; none serves no metrics."""

    redis_url: SecretStr | None = None
    """Valkey or Redis: ``redis://:password@host:port/0``. Ask ``redis()`` for the text."""
    admin_database_url: SecretStr | None = None
    """A role that may create databases and roles. ``meqenet migrate`` only."""

    auth_database_url: SecretStr | None = None
    auth_read_url: SecretStr | None = None
    kyc_database_url: SecretStr | None = None
    kyc_read_url: SecretStr | None = None
    credit_database_url: SecretStr | None = None
    credit_read_url: SecretStr | None = None
    bnpl_database_url: SecretStr | None = None
    bnpl_read_url: SecretStr | None = None
    payments_database_url: SecretStr | None = None
    payments_read_url: SecretStr | None = None
    ledger_database_url: SecretStr | None = None
    ledger_read_url: SecretStr | None = None
    settlement_database_url: SecretStr | None = None
    settlement_read_url: SecretStr | None = None
    marketplace_database_url: SecretStr | None = None
    marketplace_read_url: SecretStr | None = None
    disputes_database_url: SecretStr | None = None
    disputes_read_url: SecretStr | None = None
    analytics_database_url: SecretStr | None = None
    analytics_read_url: SecretStr | None = None

    reconciliation_pending_hours: int = Field(default=36, ge=1, le=24 * 31)
    """How long an order may be ahead of a provider's statement before it counts as missing."""

    payload_keys: SecretStr | None = None
    """Workflow payload keys: a JSON object, key id to base64 of 32 bytes."""
    payload_key_current: str | None = None
    """Id of the payload key that encrypts; all of them decrypt."""
    column_keys: SecretStr | None = None
    """Key-encryption keys of private columns, written like ``payload_keys``."""
    column_key_current: str | None = None
    """Id of the column key that wraps new data keys."""
    blind_index_key: SecretStr | None = None
    """Base64 of the 32 bytes that key the equality index over private columns."""

    anchor_signing_key: SecretStr | None = None
    """Base64 of the 32 bytes of the Ed25519 key that signs anchors over the event chains."""
    anchor_key_id: str | None = None
    """The name under which the public half of that key is known."""
    anchor_public_keys: str | None = None
    """Keys that have signed anchors: a JSON object, key id to base64 of the 32 public bytes."""
    anchor_seconds: int = Field(default=3600, ge=1)
    """How often each store's event chains are anchored."""

    @field_validator(
        "admin_database_url",
        *(f"{domain}_database_url" for domain in DOMAINS),
        *(f"{domain}_read_url" for domain in DOMAINS),
    )
    @classmethod
    def _must_be_asyncpg(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(_DATABASE_SCHEME):
            raise ValueError(f"must start with {_DATABASE_SCHEME}")
        return url

    def database_url(self, *, domain: Domain) -> str:
        """Where the domain's store is written.

        Raises:
            Defect: the setting is missing; its name is in the text.
        """
        return self._secret(f"{domain}_database_url")

    def read_url(self, *, domain: Domain) -> str:
        """Where the domain's store is read: its replica if there is one, else where it is written.

        Raises:
            Defect: neither setting is there.
        """
        replica = cast("SecretStr | None", getattr(self, f"{domain}_read_url"))
        return replica.get_secret_value() if replica else self.database_url(domain=domain)

    def redis(self) -> str:
        """The URL of Valkey or Redis.

        Raises:
            Defect: the setting is missing.
        """
        return self._secret("redis_url")

    def admin_url(self) -> str:
        """The URL under which roles and databases are made.

        Raises:
            Defect: the setting is missing.
        """
        return self._secret("admin_database_url")

    def payload_keyring(self) -> KeyRing:
        """The keys of workflow payloads.

        Raises:
            Defect: a setting is missing or malformed; the key itself is never in the text.
        """
        return self._keyring("payload")

    def column_keyring(self) -> KeyRing:
        """The keys that wrap each person's data key.

        Raises:
            Defect: a setting is missing or malformed.
        """
        return self._keyring("column")

    def blind_index(self) -> bytes:
        """The key of the equality index over private columns.

        Raises:
            Defect: the setting is missing or malformed.
        """
        return _key(self._secret("blind_index_key"), setting=f"{PREFIX}BLIND_INDEX_KEY")

    def anchor_signing(self) -> tuple[str, bytes]:
        """The id of the key that signs anchors, and the key itself.

        Raises:
            Defect: a setting is missing or malformed.
        """
        setting = f"{PREFIX}ANCHOR_SIGNING_KEY"
        key = _key(self._secret("anchor_signing_key"), setting=setting)
        if not self.anchor_key_id:
            raise Defect("setting_missing", f"the setting {PREFIX}ANCHOR_KEY_ID is not given")
        return self.anchor_key_id, key

    def anchor_trusted(self) -> Mapping[str, bytes]:
        """The public keys that anchors may be signed with, by id.

        Raises:
            Defect: the setting is missing or malformed.
        """
        setting = f"{PREFIX}ANCHOR_PUBLIC_KEYS"
        if self.anchor_public_keys is None:
            raise Defect("setting_missing", f"the setting {setting} is not given")
        return _keys(self.anchor_public_keys, setting=setting)

    def _secret(self, name: str) -> str:
        value = cast("SecretStr | None", getattr(self, name))
        if value is None:
            raise Defect("setting_missing", f"the setting {PREFIX}{name.upper()} is not given")
        return value.get_secret_value()

    def _keyring(self, kind: Literal["payload", "column"]) -> KeyRing:
        setting = f"{PREFIX}{kind.upper()}_KEYS"
        current_setting = f"{PREFIX}{kind.upper()}_KEY_CURRENT"
        keys = _keys(self._secret(f"{kind}_keys"), setting=setting)
        current = cast("str | None", getattr(self, f"{kind}_key_current"))
        if current is None:
            raise Defect("setting_missing", f"the setting {current_setting} is not given")
        if current not in keys:
            raise Defect("setting_malformed", f"{current_setting} names no key of {setting}")
        return KeyRing(current=current, keys=keys)

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment over the file of a running ``meqenet up``."""
        return (init_settings, _MappingSource(settings_cls, environment=effective_environment()))


def development_keys(
    *, random_bytes: Callable[[int], bytes] = secrets.token_bytes
) -> dict[str, str]:
    """Fresh keys for one machine, as the environment variables that hold them."""

    def fresh() -> str:
        return _base64(random_bytes(KEY_BYTES))

    signing = Ed25519PrivateKey.from_private_bytes(random_bytes(KEY_BYTES))
    return {
        f"{PREFIX}PAYLOAD_KEYS": json.dumps({"dev-1": fresh()}),
        f"{PREFIX}PAYLOAD_KEY_CURRENT": "dev-1",
        f"{PREFIX}COLUMN_KEYS": json.dumps({"dev-1": fresh()}),
        f"{PREFIX}COLUMN_KEY_CURRENT": "dev-1",
        f"{PREFIX}BLIND_INDEX_KEY": fresh(),
        f"{PREFIX}ANCHOR_SIGNING_KEY": _base64(signing.private_bytes_raw()),
        f"{PREFIX}ANCHOR_KEY_ID": "dev-1",
        f"{PREFIX}ANCHOR_PUBLIC_KEYS": json.dumps(
            {"dev-1": _base64(signing.public_key().public_bytes_raw())}
        ),
        f"{PREFIX}STATEMENT_SIGNING_KEY": fresh(),
        f"{PREFIX}STATEMENT_KEY_ID": "dev-1",
    }


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def _keys(text: str, *, setting: str) -> dict[str, bytes]:
    try:
        written = json.loads(text)
    except json.JSONDecodeError:
        raise Defect("setting_malformed", f"{setting} is not a JSON object") from None
    if not isinstance(written, dict) or not written:
        raise Defect("setting_malformed", f"{setting} is not a JSON object with a key in it")
    return {key_id: _key(key, setting=setting) for key_id, key in written.items()}


def _key(text: object, *, setting: str) -> bytes:
    try:
        key = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        raise Defect("setting_malformed", f"{setting} holds a key that is not base64") from None
    if len(key) != KEY_BYTES:
        raise Defect("setting_malformed", f"{setting} holds a key that is not {KEY_BYTES} bytes")
    return key
