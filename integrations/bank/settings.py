"""What an operator sets to reach the bank that pays merchants."""

import httpx
from pydantic import AnyHttpUrl, Field, SecretStr, TypeAdapter, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_HTTP_URL = TypeAdapter(AnyHttpUrl)


class BankSettings(BaseSettings):
    """Every value comes from ``MEQENET_BANK_…`` or ``.meqenet/env``.

    Attributes:
        base_url: the bank's transfer API, without ``/v1``.
        client_id: who we are to it.
        secret: the key of our request signatures.
        debtor_name: the name of our account.
        debtor_account: the account from which merchants are paid.
        connect_timeout_seconds: how long a connection may take; nothing has been sent by then.
        answer_timeout_seconds: how long the bank may take to answer.
    """

    model_config = SettingsConfigDict(
        env_prefix="MEQENET_BANK_",
        env_file=".meqenet/env",
        extra="ignore",
        hide_input_in_errors=True,
    )

    base_url: str
    client_id: str = Field(min_length=1)
    secret: SecretStr = Field(min_length=16)
    debtor_name: str = Field(min_length=1, max_length=140)
    debtor_account: str = Field(pattern=r"^\d{1,34}$")
    connect_timeout_seconds: float = Field(default=5, gt=0)
    answer_timeout_seconds: float = Field(default=20, gt=0)

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        _HTTP_URL.validate_python(value)
        return value.rstrip("/")

    def timeout(self) -> httpx.Timeout:
        """How long one exchange may take."""
        return httpx.Timeout(self.answer_timeout_seconds, connect=self.connect_timeout_seconds)
