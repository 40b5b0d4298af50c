"""A complaint's life: acknowledged, looked after on its clock, answered, closed.

The store is the judge of every deed and of every step of the clock; the run asks it in turn, so
one that was begun again from the stores goes on where the other was lost.
"""

import asyncio
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.complaints import (
        ACKNOWLEDGE_COMPLAINT,
        DO_COMPLAINT_DEED,
        FOLLOW_COMPLAINT,
        RECEIVE_COMPLAINT,
        ComplaintStanding,
        DoComplaintDeed,
        FollowComplaint,
        ReceiveComplaint,
    )
    from meqenet.disputes.complaint_states import ComplaintState
    from workflows.asking import ask, passed_on, refusal, report_of
    from workflows.clock import ClockMoved, PlanClock
    from workflows.clock_tie import ClockTie
    from workflows.complaint_messages import AskDeed, AwaitReceipt, ComplaintRun


@workflow.defn
class ComplaintWorkflow:
    """Sees to it that a complaint is answered in time, by the plan's clock."""

    @workflow.init
    def __init__(self, start: ComplaintRun) -> None:
        self._start = start
        self._clock = PlanClock(start.clock)
        self._standing: ComplaintStanding | None = None
        self._turn = asyncio.Lock()
        self._refused: FailureError | None = None
        self._tie = ClockTie(
            bound_id=start.tracking_number,
            clock_id=start.test_clock_id,
            clock=self._clock,
            of=self._clock,
        )

    @workflow.run
    async def run(self, start: ComplaintRun) -> ComplaintState:
        """Return the final state."""
        teller = asyncio.create_task(self._tie.tell_when_at_rest(joins=start.text is None))
        try:
            with self._clock.working():
                await self._receive(start)
            standing = self._known()
            while not _is_over(standing):
                await self._wait(standing)
                if self._known() is standing:
                    await self._follow()
                standing = self._known()
            await workflow.wait_condition(workflow.all_handlers_finished)
        finally:
            teller.cancel()
        await self._tie.leave()
        # Whoever has asked meanwhile is answered as well.
        await workflow.wait_condition(workflow.all_handlers_finished)
        return standing.state

    @workflow.update
    async def received(self, asked: AwaitReceipt) -> ComplaintStanding:
        """Answer once the complaint is on file and has its clock, or pass the refusal on."""
        del asked
        return await self._acknowledged()

    @workflow.update
    async def act(self, asked: AskDeed) -> ComplaintStanding:
        """Have a deed done; the store refuses what may not be done."""
        await self._acknowledged()
        with self._clock.working():
            async with self._turn:
                command = DoComplaintDeed(
                    tracking_number=self._start.tracking_number,
                    deed_id=asked.deed_id,
                    deed=asked.deed,
                    at=self._clock.now(),
                )
                try:
                    found = await ask(
                        DO_COMPLAINT_DEED, command, summary=f"{asked.deed.kind.capitalize()} it"
                    )
                except ActivityError as error:
                    raise passed_on(report_of(error)) from error
                self._learn(found)
        return found

    @workflow.signal
    def clock_moved(self, moved: ClockMoved) -> None:
        """The plan's test clock has moved."""
        self._clock.move(moved)

    async def _receive(self, start: ComplaintRun) -> None:
        async with self._turn:
            try:
                if start.text is not None:
                    await ask(
                        RECEIVE_COMPLAINT,
                        _received(start, text=start.text, at=self._clock.now()),
                        summary=f"Put it on file: {start.category}, {start.language}",
                    )
                self._learn(
                    await ask(
                        ACKNOWLEDGE_COMPLAINT,
                        self._now(),
                        summary="Acknowledge it, and set its clock",
                    )
                )
            except ActivityError as error:
                # Whoever complained is told before the run fails; nothing is on file.
                self._refused = passed_on(report_of(error))
                await workflow.wait_condition(workflow.all_handlers_finished)
                raise self._refused from error

    async def _follow(self) -> None:
        with self._clock.working():
            async with self._turn:
                step = self._known().next_step
                self._learn(await ask(FOLLOW_COMPLAINT, self._now(), summary=f"Its clock: {step}"))

    async def _wait(self, standing: ComplaintStanding) -> None:
        step = standing.next_step
        what = "late, waits for its answer" if step is None else f"then {step}"
        await self._clock.wait_until(
            lambda: self._known() is not standing, until=standing.next_at, summary=what
        )

    def _learn(self, found: ComplaintStanding) -> None:
        self._standing = found
        due = "" if found.due_on is None else f", to be answered by {found.due_on}"
        then = "" if found.next_at is None else f"; {found.next_step} at {found.next_at} UTC"
        workflow.set_current_details(f"{found.state}{due}{then}")

    def _known(self) -> ComplaintStanding:
        if self._standing is None:
            raise refusal(code="complaint_not_ready", text="The complaint is not on file yet.")
        return self._standing

    async def _acknowledged(self) -> ComplaintStanding:
        await workflow.wait_condition(lambda: bool(self._refused or self._standing))
        if self._refused is not None:
            raise self._refused
        return self._known()

    def _now(self) -> FollowComplaint:
        return FollowComplaint(tracking_number=self._start.tracking_number, at=self._clock.now())


def _is_over(standing: ComplaintStanding) -> bool:
    return standing.state is ComplaintState.CLOSED


def _received(start: ComplaintRun, *, text: str, at: datetime) -> ReceiveComplaint:
    return ReceiveComplaint(
        tracking_number=start.tracking_number,
        plan_id=start.plan_id,
        merchant_id=start.merchant_id,
        language=start.language,
        channel=start.channel,
        category=start.category,
        text=text,
        by=start.by,
        assignee=start.assignee,
        test_clock_id=start.test_clock_id,
        at=at,
    )
