"""When a provider is asked about one open order: by the policy, in real time."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from meqenet.payments.query_times import QueryTimes, is_alarm, next_query
from workflows.rails import patience

_AT_ONCE = timedelta(seconds=1)


class Questions:
    """The questions about one order, counted from when its outcome became unknown.

    ``times`` None: no policy says when, as for orders from before there was one.
    """

    def __init__(self, *, times: QueryTimes | None) -> None:
        self._times = times
        self._asked = 0
        self._last_at: datetime | None = None
        self._begun_at: datetime | None = None
        self.unknown_since: datetime | None = None

    def begin(self) -> None:
        """The outcome is unknown from now on, or news have made it worth asking soon again."""
        self._asked = 0
        self._last_at = None
        self._begun_at = workflow.now()
        self.unknown_since = self.unknown_since or self._begun_at

    async def next_is_due(self, heard: Callable[[], bool]) -> bool:
        """Wait until the next question is due (False), or until something is heard (True)."""
        if self._times is None or self._begun_at is None:
            is_heard = await patience(heard, turn=self._asked)
        else:
            at = next_query(
                times=self._times,
                first_unknown_at=self._begun_at,
                queries=self._asked,
                last_query_at=self._last_at,
            ).at
            wait = max(at - workflow.now(), _AT_ONCE)
            is_heard = await patience(heard, turn=0, waits=(wait,))
        if not is_heard:
            self._asked += 1
            self._last_at = workflow.now()
        return is_heard

    def is_alarm(self) -> bool:
        """Whether the outcome has been unknown for longer than is normal."""
        if self._times is None or self.unknown_since is None:
            return False
        return is_alarm(times=self._times, first_unknown_at=self.unknown_since, at=workflow.now())
