"""The plan's desk: what phases of a plan's life share — memory, clock, log, children, messages."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ChildWorkflowHandle, ParentClosePolicy

from activities.contracts import bnpl, credit, marketplace
from activities.contracts.bnpl import NextAction
from meqenet.bnpl.events import PlanDeclined, PlanEvent
from meqenet.bnpl.products import ProductVersion
from meqenet.bnpl.states import PlanState
from meqenet.credit.holds import Release
from meqenet.identity import OWN_PAYMENT_FROM
from workflows.asked_deed import AskedDeed
from workflows.asked_payment import AskedPayment
from workflows.asking import ask
from workflows.clock import ClockMoved, PlanClock
from workflows.collection import InstallmentCollectionWorkflow
from workflows.dispute_messages import OutcomeKnown
from workflows.messages import (
    Accept,
    Application,
    Cancel,
    ReturnFromIdentity,
    collection_workflow_id,
    notice_id_of,
    notice_workflow_id,
)
from workflows.news import (
    CollectionEnd,
    CollectionNews,
    CollectionOrder,
    CollectionResult,
    NewsKind,
)
from workflows.notice import MerchantNoticeWorkflow
from workflows.orphans import when_free
from workflows.payday_messages import PayoutNews
from workflows.plan_life import InstallmentLife, LeftOff, PlanLife
from workflows.turns import of_merchant

PLAN_STATE = SearchAttributeKey.for_keyword("PlanState")
PAYMENT_OPTION = SearchAttributeKey.for_keyword("PaymentOption")
MERCHANT_ID = SearchAttributeKey.for_keyword("MerchantId")
NEXT_DUE_AT = SearchAttributeKey.for_datetime("NextDueAt")
_CLOCK_FOLLOWS = "clock-follows-collection"
_TELLS_CHANGES = "lists-told-of-changes"
DAYS_PAST_DUE = SearchAttributeKey.for_int("DaysPastDue")


class PlanEnded(Exception):
    """Raised by a phase after it has recorded the plan's end."""


@dataclass
class ActiveCollection:
    """A child at work; ``told_turn`` is the last test-clock turn at which it was at rest."""

    handle: ChildWorkflowHandle[InstallmentCollectionWorkflow, CollectionResult]
    waiter: asyncio.Task[None]
    told_turn: int = -1
    next_wake: datetime | None = None


@dataclass
class PlanDesk:
    """Everything about one plan inside its workflow. Only the main coroutine records events."""

    application: Application
    life: PlanLife
    clock: PlanClock
    left_off: LeftOff | None = None
    """What a lost run has left behind, when this one goes on from the stores."""
    returned: ReturnFromIdentity | None = None
    accepted: Accept | None = None
    cancel: Cancel | None = None
    login_state: str | None = None
    activating: bool = False
    refunds_asked: int = 0
    payouts_asked: int = 0
    retries: dict[int, str] = field(default_factory=dict)
    deeds: deque[AskedDeed] = field(default_factory=deque)
    """What staff have asked an active plan for."""
    refund_refused: bool = False
    """A refused refund waits for a member of staff."""
    refund_asked: AskedDeed | None = None
    outcomes: deque[OutcomeKnown] = field(default_factory=deque)
    """How disputes have ended, as their runs tell."""
    deferred: dict[str, OutcomeKnown] = field(default_factory=dict)
    """Those of them that wait until nothing is under way that may bring money."""
    came: deque[int] = field(default_factory=deque)
    """Installments for which money has come that nobody was waiting for."""
    product: ProductVersion | None = None
    """Under which the plan lives; read from its terms when it is first asked for."""
    moved: dict[int, datetime] = field(default_factory=dict)
    """Collections that are being stopped to go on at another time, or with another amount."""
    unmoved: set[int] = field(default_factory=set)
    """Those of them whose time stays: no event tells of a move."""
    parked: dict[int, datetime] = field(default_factory=dict)
    """Collections that a payment has set aside, and when their next attempt is to be made."""
    pay_asked: AskedPayment | None = None
    """A payment that the customer wants to make."""
    news: deque[CollectionNews] = field(default_factory=deque)
    results: deque[CollectionResult] = field(default_factory=deque)
    active: dict[int, ActiveCollection] = field(default_factory=dict)
    payout_answers: deque[PayoutNews] = field(default_factory=deque)
    paying: asyncio.Task[None] | None = None
    answered: int = 0
    """Counts the moments at which whoever asked something can be answered."""
    action: NextAction | None = None
    """What the customer was last shown to have to do."""
    listed: dict[str, object] = field(default_factory=dict)
    """What this run has told of the plan to lists, by search attribute."""
    told: str | None = None  # the newest notice that this run has begun
    recorded_at: datetime | None = None
    """When the newest event was, by the plan's clock."""

    @property
    def plan_id(self) -> str:
        """The plan's id."""
        return self.application.plan_id

    @property
    def account_reference(self) -> str:
        """At most 12 letters and digits that the customer sees on the phone."""
        return self.plan_id.removeprefix("pln_")[:12].upper()

    async def record(
        self,
        event: PlanEvent,
        *,
        state: PlanState,
        step: str,
        step_at: datetime | None = None,
        action: NextAction | None = None,
    ) -> None:
        """Append an event to the plan's log, and show the plan's new state to operators."""
        at = self.clock.now()
        await ask(
            bnpl.RECORD_EVENT,
            bnpl.RecordEvent(
                plan_id=self.plan_id,
                sequence=self.life.sequence + 1,
                event=event,
                state=state,
                next_action=action,
                next_step=step,
                next_step_at=step_at,
                at=at,
            ),
            summary=f"Record {event.kind.replace('_', ' ')}",
        )
        self.life.sequence += 1
        self.recorded_at = at
        self.action = action
        self.life.state = state
        self.show(step=step, step_at=step_at)

    def show(self, *, step: str, step_at: datetime | None) -> None:
        """Search attributes and details for whoever opens the run. No private data."""
        self.tell_lists(
            PLAN_STATE.value_set(self.life.state.value),
            NEXT_DUE_AT.value_set(step_at) if step_at else NEXT_DUE_AT.value_unset(),
        )
        lines = [f"**{self.life.state.value}** — next: {step}"]
        if step_at is not None:
            lines[0] += f" at {step_at:%Y-%m-%d %H:%M} UTC"
        dispute = self.life.account.dispute
        if dispute is not None:
            waits = ", ".join(str(number) for number in dispute.waiting) or "none"
            lines += ["", f"{dispute.amount} birr in dispute; installments that wait: {waits}"]
        if self.life.installments:
            lines += ["", "| # | due | birr | state | attempts |", "|---|---|---|---|---|"]
            lines += [
                f"| {i.planned.number} | {i.planned.due_on} | {self._amounts(i)} "
                f"| {i.state.value} | {i.attempts} |"
                for i in self.life.installments
            ]
        workflow.set_current_details("\n".join(lines))

    def _amounts(self, installment: InstallmentLife) -> str:
        """What the schedule asks for, and what lateness has added."""
        fees = self.life.account.fees_owed(number=installment.planned.number)
        return f"{installment.planned.amount}" + (f" + {fees}" if fees else "")

    def tell_lists(self, *told: SearchAttributeUpdate[Any]) -> None:
        """Change what lists of plans show of this one; what has not changed is not told again."""
        if workflow.patched(_TELLS_CHANGES):
            told = tuple(
                each
                for each in told
                if each.key.name not in self.listed or self.listed[each.key.name] != each.value
            )
        self.listed.update({each.key.name: each.value for each in told})
        if told:
            workflow.upsert_search_attributes(told)

    def has_work(self) -> bool:
        """Whether an active plan has something to take in."""
        return bool(
            self.news
            or self.results
            or self.payout_answers
            or self.retries
            or self.payouts_asked
            or self.deeds
            or self.came
            or self.outcomes
            or (self.deferred and self.is_quiet())
            or self.pay_asked
            or self.life.can_take_bill(active=self.active, now=self.clock.now())
        )

    def is_quiet(self) -> bool:
        """Whether nothing is under way that may bring money; what waits for its time is not."""
        if self.life.payment is not None or self.pay_asked is not None or self.moved:
            return False
        waits = (self.life.installment(number=number).next_attempt_at for number in self.active)
        return all(at is not None and at > self.clock.now() for at in waits)

    def cancel_is_new(self) -> bool:
        """Whether the checkout has cancelled and that is not on record yet."""
        return self.cancel is not None and self.life.state is not PlanState.CANCELLED

    def answer(self) -> None:
        """Whoever waits for the plan's answer can have it now."""
        self.answered += 1

    async def decline(self, *reasons: tuple[str, str]) -> None:
        """Record that there will be no plan, and end it."""
        await self.record(PlanDeclined(reasons=reasons), state=PlanState.DECLINED, step="none")
        await self.close_order(marketplace.OrderOutcome.DECLINED)
        raise PlanEnded

    async def release_hold(self) -> None:
        """Give the held credit limit back."""
        is_late = self.life.state is PlanState.EXPIRED
        await ask(
            credit.RELEASE_HOLD,
            credit.ReleaseHold(
                plan_id=self.plan_id,
                at=self.clock.now(),
                released_as=Release.EXPIRED if is_late else Release.VOIDED,
            ),
            summary="Give the held limit back",
        )

    async def close_order(self, outcome: marketplace.OrderOutcome) -> None:
        """Tell the marketplace how the order ended, and the merchant by a notice."""
        if self.left_off is None or self.left_off.order_placed:
            await ask(
                marketplace.CLOSE_ORDER,
                marketplace.CloseOrder(plan_id=self.plan_id, outcome=outcome, at=self.clock.now()),
                summary=f"Order {outcome}",
            )
        await self.tell_merchant(f"plan.{outcome}")

    async def tell_merchant(self, kind: str) -> None:
        """Start a notice of the newest event; it outlives the plan, and its failure is its own.

        The event makes the notice's id and its time, so that whoever starts it again after its
        loss tells the merchant the very same.
        """
        notice_id = notice_id_of(plan_id=self.plan_id, sequence=self.life.sequence)
        try:
            _ = await workflow.start_child_workflow(
                MerchantNoticeWorkflow.run,
                marketplace.DeliverNotice(
                    notice_id=notice_id,
                    merchant_id=self.application.merchant_id,
                    plan_id=self.plan_id,
                    reference=self.application.reference,
                    kind=kind,
                    at=self.recorded_at or self.clock.now(),
                    after=self.told,
                ),
                id=notice_workflow_id(notice_id=notice_id),
                parent_close_policy=ParentClosePolicy.ABANDON,
                priority=of_merchant(self.application.merchant_id),
                static_summary=f"{kind} to the merchant",
            )
        except WorkflowAlreadyStartedError:
            workflow.logger.info("the merchant is being told already")
        self.told = notice_id

    def paid_at(self, result: CollectionResult) -> datetime:
        """When it was paid by the plan's clock; a provider lives in real time, a test clock not.

        In real time the provider's word counts: we may have heard of it days later.
        """
        if self.clock.reading is not None or result.paid_at is None:
            return self.clock.now()
        return min(result.paid_at, self.clock.now())

    async def start_collection(self, order: CollectionOrder) -> None:
        """Start a child that collects an installment; its result arrives in ``results``."""
        child_id = collection_workflow_id(installment_id=order.installment_id)
        # A checkout has a deadline, and somebody who stands at it.
        at_checkout = order.deadline is not None
        turn = of_merchant(self.application.merchant_id, is_urgent=at_checkout)
        handle = await when_free(
            lambda: workflow.start_child_workflow(
                InstallmentCollectionWorkflow.run,
                order,
                id=child_id,
                parent_close_policy=ParentClosePolicy.ABANDON,
                static_summary=f"Installment {order.number}: {order.amount} birr",
                priority=turn,
            ),
            orphan_id=child_id,
            ask_to_stop=True,
        )
        waiter = asyncio.create_task(self._await_result(order.number, handle))
        self.active[order.number] = ActiveCollection(handle=handle, waiter=waiter)
        reading = self.clock.reading
        if reading is None or reading == order.clock:
            return
        if self.left_off is not None or workflow.patched(_CLOCK_FOLLOWS):
            # A plan that was begun again is told the time whenever it comes, and passes it on; so
            # is one whose staff have something collected while an integrator moves the clock.
            await self.move_clock(ClockMoved(now=reading.now, turn=reading.turn))

    async def stop_collection(self, *, number: int) -> None:
        """Have a collection make no further attempt; its result tells what it has come to."""
        collection = self.active.get(number)
        if collection is None:
            return
        try:
            await collection.handle.signal(InstallmentCollectionWorkflow.stop)
        except FailureError:
            workflow.logger.info("a collection ended while it was to be stopped")

    async def _await_result(
        self,
        number: int,
        handle: ChildWorkflowHandle[InstallmentCollectionWorkflow, CollectionResult],
    ) -> None:
        try:
            result = await handle
        except FailureError:
            # Terminated by an operator, or a rule refused its attempt: nothing was collected by
            # it that the payments store does not know; a person looks and retries.
            result = CollectionResult(
                number=number,
                end=CollectionEnd.FAILED,
                attempts=1
                if number > OWN_PAYMENT_FROM
                else self.life.installment(number=number).attempts + 1,
                cause="collection_lost",
            )
        del self.active[number]
        self.results.append(result)

    async def move_clock(self, moved: ClockMoved) -> None:
        """Take the test clock's word and hand it on to the collections at work."""
        self.clock.move(moved)
        for collection in list(self.active.values()):
            try:
                await collection.handle.signal(InstallmentCollectionWorkflow.clock_moved, moved)
            except FailureError:
                workflow.logger.info("a collection ended while the clock moved")

    def take_news(self, news: CollectionNews) -> None:
        """A collection tells: rest is noted at once, the rest waits for the main coroutine."""
        if news.kind is not NewsKind.AT_REST:
            self.news.append(news)
            return
        collection = self.active.get(news.number)
        if collection is not None:
            collection.told_turn = news.turn
            collection.next_wake = news.next_attempt_at

    def take_word_of_money(self, number: int) -> None:
        """There is money for an installment: an active plan takes it as soon as it can.

        At checkout it is as if the customer had tried again: no second payment is asked for, as
        the payments domain knows of the first. What cannot be taken now is told again.
        """
        if self.life.state is PlanState.ACCEPTED and not self.active and self.accepted is None:
            self.accepted = Accept(agreement_version="")
        elif self.life.payout is not None and number not in self.came:
            self.came.append(number)

    def at_rest(self) -> bool:
        """Whether everything that was due at the test clock's time is done."""
        if self.has_work() or self.paying or self.moved or not self.clock.at_rest():
            return False
        return all(c.told_turn >= self.clock.turn for c in self.active.values())

    def next_wake(self) -> datetime | None:
        """When something is due next, in the plan or in a collection of it."""
        wakes = [self.clock.next_wake(), *(c.next_wake for c in self.active.values())]
        return min((wake for wake in wakes if wake is not None), default=None)
