"""A test clock: time that an integrator moves by hand, for sandbox plans."""

from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from workflows.asking import refusal
    from workflows.clock import ClockMoved
    from workflows.complaint_messages import bound_workflow_id
    from workflows.messages import TestClockStart, TestClockView
    from workflows.test_clock_messages import Advance, Bind, PlanAtRest, PlanJoined, PlanLeft


@workflow.defn
class TestClockWorkflow:
    """Moves bound plans from one due instant to the next, in order, until the target is reached.

    A step ends only when every plan that had something due has done it. The run continues as new
    between steps when its history grows.
    """

    __test__ = False

    @workflow.init
    def __init__(self, start: TestClockStart) -> None:
        self._start = start
        self._now = start.now
        self._target = start.target or start.now
        self._turn = start.turn
        self._wakes: dict[str, datetime | None] = dict(start.wakes)
        self._awaited: set[str] = set()
        self._stopped = False

    @workflow.run
    async def run(self, start: TestClockStart) -> None:
        """Serve until stopped by an operator's cancellation."""
        del start
        while True:
            await workflow.wait_condition(lambda: self._target > self._now or self._should_roll())
            if self._target > self._now:
                # First hear from every plan at the present instant: a customer's deed may have
                # given one a new due instant since it last told.
                await self._turn_to(self._now)
            while self._target > self._now:
                due = [wake for wake in self._wakes.values() if wake is not None]
                self._now = max(self._now, min([*due, self._target]))
                await self._turn_to(self._now)
            if self._should_roll():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(
                    TestClockStart(
                        clock_id=self._start.clock_id,
                        merchant_id=self._start.merchant_id,
                        now=self._now,
                        target=self._target,
                        turn=self._turn,
                        wakes=self._wakes,
                    )
                )

    async def _turn_to(self, now: datetime) -> None:
        self._turn += 1
        plans = list(self._wakes)
        moved = ClockMoved(now=now, turn=self._turn)
        self._awaited = set(plans)
        for plan_id in plans:
            plan = workflow.get_external_workflow_handle(bound_workflow_id(bound_id=plan_id))
            try:
                await plan.signal("clock_moved", moved)
            except FailureError:
                # Its workflow is over, or never came to be: nothing is ever due for it again.
                self._forget(plan_id)
        await workflow.wait_condition(lambda: not self._awaited)

    def _forget(self, plan_id: str) -> None:
        self._awaited.discard(plan_id)
        self._wakes.pop(plan_id, None)

    def _should_roll(self) -> bool:
        return workflow.info().is_continue_as_new_suggested() and not self._awaited

    @workflow.signal
    def plan_at_rest(self, told: PlanAtRest) -> None:
        """A plan has done what was due."""
        if told.plan_id not in self._wakes:
            return
        self._wakes[told.plan_id] = told.next_wake
        if told.turn >= self._turn:
            self._awaited.discard(told.plan_id)

    @workflow.signal
    async def plan_joined(self, joined: PlanJoined) -> None:
        """A plan that was bound is there again; it learns the time, and is waited for."""
        self._wakes.setdefault(joined.plan_id, None)
        if self._awaited or self._target > self._now:
            self._awaited.add(joined.plan_id)
        plan = workflow.get_external_workflow_handle(bound_workflow_id(bound_id=joined.plan_id))
        try:
            await plan.signal("clock_moved", ClockMoved(now=self._now, turn=self._turn))
        except FailureError:
            self._forget(joined.plan_id)

    @workflow.signal
    def plan_left(self, left: PlanLeft) -> None:
        """A plan's life is over."""
        self._forget(left.plan_id)

    @workflow.update
    def bind(self, request: Bind) -> TestClockView:
        """Bind a plan that is about to start; it must start at the view's ``now``."""
        self._wakes.setdefault(request.plan_id, None)
        return self._view()

    @bind.validator
    def _may_bind(self, request: Bind) -> None:
        if request.merchant_id != self._start.merchant_id:
            raise refusal(code="test_clock_unknown", text="test_clock: there is no such clock")
        if self._target > self._now:
            raise refusal(
                code="test_clock_advancing",
                text="test_clock: it is advancing; wait until it is ready",
            )

    @workflow.update
    def advance(self, request: Advance) -> TestClockView:
        """Set the target; the view's ``status`` is ``ready`` when all that was due is done."""
        self._target = request.to
        return self._view()

    @advance.validator
    def _may_advance(self, request: Advance) -> None:
        if self._target > self._now:
            raise refusal(code="test_clock_advancing", text="The clock is still advancing.")
        if request.to <= self._now:
            raise refusal(
                code="test_clock_backwards", text="to: a test clock only moves forward", field="to"
            )

    @workflow.query
    def view(self) -> TestClockView:
        """The clock's time, and the plans that still have things due."""
        return self._view()

    def _view(self) -> TestClockView:
        return TestClockView(
            clock_id=self._start.clock_id,
            merchant_id=self._start.merchant_id,
            now=self._now,
            target=self._target,
            status="advancing" if self._target > self._now or self._awaited else "ready",
            plans=tuple(sorted(self._wakes)),
            waiting_for=tuple(sorted(self._awaited)),
        )
