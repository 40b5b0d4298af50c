"""How late money is: the classes that a portfolio is reported in.

Days past due count from the day after the due date in Addis Ababa, by the oldest installment that
is still owed.
"""

from enum import StrEnum


class Lateness(StrEnum):
    """How long the oldest owed installment of a plan has been overdue."""

    CURRENT = "current"
    """Nothing is overdue."""
    DAYS_1_7 = "1-7"
    """Up to a week."""
    DAYS_8_30 = "8-30"
    """Up to a month."""
    DAYS_31_60 = "31-60"
    """The second month."""
    DAYS_61_90 = "61-90"
    """The third month."""
    DAYS_OVER_90 = "90+"
    """Longer than 90 days."""

    @property
    def days_max(self) -> int | None:
        """The last day of the class; None for the last class."""
        match self:
            case Lateness.CURRENT:
                return 0
            case Lateness.DAYS_1_7:
                return 7
            case Lateness.DAYS_8_30:
                return 30
            case Lateness.DAYS_31_60:
                return 60
            case Lateness.DAYS_61_90:
                return 90
            case Lateness.DAYS_OVER_90:
                return None


def lateness_of(*, days_past_due: int) -> Lateness:
    """The class of a number of days; zero and less is current."""
    return next(
        lateness
        for lateness in Lateness
        if lateness.days_max is None or days_past_due <= lateness.days_max
    )
