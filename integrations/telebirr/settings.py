"""What Telebirr gave us, where it is, and the points of its protocol that are not confirmed."""

from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_PAYGATE: Final = "/payment/web/paygate"
_CONFIG = SettingsConfigDict(
    env_prefix="MEQENET_TELEBIRR_",
    env_file=".meqenet/env",
    env_ignore_empty=True,
    extra="ignore",
    frozen=True,
    hide_input_in_errors=True,
)


class TelebirrNotifySettings(BaseSettings):
    """The part that a process needs which only receives callbacks: nothing secret."""

    model_config = _CONFIG

    merchant_app_id: str = Field(pattern=r"^[0-9]{1,32}$")
    """``appid`` of business calls, 15 to 16 digits; not the Fabric App ID."""
    merchant_code: str = Field(pattern=r"^[0-9]{1,16}$")
    """Our six-digit short code."""
    sp_public_key: str
    """Ethio telecom's RSA public key, PEM or bare base64 DER; verifies answers and callbacks."""


class TelebirrSettings(TelebirrNotifySettings):
    """Everything that the client needs. Defaults of open points follow the documents."""

    model_config = _CONFIG

    base_url: str = Field(pattern=r"^https?://")
    """API base, up to and including ``/apiaccess/payment/gateway``."""
    web_base_url: str = Field(default="", validate_default=True)
    """Paygate, up to and including its question mark; by default the one beside ``base_url``."""
    fabric_app_id: str
    """UUID, sent as ``X-APP-Key``."""
    app_secret: SecretStr
    """32 hex characters, exchanged for a token."""
    private_key: SecretStr
    """Our RSA private key, PKCS#8 as PEM or bare base64 DER; signs requests."""
    notify_url: str = Field(pattern=r"^https?://", max_length=512)
    """Where Telebirr reports payments; Ethio telecom must have whitelisted it."""
    mandate_template_id: str = Field(pattern=r"^[0-9]+$")
    """The mandate template that was agreed offline, for example ``207001``."""

    ca_bundle: Path | None = None
    """PEM file of certificate authorities; the test host serves an incomplete chain."""
    connect_timeout_s: int = Field(default=10, ge=1)
    """Seconds until a connection must stand."""
    timeout_s: int = Field(default=30, ge=1)
    """Seconds until an answer must be read."""
    token_life_minutes: int = Field(default=50, ge=1, le=50)
    """How long a token is used. It lives about an hour; its dates are of no known time zone."""

    nested_signing: Literal["flattened", "stringified"] = "flattened"
    """How ``mandate_data`` enters the canonical string."""
    in_app_path: Literal[
        "/payment/v1/inapp/createOrder", "/payment/v1/merchant/inapp/createOrder"
    ] = "/payment/v1/inapp/createOrder"
    """Where in-app orders are created; the documents and their sample code disagree."""
    debit_trade_type: Literal["Mandate", "Disbursement"] = "Mandate"
    """``trade_type`` of a mandate debit; samples and the table disagree."""
    debit_payee: str | None = None
    """``payee_msisdn`` of a mandate debit; by default our short code, as production does."""
    debit_callback_info: bool = False
    """Send our order id with a mandate debit, so that its callback can echo it; undocumented."""
    debit_refusal_codes: frozenset[str] = frozenset(
        {"60330006", "2001", "2002", "3007", "3015", "3016", "4003", "4004"}
    )
    """Codes after which a mandate debit has certainly not happened: no such mandate, and what the
    core behind the gateway says of wallets, balances, limits and rules (providers.md 1.12, 1.13).
    The gateway's own code for lack of funds is not published; after others the order is queried."""
    mandate_unknown_codes: frozenset[str] = frozenset({"60330006"})
    """Codes that say that a mandate is not there."""
    order_unknown_codes: frozenset[str] = frozenset({"60200404"})
    """Codes that say that an order is not there; not published, this one is the sandbox's."""

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("web_base_url")
    @classmethod
    def _with_question_mark(cls, url: str, info: ValidationInfo) -> str:
        if not url:
            base = urlsplit(str(info.data.get("base_url", "")))
            url = f"{base.scheme}://{base.netloc}{_PAYGATE}"
        if not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return url if url.endswith(("?", "&")) else f"{url}?"
