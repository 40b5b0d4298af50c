"""How this sandbox behaves where documents disagree or a test wants it otherwise."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from meqenet.money import Money


class Envelope(StrEnum):
    """How an STK callback is wrapped; both are in use (providers.md 2.4)."""

    ET = "ET"
    """``{"Envelope": {"Body": {"stkCallback": …}}}``, as Ethiopia documents it."""
    KE = "KE"
    """``{"Body": {"stkCallback": …}}``, as Daraja sends it."""


class PhoneMode(StrEnum):
    """Who answers the prompts of a phone."""

    AUTO = "auto"
    """The sandbox's customer, at once: right PIN unless the number is a well-known one."""
    MANUAL = "manual"
    """Somebody, through the control API, before the prompt expires."""


class Behaviour(BaseSettings):
    """Defaults from ``MEQENET_SANDBOX_MPESA_…``; changed at run time by the control API.

    Attributes:
        envelope: how STK callbacks are wrapped.
        answer_delay_ms: how long the customer takes to answer a prompt in ``auto`` mode.
        prompt_life_ms: how long a prompt stays on the phone (about a minute, inferred).
        token_life_seconds: ``expires_in`` of an access token.
        token_error_status: HTTP status of token errors; 200 and 400 are both plausible.
        kenyan_password: accept the Kenyan password too; not under ``strict``.
        whole_amounts_only: refuse amounts with santim.
        one_prompt_at_a_time: a second prompt on a phone fails with 1001, subscriber busy.
        default_mode: of phones whose mode was not set.
        debit_limit: birr; a larger debit fails with 17 (providers.md 4.7).
    """

    model_config = SettingsConfigDict(
        env_prefix="MEQENET_SANDBOX_MPESA_", extra="forbid", validate_assignment=True
    )

    envelope: Envelope = Envelope.ET
    answer_delay_ms: Annotated[int, Field(ge=0)] = 50
    prompt_life_ms: Annotated[int, Field(ge=1)] = 60_000
    token_life_seconds: Annotated[int, Field(ge=1)] = 3599
    token_error_status: Annotated[int, Field(ge=200, le=499)] = 400
    kenyan_password: bool = True
    whole_amounts_only: bool = False
    one_prompt_at_a_time: bool = False
    default_mode: PhoneMode = PhoneMode.AUTO
    debit_limit: Annotated[str, Field(pattern=r"^\d{1,12}(\.\d{1,2})?$")] = "300000.00"

    @property
    def answer_delay(self) -> timedelta:
        """How long the customer takes."""
        return timedelta(milliseconds=self.answer_delay_ms)

    @property
    def prompt_life(self) -> timedelta:
        """How long a prompt stays on the phone."""
        return timedelta(milliseconds=self.prompt_life_ms)

    def allows(self, *, amount: Money) -> bool:
        """Whether one debit may be this large."""
        return amount <= Money.from_birr(self.debit_limit)
