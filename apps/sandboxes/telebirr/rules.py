"""What the provider's documents leave open, changed through ``/_sandbox/rules``."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from apps.sandboxes.kernel.control import Amount
from apps.sandboxes.telebirr import refusals


class Rules(BaseModel):
    """Behaviour that is not documented. Kept in memory: a restart brings the defaults back."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    duplicate_order: Literal["same_prepay_id", "reject"] = "same_prepay_id"
    """A second preOrder with the same id and content while it waits for payment."""
    redirect: Literal["with_parameters", "bare"] = "with_parameters"
    """How the browser returns to ``redirect_url``."""
    notify_spelling: Literal["documented", "production"] = "documented"
    """``production`` was seen to sign the receipt as ``trans_id`` and to send it as ``transId``."""
    refund: Literal["at_once", "held"] = "at_once"
    """``held``: a refund stays REFUNDING until the control API releases it."""
    daily_limit: Amount = "300000.00"
    """Birr that one wallet may pay in a calendar day (providers.md 4.7)."""
    no_funds_code: str = Field(default=refusals.NO_FUNDS, pattern=r"^\w{1,16}$")
    """The code of a payment for which the wallet holds too little."""
