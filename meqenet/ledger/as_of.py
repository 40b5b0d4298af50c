"""The two times of the books: when something was true, and when it was written down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, kw_only=True)
class AsOf:
    """A point in both times, up to and including it; None is everything.

    Attributes:
        effective_until: what was true by then.
        recorded_until: what had been written down by then.
    """

    effective_until: datetime | None = None
    recorded_until: datetime | None = None


EVERYTHING: Final = AsOf()
"""All that is in the books."""
