"""The plan's clock: real time, or a test clock that an integrator moves by hand.

Every wait that belongs to the plan's life (due dates, expiries, set distances) goes through
:meth:`PlanClock.wait_until`. Waits for a provider's answer do not: providers live in real time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import workflow


@dataclass(frozen=True, kw_only=True)
class ClockMoved:
    """Signal ``clock_moved``: it is ``now``; report when all that is due then is done."""

    now: datetime
    turn: int


@dataclass(frozen=True, kw_only=True)
class ClockReading:
    """A test clock's time and turn, as a plan starts with them."""

    now: datetime
    turn: int


@dataclass
class _Wait:
    condition: Callable[[], bool]
    until: datetime | None

    def over(self, *, now: datetime) -> bool:
        return self.condition() or (self.until is not None and self.until <= now)


class PlanClock:
    """The one source of time for a plan's workflow and its children."""

    def __init__(self, reading: ClockReading | None) -> None:
        self._reading = reading
        self._waits: list[_Wait] = []
        self._working = 0

    @property
    def reading(self) -> ClockReading | None:
        """The test clock's time; None in real time."""
        return self._reading

    @property
    def turn(self) -> int:
        """How often the test clock has moved; 0 in real time."""
        return self._reading.turn if self._reading else 0

    def now(self) -> datetime:
        """The instant it is for the plan, aware UTC."""
        return self._reading.now if self._reading else workflow.now().astimezone(UTC)

    def move(self, moved: ClockMoved) -> None:
        """Take the test clock's word; an older word than the last is ignored."""
        if self._reading is not None and moved.turn > self._reading.turn:
            self._reading = ClockReading(now=max(moved.now, self._reading.now), turn=moved.turn)

    async def wait_until(
        self,
        condition: Callable[[], bool],
        *,
        until: datetime | None,
        summary: str,
    ) -> bool:
        """Wait for the condition or the instant; True when the condition holds."""
        if condition():
            return True
        if self._reading is not None:
            wait = _Wait(condition, until)
            self._waits.append(wait)
            try:
                await workflow.wait_condition(lambda: wait.over(now=self.now()))
            finally:
                self._waits.remove(wait)
            return condition()
        timeout = None if until is None else until - self.now()
        if timeout is not None and timeout.total_seconds() <= 0:
            return False
        try:
            await workflow.wait_condition(condition, timeout=timeout, timeout_summary=summary)
        except TimeoutError:
            return False
        return True

    @contextmanager
    def working(self) -> Iterator[None]:
        """Something is being done beside the waits: the clock is not at rest meanwhile."""
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1

    def at_rest(self) -> bool:
        """Whether all that is due now is done: everything waits for later or for someone."""
        if self._working or not self._waits:
            return False
        return not any(wait.over(now=self.now()) for wait in self._waits)

    def next_wake(self) -> datetime | None:
        """The next instant at which something is due, if any is set."""
        return min((wait.until for wait in self._waits if wait.until is not None), default=None)
