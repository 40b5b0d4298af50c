"""What a merchant gets for an order, and when."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from meqenet.calendar import at_addis
from meqenet.errors import Defect, Mender, Refusal
from meqenet.money import Money
from meqenet.settlement.transfer import PayoutAccount

PAYOUT_HOUR: Final = 9
"""Payouts are sent at this hour of Addis Ababa, when banks have opened."""
FEE_BASIS_POINTS_MAX: Final = 10_000
DELAY_DAYS_MAX: Final = 90
_SATURDAY: Final = 5
_CLOSED_DAYS_MAX: Final = 30
"""Banks that stay closed for longer than this are an error in the holidays given."""
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_ACCOUNT_NUMBER: Final = re.compile(r"[0-9]{1,34}", re.ASCII)
_ACCOUNT_NAME_MAX: Final = 140


@dataclass(frozen=True, kw_only=True, slots=True)
class Proceeds:
    """``gross - fee = net``, exactly."""

    gross: Money
    fee: Money
    net: Money


def check_terms(*, fee_basis_points: Collection[int], delay_days: int) -> None:
    """Let only terms pass under which a merchant gets something, and in time.

    Raises:
        Refusal: ``merchant_terms_invalid``; field and text name the value at fault and the rule.
    """
    for basis_points in fee_basis_points:
        if not 0 <= basis_points < FEE_BASIS_POINTS_MAX:
            raise _invalid(
                field="fee_basis_points", rule=f"between 0 and {FEE_BASIS_POINTS_MAX - 1}"
            )
    if not 0 <= delay_days <= DELAY_DAYS_MAX:
        raise _invalid(field="delay_days", rule=f"between 0 and {DELAY_DAYS_MAX}")


def check_account(*, account: PayoutAccount) -> None:
    """Let only an account pass that a bank can be asked to pay (ISO 9362, ISO 20022 Max140Text).

    Raises:
        Refusal: ``merchant_account_invalid``; field and text name what is at fault, not its value.
    """
    name = account.account_name
    rules = (
        ("bic", _BIC.fullmatch(account.bic) is not None, "8 or 11 capital letters and digits"),
        (
            "account_number",
            _ACCOUNT_NUMBER.fullmatch(account.account_number) is not None,
            "1 to 34 digits",
        ),
        (
            "account_name",
            name == name.strip() and 1 <= len(name) <= _ACCOUNT_NAME_MAX,
            f"1 to {_ACCOUNT_NAME_MAX} characters, no blanks at an end",
        ),
    )
    for field, holds, rule in rules:
        if not holds:
            raise Refusal(
                "merchant_account_invalid", f"{field}: {rule}", mender=Mender.MERCHANT, field=field
            )


def proceeds_of(*, gross: Money, fee_basis_points: int) -> Proceeds:
    """Split the order's amount: the fee is rounded half-even to the santim, the rest is paid.

    Raises:
        Defect: ``proceeds_impossible``: the amount is not more than nothing, or the fee would
            eat it up.
    """
    fee = gross.portion(basis_points=fee_basis_points)
    net = gross - fee
    if gross.santim <= 0 or fee.santim < 0 or net.santim <= 0:
        raise Defect(
            "proceeds_impossible",
            f"{fee_basis_points} basis points of {gross} leave nothing to pay the merchant",
        )
    return Proceeds(gross=gross, fee=fee, net=net)


def payout_due(
    *, activated_on: date, delay_days: int, protection_days: int, closed_on: Collection[date]
) -> datetime:
    """When the merchant is paid: 09:00 in Addis Ababa of the first banking day that fits.

    The longer of the two spans has to pass in whole days after ``activated_on``: with a span of
    14 days, an order activated on the 1st is paid on the 16th, with no span on the 2nd. A day on
    which banks are closed moves the payout to the next one on which they are open.

    Args:
        activated_on: an Addis Ababa date.
        delay_days: the merchant's terms.
        protection_days: the buyer's protection window, zero where there is none.
        closed_on: public holidays, weekends not among them.

    Raises:
        ValueError: a span is negative.
        Defect: ``banks_never_open``: every day for a month is closed.
    """
    if delay_days < 0 or protection_days < 0:
        raise ValueError("days: not negative")
    first = activated_on + timedelta(days=max(delay_days, protection_days) + 1)
    for later in range(_CLOSED_DAYS_MAX):
        day = first + timedelta(days=later)
        if day.weekday() < _SATURDAY and day not in closed_on:
            return at_addis(on=day, hour=PAYOUT_HOUR)
    raise Defect("banks_never_open", f"no banking day within {_CLOSED_DAYS_MAX} days of {first}")


def _invalid(*, field: str, rule: str) -> Refusal:
    return Refusal("merchant_terms_invalid", f"{field}: {rule}", mender=Mender.MEQENET, field=field)
