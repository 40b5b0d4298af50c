"""What merchants send: each field with its form, and examples that hold."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from apps.checkout_api.amounts import PositiveBirr
from apps.checkout_api.validation import own_type
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.order_money import CaptureMode
from meqenet.bnpl.terms import INSTALLMENTS_MAX
from meqenet.payments.rail import WalletProvider

PLAN_ID: Final = r"^pln_[a-z2-7]{20}$"
"""How a plan's id is written."""
PlanId = Annotated[str, Path(pattern=PLAN_ID)]
"""The plan that a path is about."""
_RETURN_URL_LENGTH_MAX: Final = 450
"""Telebirr takes 512 characters, and our own parameter is added to it (providers.md 1.6)."""
_DAYS_AT_ONCE_MAX: Final = 3660
_YEARS: Final = range(2000, 2100)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _printable(text: str) -> str:
    if _UNPRINTABLE.search(text):
        raise PydanticCustomError(own_type("printable"), "must be one line of plain text")
    return text


def _browser_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        fits = False
    if not fits or "#" in url or not url.isascii() or " " in url:
        raise PydanticCustomError(
            own_type("url"), "must be an http(s) address without user name and fragment"
        )
    return url


def _instant(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year not in _YEARS:
        raise PydanticCustomError(
            own_type("instant"),
            "must be a time with its zone between 2000 and 2099, like 2026-11-23T06:00:00Z",
        )
    return moment.astimezone(UTC)


Instant = Annotated[
    datetime,
    PlainValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-23T06:00:00Z"]}),
]
"""A moment; the zone must be named."""
_Line = AfterValidator(_printable)
Reference = Annotated[str, StringConstraints(min_length=1, max_length=100), _Line]
"""The merchant's own name for the order."""
Why = Annotated[str, Field(min_length=3, max_length=200)]
"""The reason that staff give, where it is kept for ever."""
_Description = Annotated[str, StringConstraints(min_length=1, max_length=200), _Line]
_Reason = Annotated[str, StringConstraints(min_length=1, max_length=200), _Line]
_Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
_FaydaNumber = Annotated[str, StringConstraints(min_length=12, max_length=40)]
_Email = Annotated[str, StringConstraints(min_length=3, max_length=320)]
_Phone = Annotated[str, StringConstraints(min_length=9, max_length=30)]
_ReturnUrl = Annotated[
    str, StringConstraints(max_length=_RETURN_URL_LENGTH_MAX), AfterValidator(_browser_address)
]
ClockId = Annotated[str, StringConstraints(pattern=r"^clk_[a-z2-7]{20}$")]
"""A test clock's id."""
InstallmentCount = Annotated[int, Field(ge=1, le=INSTALLMENTS_MAX)]


class Sent(BaseModel):
    """Base of all requests: every field is known, and no value is converted in silence."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )


def _examples(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": list(examples)})


class QuoteRequest(Sent):
    """What would this amount cost?"""

    model_config = _examples(
        {"amount": "4000.00"},
        {"amount": "12000.00", "option": "pay_over_time", "installment_count": 12},
    )

    amount: PositiveBirr
    """Price of the goods."""
    currency: Literal["ETB"] = "ETB"
    option: PaymentOption | None = None
    """Quote this one alone."""
    installment_count: Annotated[InstallmentCount, Field(strict=True)] | None = None
    """For options that let the customer choose; the fewest by default."""


class Customer(Sent):
    """Who will pay. Private."""

    fayda_number: _FaydaNumber
    """FAN (16 digits) or FIN (12 digits); spaces and hyphens do not count."""
    consent_version: _Version
    """Names the text under which the customer agreed to be identified at Fayda."""
    monthly_income: PositiveBirr | None = None
    """As declared by the customer."""
    email: _Email | None = None
    """Where payments are reminded of by e-mail, beside the SMS to the wallet's phone."""


class Wallet(Sent):
    """What the installments are collected from."""

    provider: WalletProvider
    phone: _Phone
    """Telebirr: 09… or +2519…; M-PESA: 07… or +2517…"""


class PlanRequest(Sent):
    """A customer applies for a plan at checkout."""

    model_config = _examples(
        {
            "reference": "order-1042",
            "option": "pay_in_4",
            "amount": "4000.00",
            "description": "Two chairs",
            "customer": {"fayda_number": "3141 5926 5358 9790", "consent_version": "2026-11"},
            "wallet": {"provider": "telebirr", "phone": "0911223344"},
            "return_url": "https://shop.example/thanks?order=1042",
        },
        {
            "reference": "order-1043",
            "option": "pay_over_time",
            "amount": "12000.00",
            "description": "A refrigerator",
            "installment_count": 12,
            "customer": {
                "fayda_number": "614079852394",
                "consent_version": "2026-11",
                "monthly_income": "18000.00",
                "email": "abeba@example.com",
            },
            "wallet": {"provider": "mpesa", "phone": "+251711223344"},
            "test_clock": "clk_abcdefghijklmnopqrst",
        },
    )

    reference: Reference
    """The merchant's own name for the order: one reference, one plan, for ever."""
    option: PaymentOption
    amount: PositiveBirr
    """Price of the goods."""
    description: _Description
    """What is bought, in the merchant's words; no personal data."""
    installment_count: Annotated[InstallmentCount, Field(strict=True)] | None = None
    """For options that let the customer choose; the fewest by default."""
    customer: Customer
    wallet: Wallet
    return_url: _ReturnUrl | None = None
    """Where the customer's browser goes after Fayda and after paying."""
    test_clock: ClockId | None = None
    """Test keys only: the plan lives by this clock."""
    capture: CaptureMode = CaptureMode.AUTOMATIC
    """`manual`: you say when you have delivered, at once or in parts; until then the order is
    authorised only, and you are not paid for it."""


class AcceptRequest(Sent):
    """The customer signs the offer, or tries a failed payment at checkout again."""

    model_config = _examples({"agreement_version": "2026-11"})

    agreement_version: _Version
    """Names the text of the agreement that the customer has seen."""


class CancelRequest(Sent):
    """End the plan before it is active."""

    model_config = _examples({"reason": "the customer changed their mind"})

    reason: _Reason
    """In the merchant's words; no personal data."""


class TestClockRequest(Sent):
    """A clock that stands still until it is advanced."""

    __test__ = False
    model_config = _examples({"now": "2026-11-23T06:00:00Z"}, {})

    now: Instant | None = None
    """The time that it shows first; the real time by default."""


class AdvanceRequest(Sent):
    """Move a clock forward: to an instant, or by whole days. One of the two."""

    model_config = _examples({"by_days": 14}, {"to": "2026-12-07T06:00:00Z"})

    to: Instant | None = None
    by_days: Annotated[int, Field(ge=1, le=_DAYS_AT_ONCE_MAX, strict=True)] | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.to is None) == (self.by_days is None):
            raise PydanticCustomError(own_type("either"), "give either to or by_days")
        return self
