"""Where each provider hands out its daily statement, and the key for it."""

from typing import Final

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PROVIDERS: Final = ("telebirr", "mpesa", "bank")
"""Whoever moves money for us."""


class StatementSettings(BaseSettings):
    """A provider without an address gives its statement as a file, if at all."""

    model_config = SettingsConfigDict(
        env_prefix="MEQENET_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    telebirr_statement_url: str | None = Field(default=None, pattern=r"^https?://")
    """Takes ``from``, ``to`` and ``format``."""
    telebirr_statement_key: SecretStr | None = None
    """Sent as a bearer token."""
    mpesa_statement_url: str | None = Field(default=None, pattern=r"^https?://")
    """The same of M-PESA."""
    mpesa_statement_key: SecretStr | None = None
    """The same of M-PESA."""
    bank_statement_url: str | None = Field(default=None, pattern=r"^https?://")
    """The same of the bank."""
    bank_statement_key: SecretStr | None = None
    """The same of the bank."""

    def address_of(self, *, provider: str) -> tuple[str, str] | None:
        """Address and key; None when the provider hands out nothing over HTTP."""
        url = getattr(self, f"{provider}_statement_url")
        key = getattr(self, f"{provider}_statement_key")
        if url is None or key is None:
            return None
        return str(url), str(key.get_secret_value())
