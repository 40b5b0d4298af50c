"""A dispute's life: the merchant is asked, staff decide, and the plan follows the outcome.

The store is the judge of every move and of every deadline; the run asks it in turn, so one that
was begun again from the stores goes on where the other was lost.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.contracts.disputes import (
        ADD_EVIDENCE,
        FOLLOW_DISPUTE,
        RECORD_OUTCOME,
        RECORD_STAGE,
        SETTLE_DISPUTE,
        AddEvidence,
        DisputeStanding,
        EvidenceAdded,
        FollowDispute,
        RecordOutcome,
        RecordStage,
        SettleDispute,
    )
    from meqenet.disputes.dispute_states import Move, Outcome, Stage, after
    from meqenet.errors import Refusal
    from workflows.asking import ask, distances, passed_on, refusal, report_of
    from workflows.clock import ClockMoved, PlanClock
    from workflows.clock_tie import ClockTie
    from workflows.dispute_messages import (
        AddFile,
        AskMove,
        DisputeRun,
        OutcomeHeard,
        OutcomeKnown,
    )
    from workflows.messages import plan_workflow_id
    from workflows.order_refund_messages import refund_after_end_workflow_id

_MoveT = TypeVar("_MoveT", RecordStage, RecordOutcome)
_TELL_AGAIN_AFTER = distances(first=timedelta(seconds=1), longest=timedelta(minutes=10), count=11)
"""A plan that was begun anew, or that has rolled over, has not heard."""
_WORDS = {
    Stage.OPENED: "the plan takes it up",
    Stage.MERCHANT_RESPONSE: "the merchant answers",
    Stage.REVIEW: "staff decide",
}
"""Who is waited for, as operators read it."""


@workflow.defn
class DisputeWorkflow:
    """Brings a dispute to its end by deadlines, by the plan's clock."""

    @workflow.init
    def __init__(self, start: DisputeRun) -> None:
        self._start = start
        self._clock = PlanClock(start.clock)
        self._standing: DisputeStanding | None = None
        self._is_held = start.is_held
        self._is_heard = False
        self._is_followed = False
        self._turn = asyncio.Lock()
        self._tie = ClockTie(
            bound_id=start.dispute_id,
            clock_id=start.test_clock_id,
            clock=self._clock,
            of=self._clock,
        )

    @workflow.run
    async def run(self, start: DisputeRun) -> Outcome:
        """Return how it ended, once the plan has followed that."""
        teller = asyncio.create_task(self._tie.tell_when_at_rest(joins=start.joins))
        try:
            await self._follow()
            while self._known().outcome is None:
                if self._is_to_ask():
                    await self._move(
                        AskMove(move_id="asked", move=Move.ASK_MERCHANT, by="", why="")
                    )
                    continue
                standing = self._known()
                await self._wait(standing)
                if self._known() is standing and not self._is_to_ask():
                    await self._follow()
            outcome = self._known().outcome
            if outcome is None:
                raise refusal(code="dispute_undecided", text="It has ended without an outcome.")
            await self._have_plan_follow(outcome)
            await workflow.wait_condition(workflow.all_handlers_finished)
        finally:
            teller.cancel()
        await self._tie.leave()
        # Whoever has asked meanwhile is answered as well.
        await workflow.wait_condition(workflow.all_handlers_finished)
        return outcome

    @workflow.update
    async def begun(self) -> DisputeStanding:
        """Answer once the merchant was asked, for whoever has just opened it."""
        await workflow.wait_condition(
            lambda: self._standing is not None and self._standing.stage is not Stage.OPENED
        )
        return self._known()

    @workflow.update
    async def act(self, asked: AskMove) -> DisputeStanding:
        """Bring it on; the store refuses what may not be done."""
        await workflow.wait_condition(lambda: self._standing is not None and not self._is_to_ask())
        return await self._move(asked)

    @workflow.update
    async def add_evidence(self, asked: AddFile) -> EvidenceAdded:
        """Make a file evidence that was brought in under the id."""
        with self._clock.working():
            command = AddEvidence(
                evidence_id=asked.evidence_id, side=asked.side, at=self._clock.now()
            )
            try:
                return await ask(
                    ADD_EVIDENCE, command, summary=f"Take in a file of the {asked.side}"
                )
            except ActivityError as error:
                raise passed_on(report_of(error)) from error

    @workflow.signal
    def held(self) -> None:
        """The plan waits for it, and the merchant's money."""
        self._is_held = True

    @workflow.signal
    def outcome_heard(self, heard: OutcomeHeard) -> None:
        """The plan has followed the outcome, or will once a payment is over."""
        self._is_heard = True
        self._is_followed = self._is_followed or heard.is_done

    @workflow.signal
    def clock_moved(self, moved: ClockMoved) -> None:
        """The plan's test clock has moved."""
        self._clock.move(moved)

    def _is_to_ask(self) -> bool:
        return self._is_held and self._known().stage is Stage.OPENED

    async def _wait(self, standing: DisputeStanding) -> None:
        what = _WORDS.get(standing.stage, "nobody")
        await self._clock.wait_until(
            lambda: self._known() is not standing or self._is_to_ask(),
            until=None if standing.is_late else standing.due_at,
            summary=f"{what}, late" if standing.is_late else f"until {what}",
        )

    async def _follow(self) -> None:
        with self._clock.working():
            async with self._turn:
                command = FollowDispute(dispute_id=self._start.dispute_id, at=self._clock.now())
                self._learn(await ask(FOLLOW_DISPUTE, command, summary="What is due by now?"))

    async def _move(self, asked: AskMove) -> DisputeStanding:
        with self._clock.working():
            async with self._turn:
                try:
                    found = await self._recorded(asked)
                except ActivityError as error:
                    raise passed_on(report_of(error)) from error
                self._learn(found)
        return found

    async def _recorded(self, asked: AskMove) -> DisputeStanding:
        try:
            is_final = after(stage=self._known().stage, move=asked.move).stage.is_final
        except Refusal:
            # The store says so as well, unless it has made the move before.
            is_final = asked.move is not Move.MERCHANT_ANSWERS
        summary = asked.move.replace("_", " ").capitalize()
        if is_final:
            return await ask(RECORD_OUTCOME, self._made(RecordOutcome, asked), summary=summary)
        return await ask(RECORD_STAGE, self._made(RecordStage, asked), summary=summary)

    def _made(self, kind: type[_MoveT], asked: AskMove) -> _MoveT:
        return kind(
            dispute_id=self._start.dispute_id,
            move_id=asked.move_id,
            move=asked.move,
            by=asked.by or None,
            why=asked.why or None,
            at=self._clock.now(),
        )

    async def _have_plan_follow(self, outcome: Outcome) -> None:
        """Tell the plan until it has followed; the store then knows that nothing is left to do."""
        turn = 0
        while not self._is_followed:
            wait = _TELL_AGAIN_AFTER[min(turn, len(_TELL_AGAIN_AFTER) - 1)]
            with self._clock.working():
                self._is_heard = False
                await self._tell_plan(
                    OutcomeKnown(
                        dispute_id=self._start.dispute_id, outcome=outcome, at=self._clock.now()
                    )
                )
                await _until(lambda: self._is_heard, within=wait, summary="the plan answers")
            await self._rest(within=wait)
            turn += 1
        with self._clock.working():
            command = SettleDispute(dispute_id=self._start.dispute_id, at=self._clock.now())
            self._learn(await ask(SETTLE_DISPUTE, command, summary="The plan has followed it"))

    async def _rest(self, *, within: timedelta) -> None:
        """A plan that lets a payment end first may need the clock to move for that."""
        if self._is_followed:
            return
        resting = asyncio.create_task(
            self._clock.wait_until(
                lambda: self._is_followed, until=None, summary="the plan follows the outcome"
            )
        )
        await _until(lambda: self._is_followed, within=within, summary="then tell the plan again")
        resting.cancel()

    async def _tell_plan(self, known: OutcomeKnown) -> None:
        """One that has ended is looked after by a run of its own."""
        plan_id = self._start.plan_id
        if await _told(plan_workflow_id(plan_id=plan_id), known):
            return
        after_end = refund_after_end_workflow_id(plan_id=plan_id)
        try:
            _ = await workflow.start_child_workflow(
                "RefundAfterEndWorkflow",
                plan_id,
                id=after_end,
                parent_close_policy=ParentClosePolicy.ABANDON,
                static_summary=f"Follow a dispute of {plan_id} after its end",
            )
        except WorkflowAlreadyStartedError:
            workflow.logger.info("somebody looks after the plan already")
        await _told(after_end, known)

    def _learn(self, found: DisputeStanding) -> None:
        self._standing = found
        lines = [f"**{found.outcome or found.stage}** — {self._start.kind}, {found.amount} birr"]
        if found.is_late:
            lines.append("The review is late: staff decide.")
        elif found.due_at is not None:
            lines.append(f"{_WORDS[found.stage]} by {found.due_at:%Y-%m-%d %H:%M} UTC".capitalize())
        workflow.set_current_details("\n\n".join(lines))

    def _known(self) -> DisputeStanding:
        if self._standing is None:
            raise refusal(code="dispute_not_ready", text="The dispute is not known yet.")
        return self._standing


async def _told(workflow_id: str, known: OutcomeKnown) -> bool:
    try:
        await workflow.get_external_workflow_handle(workflow_id).signal("dispute_decided", known)
    except FailureError:
        return False
    return True


async def _until(condition: Callable[[], bool], *, within: timedelta, summary: str) -> None:
    try:
        await workflow.wait_condition(condition, timeout=within, timeout_summary=summary)
    except TimeoutError:
        workflow.logger.info("nothing was heard meanwhile")
