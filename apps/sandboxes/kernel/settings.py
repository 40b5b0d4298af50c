"""Settings that every sandbox shares."""

from typing import Annotated

from pydantic import field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from apps.sandboxes.kernel.callbacks import LOOPBACK


class SandboxSettings(BaseSettings):
    """Read from the environment, ``MEQENET_SANDBOX_…``.

    Attributes:
        host: the address that a sandbox listens on.
        callback_hosts: hosts, beside loopback, to which callbacks may go; comma-separated.
    """

    model_config = SettingsConfigDict(env_prefix="MEQENET_SANDBOX_")

    host: str = "127.0.0.1"
    callback_hosts: Annotated[frozenset[str], NoDecode] = frozenset()

    @field_validator("callback_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(host.strip() for host in value.split(",") if host.strip())
        return value

    @property
    def reachable_hosts(self) -> frozenset[str]:
        """All hosts to which callbacks may go."""
        return LOOPBACK | self.callback_hosts
