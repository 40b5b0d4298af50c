"""Hours of Addis Ababa in which nobody is disturbed."""

from dataclasses import dataclass
from datetime import datetime, time

from meqenet.calendar import ADDIS


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """A span of the clock in Addis Ababa, over midnight where it ends before it starts.

    Attributes:
        start: the first quiet minute.
        end: the first minute that is quiet no more.

    Raises:
        ValueError: it would be quiet all day, or not at all.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError("quiet hours: they start and end at different times")

    def contain(self, clock: time) -> bool:
        """Whether it is quiet when clocks in Addis Ababa show this."""
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def contain_instant(self, at: datetime) -> bool:
        """Whether it is quiet in Addis Ababa at this instant."""
        return self.contain(at.astimezone(ADDIS).time())
