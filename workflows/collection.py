"""One installment's collection: attempts at set distances until paid, failed, or stopped."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.collecting import NO_POLICY, NextAttemptPlanned
    from activities.contracts.payments import AttemptStanding, AttemptState, Channel
    from meqenet.calendar import at_addis
    from meqenet.identity import attempt_id
    from meqenet.money import Money
    from meqenet.payments.rail import RailStatus
    from workflows.asking import report_of
    from workflows.attempt import Attempt
    from workflows.attempt_planner import AttemptPlanner, Way, way_of
    from workflows.clock import ClockMoved, PlanClock
    from workflows.collection_end import ended_after, ended_unsent
    from workflows.collection_news import attempt_failed, customer_asked, part_paid
    from workflows.late_money import LateMoney, follow_money, settled
    from workflows.late_words import store_late_word
    from workflows.messages import PaymentReported, plan_workflow_id
    from workflows.news import (
        CollectionNews,
        CollectionOrder,
        CollectionResult,
        NewsKind,
    )
    from workflows.parts import Parts

_LATE_MAX = timedelta(minutes=10)
"""After the deadline the provider closes its order; the order is watched this much longer."""
_CHECKOUT_MINUTES_MAX = 120
"""Telebirr's ``timeout_express`` takes 1 to 120 minutes (providers.md 1.6)."""
_PLANS_MAX = 3
"""An attempt whose mandate keeps changing is made after so many plans: its answer will tell."""
_REQUEST_OPEN = timedelta(minutes=_CHECKOUT_MINUTES_MAX)
"""So long a customer can pay on the page to which a payment request leads."""
_LATE_MONEY = "late-money"


@workflow.defn
class InstallmentCollectionWorkflow:
    """Collects one installment. Never has two orders open; never sends one whose fate is open."""

    @workflow.init
    def __init__(self, order: CollectionOrder) -> None:
        self._order = order
        self._clock = PlanClock(order.clock)
        self._reported: dict[str, PaymentReported] = {}
        self._stop = order.is_unwanted
        self._retry_now = False
        self._money_came = False
        self._paid: AttemptStanding | None = None
        self._parts = Parts()
        self._chosen: str | None = None
        self._made = order.first_attempt - 1
        self._told: tuple[int, datetime | None] | None = None
        self._attempt: Attempt | None = None
        self._what = f"Installment {order.number}, {order.amount} birr"

    @workflow.run
    async def run(self, order: CollectionOrder) -> CollectionResult:
        """Collect. The result names the attempt that brought the money, or the last cause."""
        del order  # kept by the initialiser
        workflow.set_current_details(self._what)
        teller = asyncio.create_task(self._tell_when_at_rest())
        result = await self._collect()
        await self._keep_late_words()
        teller.cancel()
        self._show(f"{result.end} after attempt {result.attempts}")
        await workflow.wait_condition(workflow.all_handlers_finished)
        return result

    @workflow.signal
    def payment_reported(self, report: PaymentReported) -> None:
        """A provider's callback; kept for the attempt that it names."""
        unread = self._reported.get(report.answer.order_id)
        if unread is None or unread.is_hint or not report.is_hint:
            self._reported[report.answer.order_id] = report

    @workflow.signal
    def clock_moved(self, moved: ClockMoved) -> None:
        """The plan's test clock has moved."""
        self._clock.move(moved)

    @workflow.signal
    def stop(self) -> None:
        """The plan no longer wants the money: make no further attempt."""
        self._stop = True

    @workflow.signal
    def retry_now(self) -> None:
        """Do not wait for the set distance: try again now."""
        self._retry_now = True

    @workflow.signal
    def pay_by(self, wallet_id: str) -> None:
        """The customer wants to pay from this wallet: ask it now, and go on with it."""
        if self._order.policy is not None:
            self._chosen = wallet_id

    @workflow.signal
    def money_came(self) -> None:
        """Money of an attempt that had failed is there: take it before anything is sent again."""
        self._money_came = True

    async def _collect(self) -> CollectionResult:
        planner = AttemptPlanner(order=self._order, clock=self._clock)
        if planner.policy is None:
            return await self._collect_by_dates(planner, way_of(self._order))
        number, way = self._order.first_attempt, way_of(self._order)
        if not self._order.asks_first:
            planned = await planner.plan()
            if planned.reason == NO_POLICY:
                way = way_of(self._order, planned=planned)
                return await self._collect_by_dates(planner, way)
            planned = await self._wait_as_planned(planner, planned)
            if planned.at is None:
                return self._nothing(number - 1, reason=planned.reason)
            way = way_of(self._order, planned=planned)
        return await self._collect_as_planned(planner, way, number=number)

    async def _collect_as_planned(
        self, planner: AttemptPlanner, way: Way, *, number: int
    ) -> CollectionResult:
        while not self._stopped():
            standing = await self._try(number, way=way)
            part = self._parts.come(standing, order=self._order, way=way, number=number)
            if part is not None:
                planned = await self._go_on_with_rest(planner, standing, part=part)
            elif standing.state is AttemptState.SUCCEEDED or self._stopped():
                return self._result(standing, attempts=number)
            else:
                planned = await planner.plan()
                if planned.at is not None:
                    await self._tell_failed(standing, next_at=planned.at, reason=planned.reason)
            planned = await self._wait_as_planned(planner, planned)
            is_over = self._stopped() or planned.at is None
            if is_over and part is not None:
                return self._nothing(number, reason=None if self._stop else planned.reason)
            if is_over:
                return self._result(standing, attempts=number, reason=planned.reason)
            way = way_of(self._order, planned=planned)
            number += 1
        return self._nothing(number - 1, reason=None)

    async def _go_on_with_rest(
        self, planner: AttemptPlanner, standing: AttemptStanding, *, part: Money
    ) -> NextAttemptPlanned:
        """Tell the plan of a part that is paid, and when what is left is asked for."""
        self._paid = None
        self._order = self._parts.take(standing, order=self._order, part=part, planner=planner)
        planned = await planner.plan(follows_part=True)
        number, now = self._order.number, self._clock.now()
        await self._tell(part_paid(standing, number=number, part=part, planned=planned, now=now))
        return planned

    async def _wait_as_planned(
        self, planner: AttemptPlanner, planned: NextAttemptPlanned
    ) -> NextAttemptPlanned:
        """Wait for the attempt's time.

        Planned anew when a wallet is chosen, or when the mandate has become another by then.
        """
        plans = 0
        while planned.at is not None and plans < _PLANS_MAX:
            self._show(f"next attempt {planned.at:%Y-%m-%d %H:%M} UTC, {planned.reason}")
            self._retry_now = False
            await self._wait_for_its_time(planned.at)
            if self._stopped() or self._money_came:
                return planned
            if self._chosen is not None:
                self._choose(planner)
            elif await planner.still_holds(planned):
                return planned
            else:
                plans += 1
            planned = await planner.plan()
        return planned

    def _choose(self, planner: AttemptPlanner) -> None:
        planner.choose(wallet_id=self._chosen or "", number=self._made + 1)
        self._chosen = None

    def _stopped(self) -> bool:
        """Asked anew after every wait: the plan may have said so meanwhile."""
        return self._stop

    def _show(self, what: str) -> None:
        """For whoever opens the run; no private data."""
        workflow.set_current_details(f"{self._what}: {what}")

    async def _try(self, number: int, *, way: Way) -> AttemptStanding:
        """One attempt, to its end; none where the installment turns out to be paid."""
        paid = await self._settled() if self._money_came else None
        if paid is None:
            try:
                paid = await self._attempted(number, way=way)
            except ActivityError as error:
                paid = await self._paid_late(error)
        if paid.state is AttemptState.SUCCEEDED:
            self._paid = paid
        return paid

    async def _attempted(self, number: int, *, way: Way) -> AttemptStanding:
        self._made = number
        self._show(f"attempt {number} by {way}")
        is_first = number == self._order.first_attempt
        deadline = self._order.deadline or self._clock.now() + _REQUEST_OPEN
        attempt = self._attempt = Attempt(
            order=replace(
                self._order,
                channel=way.channel,
                provider=way.provider,
                wallet_id=way.wallet_id,
                amount=way.part or self._order.amount,
                part=way.part,
                deadline=deadline,
            ),
            clock=self._clock,
            attempt_id=attempt_id(installment_id=self._order.installment_id, number=number),
            reported=self._reported,
            asks_first=self._order.asks_first and is_first,
            is_stopped=lambda: self._stop or self._money_came,
        )
        if way.channel is Channel.CHECKOUT:
            standing = await self._let_customer_pay(attempt, deadline=deadline)
        else:
            standing = await attempt.collect()
        self._attempt = None
        return standing

    async def _paid_late(self, refused: ActivityError) -> AttemptStanding:
        """The attempt of which no second one may be made; else what was refused is an error."""
        if report_of(refused).code != "installment_paid" or not workflow.patched(_LATE_MONEY):
            raise refused
        paid = await self._settled()
        if paid is None:
            raise refused
        return paid

    async def _settled(self) -> AttemptStanding | None:
        self._money_came = False
        order = self._order
        return await settled(
            plan_id=order.plan_id, installment_id=order.installment_id, at=self._clock.now()
        )

    async def _collect_by_dates(self, planner: AttemptPlanner, way: Way) -> CollectionResult:
        """The payment at checkout, and collections from before there were policies."""
        number = self._order.first_attempt
        retry_on = list(self._order.retry_on)
        if self._order.not_before is not None:
            await self._wait_for_its_time(self._order.not_before)
            if self._stop:
                return self._nothing(number - 1, reason=None)
        while True:
            self._retry_now = False
            if self._chosen is not None:
                self._choose(planner)
                way = way_of(self._order, planned=await planner.plan())
            standing = await self._try(number, way=way)
            if standing.state is AttemptState.SUCCEEDED or self._is_last(standing, retry_on):
                return self._result(standing, attempts=number)
            await self._wait_for_next_try(standing, on=retry_on.pop(0))
            if self._stop:
                return self._result(standing, attempts=number)
            number += 1

    def _is_last(self, standing: AttemptStanding, retry_on: list[date]) -> bool:
        return self._stop or not standing.retryable or not retry_on

    def _nothing(self, attempts: int, *, reason: str | None) -> CollectionResult:
        return ended_unsent(order=self._order, attempts=attempts, reason=reason)

    def _result(
        self, standing: AttemptStanding, *, attempts: int, reason: str | None = None
    ) -> CollectionResult:
        return ended_after(
            standing,
            order=self._order,
            attempts=attempts,
            is_stopped=self._stop,
            reason=reason,
            now=self._clock.now(),
        )

    async def _wait_for_next_try(self, standing: AttemptStanding, *, on: date) -> None:
        next_at = at_addis(on=on, hour=self._order.collection_hour)
        await self._tell_failed(standing, next_at=next_at, reason=None)
        await self._wait_for_its_time(next_at)

    async def _tell_failed(
        self, standing: AttemptStanding, *, next_at: datetime, reason: str | None
    ) -> None:
        number = self._order.number
        await self._tell(attempt_failed(standing, number=number, next_at=next_at, reason=reason))

    async def _wait_for_its_time(self, at: datetime) -> None:
        while True:
            await self._clock.wait_until(
                lambda: bool(
                    self._stop
                    or self._retry_now
                    or self._chosen
                    or self._money_came
                    or self._reported
                ),
                until=at,
                summary=f"try installment {self._order.number} again",
            )
            if not self._reported:
                return
            await self._keep_late_words()

    async def _keep_late_words(self) -> None:
        """Store callbacks of attempts that have ended; money that comes late is followed.

        A repetition changes nothing; a contradiction is kept as a finding by the payments store.
        """
        while self._reported:
            ended_id, report = self._reported.popitem()
            paid = self._parts.paid.get(ended_id)
            if self._paid and self._paid.attempt_id == ended_id:
                paid = self._paid
            is_late = report.answer.status is RailStatus.SUCCEEDED and paid is None
            if is_late and workflow.patched(_LATE_MONEY):
                await follow_money(
                    LateMoney(attempt_id=ended_id, answer=report.answer, is_hint=report.is_hint)
                )
                continue
            asked = paid.provider if paid and paid.provider else self._order.provider
            await store_late_word(report, attempt_id=ended_id, provider=asked, at=self._clock.now())

    async def _let_customer_pay(self, attempt: Attempt, *, deadline: datetime) -> AttemptStanding:
        """Open the provider's page and wait until paid, too late, or unwanted and closed."""
        begun_at = self._clock.now()
        minutes = int((deadline - begun_at).total_seconds() // 60)
        opened = await attempt.open_checkout(
            expires_minutes=min(max(minutes, 1), _CHECKOUT_MINUTES_MAX)
        )
        if attempt.ended():
            return attempt.standing
        if attempt.turns is not None and attempt.turns.waited:
            # Nobody could pay while the provider took no orders.
            deadline += self._clock.now() - begun_at
        if opened is not None:
            number, asked_by = self._order.number, attempt.attempt_id
            await self._tell(
                customer_asked(opened, number=number, attempt_id=asked_by, deadline=deadline)
            )
        watch = asyncio.create_task(attempt.resolve())
        # Even unwanted, the order can be paid until the provider closes it: see it to its end.
        await self._clock.wait_until(
            watch.done, until=deadline + _LATE_MAX, summary="the customer pays"
        )
        if watch.done():
            await watch
        else:
            watch.cancel()
        if not attempt.ended():
            await attempt.lapse()
        return attempt.standing

    async def _tell_when_at_rest(self) -> None:
        """Under a test clock, tell the plan whenever all that was due is done."""
        while True:
            await workflow.wait_condition(self._has_come_to_rest)
            self._told = (self._clock.turn, self._clock.next_wake())
            await self._tell(
                CollectionNews(
                    number=self._order.number,
                    kind=NewsKind.AT_REST,
                    turn=self._told[0],
                    next_attempt_at=self._told[1],
                )
            )

    def _has_come_to_rest(self) -> bool:
        if self._clock.reading is None or self._has_unread_words() or not self._clock.at_rest():
            return False
        return (self._clock.turn, self._clock.next_wake()) != self._told

    def _has_unread_words(self) -> bool:
        """Whether a callback waits that is about to be taken up."""
        if self._attempt is None:
            return bool(self._reported)
        return self._attempt.attempt_id in self._reported and not self._attempt.ended()

    async def _tell(self, news: CollectionNews) -> None:
        plan = workflow.get_external_workflow_handle(plan_workflow_id(plan_id=self._order.plan_id))
        try:
            await plan.signal("collection_news", news)
        except FailureError:
            # Only an operator's termination closes a plan under its collection; go on regardless.
            workflow.logger.warning("the plan's workflow could not be told: %s", news.kind)
