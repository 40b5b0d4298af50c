"""How a held limit is given back."""

from enum import StrEnum


class Release(StrEnum):
    """Why nothing is held any more for a plan that has not become active."""

    VOIDED = "voided"
    """Somebody ended it: the checkout cancelled, or the plan was declined."""
    EXPIRED = "expired"
    """It did not become active in time."""
