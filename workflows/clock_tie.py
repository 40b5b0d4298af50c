"""A run that lives by a test clock, and tells it when nothing is left to do at its time."""

from datetime import datetime
from typing import Protocol

from temporalio import workflow
from temporalio.exceptions import FailureError

from workflows.clock import PlanClock
from workflows.messages import test_clock_workflow_id
from workflows.test_clock_messages import PlanAtRest, PlanJoined, PlanLeft


class Resting(Protocol):
    """Whatever can have something to do at the clock's time."""

    def at_rest(self) -> bool:
        """Whether nothing is left to do now."""
        ...

    def next_wake(self) -> datetime | None:
        """When there is something again; None: nothing is waited for."""
        ...


class ClockTie:
    """The tie between a run and its test clock; in real time there is none, and nobody is told.

    Args:
        bound_id: what the clock knows the run by.
        clock_id: the test clock; None in real time.
        clock: the run's own.
        of: what has to be at rest.
        told: what an earlier run has told last.
    """

    def __init__(
        self,
        *,
        bound_id: str,
        clock_id: str | None,
        clock: PlanClock,
        of: Resting,
        told: tuple[int, datetime | None] | None = None,
    ) -> None:
        self._bound_id = bound_id
        self._clock_id = clock_id
        self._clock = clock
        self._of = of
        self.told = told
        """The clock's turn, and the next wake, as they were told last."""

    async def tell_when_at_rest(self, *, joins: bool) -> None:
        """Tell it each time, until cancelled. ``joins``: a run that was lost was bound to it."""
        if self._clock_id is None:
            return
        if joins:
            await self._signal("plan_joined", PlanJoined(plan_id=self._bound_id))
        while True:
            await workflow.wait_condition(self._has_to_tell)
            turn, wake = self.told = self._now()
            told = PlanAtRest(plan_id=self._bound_id, turn=turn, next_wake=wake)
            await self._signal("plan_at_rest", told)

    async def leave(self) -> None:
        """Nothing of the run will be due any more."""
        if self._clock_id is not None:
            await self._signal("plan_left", PlanLeft(plan_id=self._bound_id))

    def _now(self) -> tuple[int, datetime | None]:
        return self._clock.turn, self._of.next_wake()

    def _has_to_tell(self) -> bool:
        return self._of.at_rest() and self._now() != self.told

    async def _signal(self, signal: str, message: PlanAtRest | PlanJoined | PlanLeft) -> None:
        clock = workflow.get_external_workflow_handle(
            test_clock_workflow_id(clock_id=self._clock_id or "")
        )
        try:
            await clock.signal(signal, message)
        except FailureError:
            workflow.logger.warning("the test clock could not be told")
