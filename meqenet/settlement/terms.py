"""What a merchant gets for an order, and when."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from meqenet.calendar import at_addis
from meqenet.errors import Defect, Mender, Refusal
from meqenet.money import Money
from meqenet.settlement.lines import ReserveTerms
from meqenet.settlement.transfer import PayoutAccount, PayoutRail
from meqenet.working_days import is_working_day

PAYOUT_HOUR: Final = 9
"""Payouts are sent at this hour of Addis Ababa, when banks have opened."""
FEE_BASIS_POINTS_MAX: Final = 10_000
DELAY_DAYS_MAX: Final = 90
RESERVE_BASIS_POINTS_MAX: Final = 5_000
RESERVE_DAYS_MAX: Final = 365
MINIMUM_PAYOUT_MAX: Final = Money(100_000_000)
FEE_FIXED_MAX: Final = Money(1_000_000)
MERCHANT_FEE: Final = "merchant_fee"
"""The type of fee by which the tax on our commission is found."""
_CLOSED_DAYS_MAX: Final = 30
"""Banks that stay closed for longer than this are an error in the holidays given."""
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_ACCOUNT_NUMBER: Final = re.compile(r"[0-9]{1,34}", re.ASCII)
_ACCOUNT_NAME_MAX: Final = 140


_NOTHING: Final = Money(0)
_WALLET: Final = re.compile(r"251[79][0-9]{8}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proceeds:
    """``gross - fee - tax = net``, exactly; the tax is the one on our fee."""

    gross: Money
    fee: Money
    net: Money
    tax: Money = _NOTHING


@dataclass(frozen=True, kw_only=True, slots=True)
class Tax:
    """A tax on a fee: its code in the books of the tax office, and its rate."""

    code: str
    rate_basis_points: int


def check_terms(
    *,
    fee_basis_points: Collection[int],
    delay_days: int,
    fee_fixed: Collection[Money] = (),
    reserve: ReserveTerms | None = None,
    minimum: Money = _NOTHING,
) -> None:
    """Let only terms pass under which a merchant gets something, and in time.

    Raises:
        Refusal: ``merchant_terms_invalid``; field and text name the value at fault and the rule.
    """
    kept = reserve or ReserveTerms()
    for fixed in fee_fixed:
        if not Money.zero() <= fixed <= FEE_FIXED_MAX:
            raise _invalid(field="fee_fixed", rule=f"between 0.00 and {FEE_FIXED_MAX} birr")
    if not 0 <= kept.basis_points <= RESERVE_BASIS_POINTS_MAX:
        raise _invalid(
            field="reserve_basis_points", rule=f"between 0 and {RESERVE_BASIS_POINTS_MAX}"
        )
    if not 0 <= kept.days <= RESERVE_DAYS_MAX or (kept.basis_points and not kept.days):
        raise _invalid(
            field="reserve_days",
            rule=f"between 0 and {RESERVE_DAYS_MAX}, and at least 1 where a reserve is kept",
        )
    if not Money.zero() <= minimum <= MINIMUM_PAYOUT_MAX:
        raise _invalid(field="minimum", rule=f"between 0.00 and {MINIMUM_PAYOUT_MAX} birr")
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
    is_wallet = account.rail is PayoutRail.MPESA
    number, bic = account.account_number, account.bic
    rules = (
        (
            "bic",
            not bic if is_wallet else _BIC.fullmatch(bic) is not None,
            "none for a wallet" if is_wallet else "8 or 11 capital letters and digits",
        ),
        (
            "account_number",
            (_WALLET if is_wallet else _ACCOUNT_NUMBER).fullmatch(number) is not None,
            "a phone like 251700000000" if is_wallet else "1 to 34 digits",
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


def proceeds_of(
    *,
    gross: Money,
    fee_basis_points: int,
    fee_fixed: Money = _NOTHING,
    tax: Tax | None = None,
) -> Proceeds:
    """Split the order's amount: fee and tax are rounded half-even to the santim, the rest is paid.

    A fixed fee takes no more than leaves the merchant one santim of the order; the tax is a part
    of the fee's amount, and is kept beside it.

    Raises:
        Defect: ``proceeds_impossible``: the amount is not more than nothing, or the percentage
            with its tax would eat it up.
    """
    percent = gross.portion(basis_points=fee_basis_points)
    rate = 0 if tax is None else tax.rate_basis_points
    fee = percent + fee_fixed
    on_fee = fee.portion(basis_points=rate)
    if fee_fixed and fee + on_fee >= gross:
        fee, on_fee = _fee_within(room=gross - Money(1), rate_basis_points=rate)
    net = gross - fee - on_fee
    if gross.santim <= 0 or fee.santim < 0 or net.santim <= 0:
        raise Defect(
            "proceeds_impossible",
            f"{fee_basis_points} basis points of {gross} leave nothing to pay the merchant",
        )
    return Proceeds(gross=gross, fee=fee, net=net, tax=on_fee)


def _fee_within(*, room: Money, rate_basis_points: int) -> tuple[Money, Money]:
    """The fee and its tax that together take exactly the room."""
    whole = 10_000
    fee = Money(room.santim * whole // (whole + rate_basis_points))
    return fee, room - fee


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
        if is_working_day(day=day, closed_on=closed_on):
            return at_addis(on=day, hour=PAYOUT_HOUR)
    raise Defect("banks_never_open", f"no banking day within {_CLOSED_DAYS_MAX} days of {first}")


def _invalid(*, field: str, rule: str) -> Refusal:
    return Refusal("merchant_terms_invalid", f"{field}: {rule}", mender=Mender.MEQENET, field=field)
