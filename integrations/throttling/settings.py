"""How many calls a provider is sent, and when it counts as down."""

from typing import Final, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from meqenet.payments.circuit_breaker import BreakerSettings
from meqenet.payments.lanes import Lane
from meqenet.payments.token_bucket import MICRO, BucketSettings

_MS: Final = 1000
_MS_PER_MINUTE: Final = 60 * _MS
_PROBES_MAX: Final = 1
_SUCCESSES_TO_CLOSE: Final = 2
_PROBE_SECONDS_MAX: Final = 60
WAIT_MS_MAX: Final = 4_000
"""So long a call waits at the gate in a worker's hands. What is left of a step's patience has to
do for the call itself."""
_IN_HAND_MIN: Final = 4
"""However slow the rate is: calls themselves take their time."""


def _config(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(
        env_prefix=f"{prefix}_GATE_", env_ignore_empty=True, extra="ignore", frozen=True
    )


class GateSettings(BaseSettings):
    """One provider's limits. No provider publishes its own: agree on them with it.

    Attributes:
        orders_per_minute: the lasting rate of what it is to do.
        questions_per_minute: the lasting rate of what it is asked.
        burst: so many calls of each kind at once after a rest.
        failures_to_open: so many calls without an answer in a row, and nothing is sent for a while.
        open_seconds_first: for how long at first; a failed probe doubles it,
        open_seconds_max: up to so long.
        workers_max: how many processes call the provider at most. Without Redis each takes so
            large a part of the rate.
    """

    model_config = _config("MEQENET")

    orders_per_minute: int = Field(default=3000, ge=1, le=600_000)
    questions_per_minute: int = Field(default=3000, ge=1, le=600_000)
    burst: int = Field(default=100, ge=1, le=100_000)
    failures_to_open: int = Field(default=5, ge=1)
    open_seconds_first: int = Field(default=2, ge=1)
    open_seconds_max: int = Field(default=300, ge=1, le=3600)
    workers_max: int = Field(default=4, ge=1)

    @model_validator(mode="after")
    def _longest_is_longer(self) -> Self:
        if self.open_seconds_max < self.open_seconds_first:
            raise ValueError("open_seconds_max: not below open_seconds_first")
        return self

    def breaker(self) -> BreakerSettings:
        """The breaker's rule; its probes go one by one."""
        return BreakerSettings(
            failures_to_open=self.failures_to_open,
            open_ms_first=self.open_seconds_first * _MS,
            open_ms_max=self.open_seconds_max * _MS,
            probes_max=_PROBES_MAX,
            successes_to_close=_SUCCESSES_TO_CLOSE,
            probe_ms_max=_PROBE_SECONDS_MAX * _MS,
        )

    def waiting_max(self, *, lane: Lane) -> int:
        """How many calls one worker may have in hand: those that it can make within its patience.

        All others wait in Temporal's queue, which is fair to merchants.
        """
        per_worker = self._per_minute(lane) * WAIT_MS_MAX // (_MS_PER_MINUTE * self.workers_max)
        return max(per_worker, _IN_HAND_MIN)

    def bucket(self, *, lane: Lane) -> BucketSettings:
        """The rate of one lane."""
        return BucketSettings(
            capacity_tokens=self.burst,
            refill_micro_tokens_per_ms=self._per_minute(lane) * MICRO // _MS_PER_MINUTE,
        )

    def _per_minute(self, lane: Lane) -> int:
        return self.orders_per_minute if lane is Lane.ORDERS else self.questions_per_minute


class TelebirrGateSettings(GateSettings):
    """``MEQENET_TELEBIRR_GATE_…``."""

    model_config = _config("MEQENET_TELEBIRR")


class MpesaGateSettings(GateSettings):
    """``MEQENET_MPESA_GATE_…``."""

    model_config = _config("MEQENET_MPESA")


class BankGateSettings(GateSettings):
    """``MEQENET_BANK_GATE_…``."""

    model_config = _config("MEQENET_BANK")


class MessagesGateSettings(GateSettings):
    """``MEQENET_MESSAGES_GATE_…``."""

    model_config = _config("MEQENET_MESSAGES")


GATE_SETTINGS: Final[dict[str, type[GateSettings]]] = {
    "telebirr": TelebirrGateSettings,
    "mpesa": MpesaGateSettings,
    "bank": BankGateSettings,
    "messages": MessagesGateSettings,
}
"""The providers before whom there is a gate."""
