"""What an operator sets to reach the provider of messages."""

import httpx
from pydantic import AnyHttpUrl, Field, SecretStr, TypeAdapter, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_HTTP_URL = TypeAdapter(AnyHttpUrl)


class MessagesSettings(BaseSettings):
    """Every value comes from ``MEQENET_MESSAGES_…`` or ``.meqenet/env``.

    Attributes:
        base_url: the provider's API, without ``/v1``.
        api_key: who we are to it.
        sender: what a phone shows as the sender: 3 to 11 letters and digits.
        connect_timeout_seconds: how long a connection may take; nothing has been sent by then.
        answer_timeout_seconds: how long the provider may take to answer.
    """

    model_config = SettingsConfigDict(
        env_prefix="MEQENET_MESSAGES_",
        env_file=".meqenet/env",
        extra="ignore",
        hide_input_in_errors=True,
    )

    base_url: str
    api_key: SecretStr = Field(min_length=16)
    sender: str = Field(default="Meqenet", pattern=r"^[A-Za-z0-9]{3,11}$")
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
