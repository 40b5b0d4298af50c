"""What goes into captures and voids of an order, and what is shown before a void."""

from dataclasses import dataclass

from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class CaptureOrder:
    """Update ``capture_order``: the merchant has delivered the order, or a part of it.

    Attributes:
        reference: the merchant's own number of the capture; the same again is the same capture.
        amount: what of the order's price; None is all that is not captured yet.
    """

    reference: str
    amount: Money | None = None


@dataclass(frozen=True, kw_only=True)
class VoidOrder:
    """Update ``void_order``: what is not captured, or a part of it, will not be.

    Attributes:
        reference: the merchant's own number of the void; the same again is the same void.
        amount: what of the order's price; None is all that is not captured.
    """

    reference: str
    amount: Money | None = None


@dataclass(frozen=True, kw_only=True)
class VoidForMerchant:
    """Update ``void_for_merchant``: staff do so, as ``who`` and for the reason ``why``."""

    reference: str
    who: str
    why: str
    amount: Money | None = None


AnyVoid = VoidOrder | VoidForMerchant
"""Whoever asks for it."""
