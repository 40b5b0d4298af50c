"""Settings of the bank sandbox."""

from decimal import Decimal

from pydantic_settings import BaseSettings, SettingsConfigDict


class BankSandboxSettings(BaseSettings):
    """Read from the environment, ``MEQENET_SANDBOX_BANK_…``.

    Attributes:
        float_birr: what our account at the bank holds at the first start.
    """

    model_config = SettingsConfigDict(env_prefix="MEQENET_SANDBOX_BANK_")

    float_birr: Decimal = Decimal(100_000_000)
