"""Installments are tried again as the policy says, on the way that is open, and it is told why."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import WorkflowHandle

from meqenet.bnpl.events import (
    CollectionAttemptFailed,
    InstallmentFailed,
    PaymentRequested,
    PlanEvent,
)
from meqenet.calendar import at_addis
from meqenet.errors import OutcomeUnknown
from meqenet.identity import attempt_id, installment_id
from meqenet.payments.rail import MandateStatus, PaymentAnswer, RailStatus, WalletProvider
from meqenet.payments.retry import spread_within
from tests.waiting import eventually
from tests.workflows.conftest import Bench, Handle
from workflows.messages import PaymentReported, RetryInstallment, collection_workflow_id
from workflows.plan import PaymentPlanWorkflow


@dataclass
class Life:
    """An active plan in 30 days: one installment, still to be collected."""

    bench: Bench
    handle: Handle
    plan_id: str

    @property
    def events(self) -> list[PlanEvent]:
        return [told.event for told in self.bench.domains.events[self.plan_id]]

    @property
    def failed(self) -> list[CollectionAttemptFailed]:
        return [event for event in self.events if isinstance(event, CollectionAttemptFailed)]

    @property
    def collection(self) -> WorkflowHandle[object, object]:
        parent = installment_id(plan_id=self.plan_id, number=1)
        return self.bench.env.client.get_workflow_handle(
            collection_workflow_id(installment_id=parent)
        )

    def attempt(self, number: int) -> str:
        parent = installment_id(plan_id=self.plan_id, number=1)
        return attempt_id(installment_id=parent, number=number)

    async def ends(self) -> None:
        await self.bench.live_out(self.handle)
        assert (await self.handle.result()).state == "completed"


async def active(
    bench: Bench, *, provider: WalletProvider = WalletProvider.MPESA, amount: str = "4000.00"
) -> Life:
    application = bench.application("pay_in_30", provider=provider, amount=amount)
    handle = await bench.in_force(application)
    assert await handle.query(PaymentPlanWorkflow.state) == "active"
    return Life(bench, handle, application.plan_id)


async def test_a_fault_is_tried_again_within_minutes_and_an_empty_wallet_on_the_next_day(
    bench: Bench,
) -> None:
    """A fault takes nothing from the other counter; and it is told why."""
    life = await active(bench)
    faults = [life.attempt(number) for number in (1, 2)]
    empty = [life.attempt(number) for number in range(3, 8)]

    def answer(order: str) -> tuple[RailStatus, str] | RailStatus:
        if order in faults:
            return (RailStatus.FAILED, "26")
        return (RailStatus.FAILED, "1") if order in empty else RailStatus.SUCCEEDED

    bench.domains.answer = answer
    await life.ends()
    assert [told.next_attempt_reason for told in life.failed[:2]] == ["after_fault"] * 2
    wait = life.failed[0].next_attempt_at
    opened = bench.domains.attempts[life.attempt(1)].at
    assert wait is not None
    assert timedelta(minutes=5) <= wait - opened < timedelta(minutes=11)
    assert len(life.failed) == len(faults) + len(empty)
    assert bench.domains.sent[-1] == life.attempt(8)

    due_on = bench.domains.planned[0].terms.due_on
    spread = spread_within(key=life.plan_id, window=timedelta(hours=1))
    assert opened - at_addis(on=due_on, hour=10) - spread < timedelta(minutes=1)
    told = life.failed[2]
    again_at = at_addis(on=due_on + timedelta(days=1), hour=10) + spread
    assert (told.cause, told.next_attempt_at, told.next_attempt_reason) == (
        "no_funds",
        again_at,
        "after_no_funds",
    )
    on_the_next_day = bench.domains.attempts[life.attempt(4)].at
    assert timedelta(0) <= on_the_next_day - again_at < timedelta(minutes=1)


async def test_when_nothing_more_is_tried_the_plan_tells_why_and_a_person_is_not_made_to_wait(
    bench: Bench,
) -> None:
    life = await active(bench)
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "2006")
    await bench.days_pass(life.handle, 31)
    (told,) = (each for each in life.events if isinstance(each, InstallmentFailed))
    assert (told.cause, told.reason) == ("wallet_frozen", "needs_mending")
    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    await life.handle.execute_update(
        PaymentPlanWorkflow.retry_installment,
        RetryInstallment(number=1, who="staff_1", why="the wallet is open again"),
    )
    assert (await life.handle.result()).state == "completed"
    assert bench.domains.sent == [life.attempt(1), life.attempt(2)]


async def test_a_cancelled_mandate_turns_the_collection_into_a_request(bench: Bench) -> None:
    life = await active(bench, provider=WalletProvider.TELEBIRR)
    bench.domains.mandate = MandateStatus.ENDED
    bench.domains.query = lambda order: (
        RailStatus.PENDING if order == life.attempt(1) else RailStatus.SUCCEEDED
    )
    await life.ends()
    request = next(
        told
        for told in bench.domains.events[life.plan_id]
        if isinstance(told.event, PaymentRequested) and told.event.number == 1
    )
    assert isinstance(request.event, PaymentRequested)
    assert request.state == "active"
    assert request.next_action is not None
    assert (request.next_action.kind, request.next_action.url) == ("visit", "http://pay")
    assert request.next_step == "the customer pays installment 1"
    assert request.next_step_at == request.event.expires_at
    assert [(told.cause, told.next_attempt_reason) for told in life.failed] == [
        ("not_paid_in_time", "after_customer")
    ]
    assert bench.domains.sent == []


async def test_an_amount_that_needs_the_customer_is_never_pulled_silently(bench: Bench) -> None:
    life = await active(bench, provider=WalletProvider.TELEBIRR, amount="5000.01")
    await life.ends()
    assert bench.domains.sent == []
    requested = [event for event in life.events if isinstance(event, PaymentRequested)]
    assert requested[-1].number == 1


async def test_a_mandate_over_its_cap_is_followed_by_a_request(bench: Bench) -> None:
    life = await active(bench, provider=WalletProvider.TELEBIRR)
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "3016")
    await life.ends()
    assert [(told.cause, told.next_attempt_reason) for told in life.failed] == [
        ("mandate_over_cap", "another_way")
    ]
    assert bench.domains.sent == [life.attempt(1)]


async def test_an_unknown_outcome_is_asked_about_as_the_policy_says_and_becomes_an_alarm(
    bench: Bench,
) -> None:
    life = await active(bench)
    bench.domains.answer = lambda _order: OutcomeUnknown("mpesa_outcome_unknown", "no answer")
    bench.domains.query = lambda _order: RailStatus.PENDING
    leap = asyncio.create_task(life.ends())
    await eventually(
        lambda: life.handle.query(PaymentPlanWorkflow.state), lambda _: bool(bench.domains.sent)
    )
    details = await eventually(
        lambda: life.collection.query("__temporal_workflow_metadata"),
        lambda told: "Outcome unknown since" in str(told),
    )
    assert life.attempt(1) in str(details)
    bench.domains.query = lambda _order: RailStatus.SUCCEEDED
    await leap
    assert bench.domains.sent == [life.attempt(1)]


async def test_a_success_that_nothing_proves_is_asked_after_before_it_counts(bench: Bench) -> None:
    bench.domains.answer = lambda _order: RailStatus.PENDING
    bench.domains.query = lambda _order: RailStatus.PENDING
    application = bench.application("pay_in_full")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    life = Life(bench, handle, application.plan_id)
    order = life.attempt(1)
    await eventually(
        lambda: handle.query(PaymentPlanWorkflow.state), lambda _: order in bench.domains.sent
    )
    told = PaymentAnswer(order_id=order, status=RailStatus.SUCCEEDED, receipt="R1")
    asked = len(bench.domains.asked)
    await life.collection.signal("payment_reported", PaymentReported(answer=told, is_hint=True))
    await eventually(
        lambda: handle.query(PaymentPlanWorkflow.state),
        lambda _: len(bench.domains.asked) > asked,
    )
    assert await handle.query(PaymentPlanWorkflow.state) == "accepted"
    word = PaymentAnswer(order_id=order, status=RailStatus.SUCCEEDED)
    await life.collection.signal("payment_reported", PaymentReported(answer=word))
    await life.ends()
    (kept,) = [each for each in bench.domains.heard if each.status is RailStatus.SUCCEEDED]
    assert kept.receipt == "R1"
    assert bench.domains.sent == [order]
