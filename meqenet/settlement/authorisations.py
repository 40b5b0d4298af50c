"""What a merchant gets for a part of an order: its share of the price, the fee and the tax."""

from decimal import Decimal
from enum import StrEnum

from meqenet.money import Money
from meqenet.settlement.terms import Proceeds


class PartKind(StrEnum):
    """What has become of a part of an authorised order."""

    CAPTURED = "captured"
    """It is delivered: the merchant gets it, less the fee on it."""
    VOIDED = "voided"
    """It will not be: the merchant gets nothing, and there is no fee on it."""


def share_of(*, whole: Proceeds, before: Money, part: Money) -> Proceeds:
    """The share of a part in the fee and the tax of the whole.

    As much of the fee as of the price, rounded half-even on the running sum, and as much of the tax
    as of the fee with it: so the shares of all parts, taken one after the other, are those of the
    whole, and no part brings less than nothing.

    Args:
        whole: what all of it brings.
        before: what of the price earlier parts were.
        part: the price of this part.

    Raises:
        ValueError: it is less than nothing, or more than what is left.
    """
    by_now = before + part
    if not Money.zero() <= before <= by_now <= whole.gross:
        raise ValueError("part: between nothing and what is left of the whole")
    kept, kept_before = _kept(whole, by_now), _kept(whole, before)
    tax = _tax(whole, kept) - _tax(whole, kept_before)
    return Proceeds(
        gross=part,
        fee=kept - kept_before - tax,
        tax=tax,
        net=part - (kept - kept_before),
    )


def _kept(whole: Proceeds, part: Money) -> Money:
    """Fee and tax on so much of the price."""
    return _portion(whole.fee + whole.tax, part, whole.gross)


def _tax(whole: Proceeds, kept: Money) -> Money:
    """What of so much fee and tax is tax."""
    both = whole.fee + whole.tax
    return _portion(whole.tax, kept, both) if both else Money.zero()


def _portion(amount: Money, part: Money, whole: Money) -> Money:
    return Money.nearest(Decimal(amount.santim * part.santim) / whole.santim)
