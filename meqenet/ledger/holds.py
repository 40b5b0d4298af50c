"""Money that is kept for one purpose until it is known whether that comes about."""

from enum import StrEnum


class HoldState(StrEnum):
    """A hold's life: it begins pending and ends once."""

    PENDING = "pending"
    """Nobody else can have the money."""
    POSTED = "posted"
    """What it was kept for has come about, and is in the books."""
    VOIDED = "voided"
    """It will not come about: the money is free again."""
    EXPIRED = "expired"
    """It has not come about in time: the money is free again."""


def protection_id(*, plan_id: str) -> str:
    """The hold of a merchant's money for its buyer, and the posting that ends the protection."""
    return f"{plan_id}-protection"
