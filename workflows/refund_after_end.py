"""Goods go back or are disputed after their plan has ended, or a payment was none after all.

Its run is over, and the stores know all of it. One run at a time for a plan, so that nobody else
writes to its log meanwhile. A plan that owes something again is in force again, and begun anew.
"""

from collections import deque
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from meqenet.bnpl.states import PlanState
    from workflows.asked_deed import AskedDeed
    from workflows.asking import passed_on, refusal, report_of
    from workflows.clock import ClockMoved, PlanClock
    from workflows.dispute_end import take_outcomes
    from workflows.dispute_messages import (
        DisputeAnswer,
        DisputeOrder,
        OutcomeHeard,
        OutcomeKnown,
        dispute_workflow_id,
    )
    from workflows.dispute_rules import no_dispute, opened_by
    from workflows.disputing import open_dispute
    from workflows.loading_plan import load_plan
    from workflows.messages import PlanAnswer, plan_workflow_id
    from workflows.order_refund import take_goods_back
    from workflows.order_refund_messages import RefundOutlook, TakeGoodsBack
    from workflows.order_refund_rules import repeated, shown
    from workflows.plan import PaymentPlanWorkflow
    from workflows.plan_desk import PlanDesk
    from workflows.replay_messages import ReplayOutlook, ReplayPayment, ReplayRequest
    from workflows.replay_rules import shown as shown_replay
    from workflows.replaying_payments import replay_payment
    from workflows.stored_plan import run_of
    from workflows.support import no_signature, require

_PATIENCE = timedelta(seconds=20)
"""Whoever asks waits: a domain that does not answer by then is told of."""
_ASKED_WITHIN = timedelta(minutes=1)
"""A run is begun by whoever asks; when nobody asks any more, it ends."""


@workflow.defn
class RefundAfterEndWorkflow:
    """Takes goods of a completed plan back, has it follow disputes, and replays its payments.

    One after the other.
    """

    @workflow.init
    def __init__(self, plan_id: str) -> None:
        self._plan_id = plan_id
        self._desk: PlanDesk | None = None
        self._refused: ApplicationError | None = None
        self._asked: deque[AskedDeed] = deque()
        self._outcomes: deque[OutcomeKnown] = deque()

    @workflow.update
    async def refund_order(self, request: TakeGoodsBack) -> PlanAnswer:
        """Take goods back; answers once that is recorded and posted."""
        desk = await self._ready()
        if not repeated(desk, request):
            await self._have_done(AskedDeed(deed=request))
        return PlanAnswer(plan_id=desk.plan_id, state=desk.life.state)

    @workflow.update
    async def order_refund(self, request: TakeGoodsBack) -> RefundOutlook:
        """What the refund would do now; or why it is refused."""
        return shown(await self._ready(), request)

    @workflow.update
    async def dispute_order(self, request: DisputeOrder) -> DisputeAnswer:
        """Have the merchant's money wait; answers once that is recorded and posted."""
        desk = await self._ready()
        if opened_by(desk, request) is None:
            require(no_dispute(desk, request))
        await self._have_done(AskedDeed(deed=request))
        return DisputeAnswer(dispute_id=opened_by(desk, request) or "")

    @workflow.signal
    def dispute_decided(self, known: OutcomeKnown) -> None:
        """A dispute is over: the plan follows its outcome."""
        self._outcomes.append(known)

    @workflow.update
    async def replay_preview(self, request: ReplayRequest) -> ReplayOutlook:
        """What would become of the plan; or why it is refused. Nothing is stored."""
        return await shown_replay(await self._ready(), request)

    @workflow.update
    async def replay_payment(self, request: ReplayPayment) -> PlanAnswer:
        """Reverse a payment, date it back, or call it a repetition; what came after pays anew."""
        desk = await self._ready()
        await self._have_done(AskedDeed(deed=request))
        return PlanAnswer(plan_id=desk.plan_id, state=desk.life.state)

    @replay_payment.validator
    def _is_signed(self, request: ReplayPayment) -> None:
        require(no_signature(request))

    @workflow.run
    async def run(self, plan_id: str) -> None:
        """Serve whoever asks."""
        del plan_id  # kept by the initialiser
        await self._load()
        if self._desk is None:
            await self._put_off()
        while self._desk is not None:
            try:
                await workflow.wait_condition(
                    self._has_work,
                    timeout=_ASKED_WITHIN,
                    timeout_summary="until nobody asks any more",
                )
            except TimeoutError:
                if not self._has_work():
                    break
            await self._serve(self._desk)
            if self._desk.life.state is not PlanState.COMPLETED:
                await self._begin_anew()
                # What was decided meanwhile is told to the plan's own run.
                await self._put_off()
                break
        while self._asked:
            late = self._asked.popleft()
            text = "The plan is in force again; ask again in a moment."
            late.refused, late.done = refusal(code="plan_not_ended", text=text), True
        await workflow.wait_condition(workflow.all_handlers_finished)

    def _has_work(self) -> bool:
        return bool(self._asked or self._outcomes)

    async def _serve(self, desk: PlanDesk) -> None:
        for known in self._outcomes:
            _come_to(desk, known.at)
        desk.outcomes.extend(self._outcomes)
        self._outcomes.clear()
        await take_outcomes(desk)
        if not self._asked:
            return
        asked = self._asked.popleft()
        match asked.deed:
            case TakeGoodsBack():
                asked.refused = await take_goods_back(desk, asked.deed)
            case DisputeOrder():
                _come_to(desk, asked.deed.clock_now)
                asked.refused = await open_dispute(desk, asked.deed)
            case ReplayPayment():
                asked.refused = await replay_payment(desk, asked.deed)
            case _:
                asked.refused = refusal(code="plan_closed", text="The plan has ended.")
        asked.done = True

    async def _have_done(self, asked: AskedDeed) -> None:
        self._asked.append(asked)
        await workflow.wait_condition(lambda: asked.done)
        if asked.refused is not None:
            raise asked.refused

    async def _put_off(self) -> None:
        """The plan's own process is at work, or will be: whoever has told an outcome tells it."""
        for known in self._outcomes:
            run = workflow.get_external_workflow_handle(
                dispute_workflow_id(dispute_id=known.dispute_id)
            )
            try:
                await run.signal("outcome_heard", OutcomeHeard(is_done=False))
            except FailureError:
                workflow.logger.info("the dispute's run has ended meanwhile")

    async def _begin_anew(self) -> None:
        """The plan owes something again: a run of its own goes on from the stores."""
        stored = await load_plan(plan_id=self._plan_id, patience=_PATIENCE)
        # Started, not awaited: the plan has a life of its own.
        _ = await workflow.start_child_workflow(
            PaymentPlanWorkflow.run,
            run_of(stored),
            id=plan_workflow_id(plan_id=self._plan_id),
            parent_close_policy=ParentClosePolicy.ABANDON,
            # Its run before has come to the plan's end, which was none.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=f"{self._plan_id}, in force again",
        )

    async def _load(self) -> None:
        try:
            stored = await load_plan(plan_id=self._plan_id, patience=_PATIENCE)
        except ActivityError as error:
            self._refused = passed_on(report_of(error))
            return
        begun = run_of(stored)
        if not stored.plan.ended or begun.life is None:
            text = "The plan's own process is at work; look again in a moment."
            self._refused = refusal(code="plan_not_ended", text=text)
        elif begun.life.state is not PlanState.COMPLETED:
            text = f"Nothing of a plan that is {begun.life.state} goes back."
            self._refused = refusal(code="plan_not_in_force", text=text)
        else:
            clock = PlanClock(begun.life.clock)
            self._desk = PlanDesk(application=begun.application, life=begun.life, clock=clock)

    async def _ready(self) -> PlanDesk:
        await workflow.wait_condition(lambda: self._desk is not None or self._refused is not None)
        if self._desk is None:
            raise self._refused or ApplicationError("neither loaded nor refused")
        return self._desk


def _come_to(desk: PlanDesk, now: datetime | None) -> None:
    """A plan that has ended has left its test clock, which goes on."""
    if now is not None:
        desk.clock.move(ClockMoved(now=now, turn=desk.clock.turn + 1))
