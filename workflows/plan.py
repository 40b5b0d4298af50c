"""A payment plan's whole life, as one durable workflow."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.contracts import bnpl
    from meqenet.bnpl.states import PlanState
    from workflows.activation import activate
    from workflows.asked_deed import AskedDeed
    from workflows.asking import ask, refusal
    from workflows.becoming_active import decide_credit, make_offer, open_plan, verify_identity
    from workflows.checkout_payment import take_first_payment
    from workflows.clock import ClockMoved, ClockReading, PlanClock
    from workflows.clock_tie import ClockTie
    from workflows.collection import InstallmentCollectionWorkflow
    from workflows.dispute_updates import DisputeUpdates
    from workflows.fee_updates import FeeUpdates
    from workflows.hardship_rules import hardship_deeds
    from workflows.living import live
    from workflows.loss_updates import LossUpdates
    from workflows.messages import (
        Accept,
        Apply,
        Cancel,
        MarkUnreachable,
        MoneyCame,
        PauseCollection,
        PlanAnswer,
        ResumeCollection,
        RetryInstallment,
        RetryMoneyOut,
        ReturnFromIdentity,
        SupportStanding,
    )
    from workflows.news import CollectionNews
    from workflows.order_capture_rules import void_deeds
    from workflows.order_capture_updates import OrderCaptureUpdates
    from workflows.payment_updates import PaymentUpdates
    from workflows.payout_words import PayoutWords
    from workflows.plan_desk import (
        MERCHANT_ID,
        PAYMENT_OPTION,
        PlanDesk,
        PlanEnded,
    )
    from workflows.plan_life import PlanLife, PlanOutcome, PlanRun
    from workflows.replay_rules import replay_deeds
    from workflows.replay_updates import ReplayUpdates
    from workflows.resuming import go_on, take_up
    from workflows.support import (
        no_marking,
        no_pause,
        no_payout_retry,
        no_refund_retry,
        no_resuming,
        no_retry,
        no_signature,
        require,
        standing_of,
    )
    from workflows.wallet_updates import WalletUpdates

_BEFORE_ACTIVE = (
    PlanState.APPLIED,
    PlanState.IDENTITY_REQUIRED,
    PlanState.OFFERED,
    PlanState.ACCEPTED,
)


_DEEDS_RECORDED = "support-deeds-recorded"
_IN_FORCE = (PlanState.ACTIVE, PlanState.PAST_DUE, PlanState.COMPLETED)


class PlanHalted(Exception):
    """A step failed in a way that no phase foresees.

    It is no failure of the workflow: the run stays where it is, in sight of an operator, and goes
    on from there once the cause is mended.
    """


def _too_late_to_cancel(state: PlanState) -> ApplicationError:
    return refusal(
        code="plan_not_cancellable", text=f"A plan that is {state} cannot be cancelled any more."
    )


@workflow.defn
class PaymentPlanWorkflow(
    PaymentUpdates,
    WalletUpdates,
    FeeUpdates,
    LossUpdates,
    OrderCaptureUpdates,
    DisputeUpdates,
    ReplayUpdates,
    PayoutWords,
):
    """One per plan. Phases follow each other in ``run``; updates only leave a word for them."""

    @workflow.init
    def __init__(self, start: PlanRun) -> None:
        application = start.application
        life = start.life or PlanLife()
        reading = life.clock
        if start.life is None and application.test_clock_now is not None:
            reading = ClockReading(now=application.test_clock_now, turn=0)
        self._desk = PlanDesk(application=application, life=life, clock=PlanClock(reading))
        if start.left_off is not None:
            take_up(self._desk, start.left_off)
        self._tie = ClockTie(
            bound_id=application.plan_id,
            clock_id=application.test_clock_id,
            clock=self._desk.clock,
            of=self._desk,
            told=life.reported,
        )
        self._refused: FailureError | None = None
        self._over = False

    @workflow.run
    async def run(self, start: PlanRun) -> PlanOutcome:
        """Live the plan. A refused application fails the run, so that it may be made anew."""
        desk = self._desk
        workflow.upsert_search_attributes(
            [
                PAYMENT_OPTION.value_set(start.application.option),
                MERCHANT_ID.value_set(start.application.merchant_id),
            ]
        )
        joins = desk.left_off is not None
        teller = asyncio.create_task(self._tie.tell_when_at_rest(joins=joins))
        try:
            completed = await self._live(start)
        except FailureError as error:
            if desk.life.terms is not None:
                raise PlanHalted(str(error)) from error
            self._refused = error
            self._over = True
            await workflow.wait_condition(workflow.all_handlers_finished)
            raise
        self._over = completed
        teller.cancel()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not completed:
            desk.life.clock = desk.clock.reading
            desk.life.reported = self._tie.told
            desk.life.collections_since_roll = 0
            workflow.continue_as_new(PlanRun(application=start.application, life=desk.life))
        await self._tie.leave()
        await ask(
            bnpl.END_PROCESS,
            bnpl.EndProcess(plan_id=desk.plan_id, at=desk.clock.now()),
            summary="All is done",
        )
        # Whoever has looked at it meanwhile is answered as well.
        await workflow.wait_condition(workflow.all_handlers_finished)
        return PlanOutcome(plan_id=desk.plan_id, state=desk.life.state)

    async def _live(self, start: PlanRun) -> bool:
        desk = self._desk
        try:
            if start.left_off is not None:
                await go_on(desk, start.left_off)
            elif start.life is None:
                await open_plan(desk)
                identity = await verify_identity(desk)
                await decide_credit(desk, identity)
                await make_offer(desk)
                await activate(desk, await take_first_payment(desk))
                desk.answer()
        except PlanEnded:
            return True
        while not await live(desk):
            await workflow.wait_condition(
                lambda: workflow.all_handlers_finished() or desk.has_work()
            )
            if not desk.has_work():
                return False
        return True

    @workflow.update
    async def apply(self, request: Apply) -> PlanAnswer:
        """Sent with start: answers once the plan waits for the customer, or is refused."""
        del request  # the validator has compared it
        await workflow.wait_condition(
            lambda: self._over or self._desk.life.state is not PlanState.APPLIED
        )
        if self._refused is not None:
            raise self._refused
        return self._answer()

    @apply.validator
    def _same_application(self, request: Apply) -> None:
        if request.request_hash != self._desk.application.request_hash:
            raise refusal(
                code="reference_reused",
                text="reference: a plan with other content has been started under it",
                field="reference",
            )

    @workflow.update
    async def return_from_identity(self, request: ReturnFromIdentity) -> PlanAnswer:
        """The customer is back from Fayda: answers with the offer, a refusal, or a new login."""
        before = self._desk.answered
        self._desk.returned = request
        return await self._answer_after(before)

    @return_from_identity.validator
    def _is_awaited_login(self, request: ReturnFromIdentity) -> None:
        desk = self._desk
        if desk.life.state is not PlanState.IDENTITY_REQUIRED or desk.returned is not None:
            raise refusal(code="login_not_awaited", text="state: no login is awaited now")
        if request.state != desk.login_state:
            raise refusal(
                code="identity_state_mismatch",
                text="state: this is not the login that the plan waits for; open the newest link",
                field="state",
            )

    @workflow.update
    async def accept(self, request: Accept) -> PlanAnswer:
        """The customer signs (or tries a failed payment at checkout again)."""
        before = self._desk.answered
        self._desk.accepted = request
        return await self._answer_after(before)

    @accept.validator
    def _is_offered(self, request: Accept) -> None:
        del request
        desk = self._desk
        if desk.cancel is not None or desk.accepted is not None:
            raise refusal(code="plan_not_offered", text="The plan is past its acceptance.")
        if desk.life.state not in (PlanState.OFFERED, PlanState.ACCEPTED):
            raise refusal(
                code="plan_not_offered",
                text=f"A plan that is {desk.life.state} cannot be accepted.",
            )

    @workflow.update
    async def cancel(self, request: Cancel) -> PlanAnswer:
        """End the plan before it is active; what was collected goes back to the customer."""
        desk = self._desk
        if desk.cancel is None:
            desk.cancel = request
        await workflow.wait_condition(lambda: self._over or desk.life.state not in _BEFORE_ACTIVE)
        if desk.life.state in _IN_FORCE:
            raise _too_late_to_cancel(desk.life.state)
        return self._answer()

    @cancel.validator
    def _may_be_cancelled(self, request: Cancel) -> None:
        del request
        desk = self._desk
        if desk.life.state is PlanState.CANCELLED:
            return
        if desk.activating or desk.life.state not in _BEFORE_ACTIVE:
            raise _too_late_to_cancel(desk.life.state)

    @workflow.update
    async def retry_installment(self, request: RetryInstallment) -> PlanAnswer:
        """Collect a failed installment again now, or end the wait before its next attempt."""
        desk = self._desk
        collection = desk.active.get(request.number)
        if workflow.patched(_DEEDS_RECORDED):
            installment = desk.life.installment(number=request.number)
            planned_at = None
            if collection is not None:
                # From here on its attempt is under way: whoever presses next is told so.
                planned_at, installment.next_attempt_at = installment.next_attempt_at, None
            return await self._have_done(AskedDeed(deed=request, planned_at=planned_at))
        if collection is not None:
            await collection.handle.signal(InstallmentCollectionWorkflow.retry_now)
        else:
            desk.retries[request.number] = request.who
            await workflow.wait_condition(lambda: request.number not in desk.retries)
        return self._answer()

    @retry_installment.validator
    def _may_be_retried(self, request: RetryInstallment) -> None:
        desk, number = self._desk, request.number
        no = no_signature(request) or no_retry(desk, number=number, in_batch=request.in_batch)
        require(no)

    @workflow.update
    async def pause_collection(self, request: PauseCollection) -> PlanAnswer:
        """Try nothing by itself until a date, or until it is resumed."""
        return await self._have_done(AskedDeed(deed=request))

    @pause_collection.validator
    def _may_be_paused(self, request: PauseCollection) -> None:
        require(no_signature(request) or no_pause(self._desk, until=request.until))

    @workflow.update
    async def mark_unreachable_until(self, request: MarkUnreachable) -> PlanAnswer:
        """Make no attempt before a date: the customer cannot be reached."""
        return await self._have_done(AskedDeed(deed=request))

    @mark_unreachable_until.validator
    def _may_be_unreachable(self, request: MarkUnreachable) -> None:
        require(no_signature(request) or no_marking(self._desk, until=request.until))

    @workflow.update
    async def resume_collection(self, request: ResumeCollection) -> PlanAnswer:
        """End a pause, or say that the customer can be reached again."""
        return await self._have_done(AskedDeed(deed=request))

    @resume_collection.validator
    def _may_be_resumed(self, request: ResumeCollection) -> None:
        require(no_signature(request) or no_resuming(self._desk))

    @workflow.update
    async def retry_refund(self, request: RetryMoneyOut) -> PlanAnswer:
        """Send a refused return of a checkout payment again, under a new id."""
        desk = self._desk
        desk.refunds_asked += 1
        if workflow.patched(_DEEDS_RECORDED):
            asked = desk.refund_asked = AskedDeed(deed=request)
            await workflow.wait_condition(lambda: asked.done)
        return self._answer()

    @retry_refund.validator
    def _refund_was_refused(self, request: RetryMoneyOut) -> None:
        require(no_signature(request) or no_refund_retry(self._desk))

    @workflow.update
    async def retry_payout(self, request: RetryMoneyOut) -> PlanAnswer:
        """Send a refused payout again, under a new id, to the account now on file."""
        if workflow.patched(_DEEDS_RECORDED):
            return await self._have_done(AskedDeed(deed=request))
        self._desk.payouts_asked += 1
        await workflow.wait_condition(lambda: self._desk.payouts_asked == 0)
        return self._answer()

    @retry_payout.validator
    def _payout_was_refused(self, request: RetryMoneyOut) -> None:
        require(no_signature(request) or no_payout_retry(self._desk))

    @workflow.query
    def support(self) -> SupportStanding:
        """What staff may have the plan do now; why not, where not."""
        desk = self._desk
        further = (*hardship_deeds(desk), *void_deeds(desk), *replay_deeds(desk))
        return standing_of(desk, further=further)

    @workflow.signal
    def collection_news(self, news: CollectionNews) -> None:
        """A collection tells what happened."""
        self._desk.take_news(news)

    @workflow.signal
    def money_came(self, came: MoneyCame) -> None:
        """There is money for an installment, of an attempt that nobody was waiting for."""
        self._desk.take_word_of_money(came.number)

    @workflow.signal
    async def clock_moved(self, moved: ClockMoved) -> None:
        """The plan's test clock has moved."""
        await self._desk.move_clock(moved)

    @workflow.query
    def state(self) -> str:
        """The plan's state, for operators; everything else is in the bnpl store."""
        return self._desk.life.state

    @workflow.query
    def return_url(self) -> str | None:
        """Where the shopper's browser goes back to, if the checkout named a place."""
        return self._desk.application.return_url

    def _answer(self) -> PlanAnswer:
        return PlanAnswer(plan_id=self._desk.plan_id, state=self._desk.life.state)

    async def _have_done(self, asked: AskedDeed) -> PlanAnswer:
        """Leave the deed for the main coroutine; answers once what it changes can be seen."""
        desk = self._desk
        desk.deeds.append(asked)
        await workflow.wait_condition(lambda: self._over or (asked.done and not desk.moved))
        if not asked.done:
            state = self._desk.life.state
            text = f"Nothing is collected of a plan that is {state}."
            raise refusal(code="plan_not_in_force", text=text)
        if asked.refused is not None:
            raise asked.refused
        return self._answer()

    async def _answer_after(self, before: int) -> PlanAnswer:
        await workflow.wait_condition(lambda: self._over or self._desk.answered > before)
        return self._answer()
