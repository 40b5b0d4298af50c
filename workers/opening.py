"""Settings read and stores opened: all that a command needs which only looks into the books."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic_settings import BaseSettings

from db.kernel.anchors import Signer
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from workers.settings import Domain, Settings, read

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def utc_now() -> datetime:
    """The real clock; the only place outside the sandboxes where it is read."""
    return datetime.now(UTC)


@dataclass
class Environment:
    """Where a process reads its settings: a mapping given, or the process's own environment."""

    values: Mapping[str, str] | None = None
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = self.read(Settings)

    def read(self, settings_class: type[SettingsT]) -> SettingsT:
        """Read a provider's settings from the same place."""
        return read(settings_class, environment=self.values)


def keyring(*, settings: Settings) -> Keyring:
    """The keys of private columns."""
    ring = settings.column_keyring()
    return Keyring(keys=ring.keys, current=ring.current, blind_index_key=settings.blind_index())


def anchor_signer(*, settings: Settings) -> Signer:
    """The key that signs anchors over event chains.

    Raises:
        Defect: a setting is missing or malformed.
    """
    key_id, key = settings.anchor_signing()
    return Signer(key_id=key_id, sign=Ed25519PrivateKey.from_private_bytes(key).sign)


def database(*, settings: Settings, domain: Domain) -> Database:
    """A domain's store, with its replica for reading when there is one."""
    return Database(
        url=settings.database_url(domain=domain), read_url=settings.read_url(domain=domain)
    )
