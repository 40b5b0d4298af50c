"""Whose turn it is at a provider: what moves money and what only asks go in lanes of their own."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from meqenet.errors import Unavailable

HELD_BACK: Final = "held_back"
"""Code of what was not sent because it was not its turn."""


class Lane(StrEnum):
    """What shares a rate. A burst in one lane takes nothing from the other."""

    ORDERS = "orders"
    """Payments, refunds, transfers, messages: what a provider is to do."""
    QUESTIONS = "questions"
    """What became of them: without an answer an outcome stays unknown."""


class HoldReason(StrEnum):
    """Why a call is held back."""

    OPEN = "open"
    """The provider seems to be down: nothing is sent for a while."""
    HALF_OPEN = "half_open"
    """It may be back: one call at a time finds out, and that one is under way."""
    RATE = "rate"
    """It takes no more calls at the moment than have been made."""


_TEXTS: Final = {
    HoldReason.OPEN: "it has not answered for some time",
    HoldReason.HALF_OPEN: "another call finds out whether it is back",
    HoldReason.RATE: "others are before it",
}


class HeldBack(Unavailable):
    """Nothing was sent: the same may be asked again, as often as it takes.

    Args:
        provider: who was to be called.
        reason: why it was not.
        retry_after: when it is worth asking again.
    """

    def __init__(self, *, provider: str, reason: HoldReason, retry_after: timedelta) -> None:
        super().__init__(
            HELD_BACK, f"{provider} is not called now: {_TEXTS[reason]}", retry_after=retry_after
        )
        self.provider = provider
        self.reason = reason
