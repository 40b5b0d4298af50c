"""Money that comes when its attempt had failed: it pays what is owed, or is the customer's credit.

Payments and ledger are the real stores, the other domains are in memory.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count

import pytest
import pytest_asyncio
from temporalio.client import WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.testing import WorkflowEnvironment

from activities.late_money import LateMoneyActivities
from activities.ledger import LedgerActivities
from activities.merchant_books import MerchantBookActivities
from activities.payments import PaymentsActivities
from db.kernel.encryption import Keyring
from db.kernel.events import require_unbroken
from db.ledger.views import entries_of
from db.payments.views import AttemptView, attempts_of
from db.payments.views.credit import CreditView, credits_of
from meqenet.identity import attempt_id, installment_id
from meqenet.ledger.accounts import Side
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.late_money import MoneyPlace
from meqenet.payments.rail import PaymentAnswer, RailStatus
from tests.backing import Databases
from tests.waiting import eventually
from tests.workflows.conftest import QUEUES, Bench, Handle, code_of
from tests.workflows.reminders import Reminders
from tests.workflows.stores import Stores
from tests.workflows.test_test_clock import Clock, active_plan, advance, new_clock
from workers.queue_worker import WORKFLOW_QUEUE, worker_for
from workflows.collection import InstallmentCollectionWorkflow
from workflows.credit_return import Credit, CreditReturnBegun, CreditReturnWorkflow
from workflows.late_money import LateMoney, LateMoneyWorkflow
from workflows.messages import (
    PaymentReported,
    PayNow,
    RetryInstallment,
    ReturnCredit,
    collection_workflow_id,
    credit_return_workflow_id,
    late_money_workflow_id,
    refund_workflow_id,
)
from workflows.plan import PaymentPlanWorkflow

PRICE = Money.from_birr("4000.00")
WHO, WHY = "stf_aaaaaaaaaaaaaaaaaaaa", "the customer paid twice"


@dataclass
class Late(Bench):
    """A bench over the real stores of payments and ledger. Every plan has one installment."""

    databases: Databases

    def order(self, plan: str, number: int = 1) -> str:
        return attempt_id(installment_id=installment_id(plan_id=plan, number=1), number=number)

    def word(self, order: str) -> PaymentAnswer:
        return PaymentAnswer(
            order_id=order, status=RailStatus.SUCCEEDED, receipt="R1", amount=PRICE
        )

    async def call_back(self, plan: str, order: str, *, is_hint: bool) -> None:
        """The provider's word reaches the collection at work."""
        collection = collection_workflow_id(installment_id=installment_id(plan_id=plan, number=1))
        await self.env.client.get_workflow_handle(collection).signal(
            InstallmentCollectionWorkflow.payment_reported,
            PaymentReported(answer=self.word(order), is_hint=is_hint),
        )

    async def follow(self, order: str) -> MoneyPlace:
        """The provider's word comes when no collection is at work."""
        return await self.env.client.execute_workflow(
            LateMoneyWorkflow.run,
            LateMoney(attempt_id=order, answer=self.word(order)),
            id=late_money_workflow_id(attempt_id=order),
            task_queue=WORKFLOW_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )

    async def return_credit(self, order: str, *, who: str = WHO) -> CreditReturnBegun:
        return await self.env.client.execute_update_with_start_workflow(
            CreditReturnWorkflow.return_credit,
            ReturnCredit(who=who, why=WHY),
            start_workflow_operation=WithStartWorkflowOperation(
                CreditReturnWorkflow.run,
                Credit(attempt_id=order),
                id=credit_return_workflow_id(attempt_id=order),
                task_queue=WORKFLOW_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            ),
        )

    async def failed_once(self) -> tuple[Clock, Handle, str]:
        """A plan whose first attempt has failed; its collection waits for the next."""
        self.domains.answer = lambda _order: (RailStatus.FAILED, "1")
        clock = await new_clock(self)
        plan, handle = await active_plan(self, clock, "pay_in_30")
        await advance(clock, days=30)
        await self.until_tried(plan, OrderState.FAILED)
        return clock, handle, plan

    async def failed_for_good(self) -> tuple[Handle, str]:
        """A plan whose only attempt has failed in a way that none may follow."""
        self.domains.answer = lambda _order: (RailStatus.FAILED, "2")
        application = self.application("pay_in_30")
        handle = await self.to_offer(application)
        await self.accept(handle)
        await self.days_pass(handle, 31)
        await self.until_tried(application.plan_id, OrderState.FAILED)
        assert "installment_failed" in self.domains.kinds(application.plan_id)
        return handle, application.plan_id

    async def unpaid_at_checkout(self) -> tuple[Handle, str]:
        """A plan whose customer has not paid at checkout, as far as anybody knows."""
        self.domains.answer = lambda _order: (RailStatus.FAILED, "1032")
        application = self.application("pay_in_full")
        handle = await self.to_offer(application)
        await self.accept(handle)
        await self.until_tried(application.plan_id, OrderState.FAILED)
        return handle, application.plan_id

    async def until_tried(self, plan: str, *states: OrderState) -> None:
        async def found() -> tuple[OrderState, ...]:
            return tuple(each.state for each in await self.attempts(plan))

        await eventually(found, lambda tried: tried == states)

    async def attempts(self, plan: str) -> tuple[AttemptView, ...]:
        async with self.databases["payments"].read() as session:
            await require_unbroken(session=session, stream=plan)
            return await attempts_of(session=session, plan_id=plan)

    async def credits(self, plan: str) -> tuple[CreditView, ...]:
        async with self.databases["payments"].read() as session:
            return await credits_of(session=session, plan_id=plan)

    async def books(self, plan: str) -> dict[str, str]:
        """What is left on the plan's own accounts and on the provider's; debits count up."""
        async with self.databases["ledger"].read() as session:
            entries = await entries_of(session=session, plan_id=plan)
        left: dict[str, Money] = {}
        for entry in entries:
            name = entry.account_code.partition(":")[0]
            signed = entry.amount if entry.side is Side.DEBIT else -entry.amount
            left[name] = left.get(name, Money.zero()) + signed
        told = (
            "provider_clearing",
            "plan_receivable",
            "fee_receivable",
            "customer_credit",
            "customer_deposits",
        )
        return {name: str(left[name]) for name in told if left.get(name)}


@asynccontextmanager
async def late_bench(
    env: WorkflowEnvironment, databases: Databases, keyring: Keyring, *, merchant_id: str
) -> AsyncIterator[Late]:
    """Workers over the real stores of payments and ledger, and the rest in memory."""
    stores, store = Stores(), databases["payments"]
    real: dict[str, list[object]] = {
        "payments": [
            PaymentsActivities(database=store, keyring=keyring),
            LateMoneyActivities(database=store, keyring=keyring),
            Reminders(),
        ],
        "ledger": [
            LedgerActivities(database=databases["ledger"]),
            MerchantBookActivities(database=databases["ledger"]),
        ],
    }
    async with AsyncExitStack() as stack:
        for queue in QUEUES:
            parts: list[object] = real.get(queue, [stores])
            await stack.enter_async_context(
                worker_for(client=env.client, queue=queue, activities=parts)
            )
        yield Late(env=env, domains=stores, merchant_id=merchant_id, databases=databases)


@pytest_asyncio.fixture(loop_scope="session")
async def late(
    env: WorkflowEnvironment, databases: Databases, keyring: Keyring, unique: str
) -> AsyncIterator[Late]:
    """A bench of the test's own."""
    async with late_bench(env, databases, keyring, merchant_id=f"mer_{unique}") as bench:
        yield bench


async def test_money_of_a_failed_attempt_pays_before_the_next_one_and_leaves_the_late_fee(
    late: Late,
) -> None:
    """The fee is asked for beside the schedule."""
    late.domains.product_version = 2
    clock, handle, plan = await late.failed_once()
    await advance(clock, days=4)
    tried = await late.attempts(plan)
    assert "late_fee_charged" in late.domains.kinds(plan)
    late.domains.answer = late.domains.query = lambda _order: RailStatus.SUCCEEDED
    await late.call_back(plan, late.order(plan), is_hint=True)

    async def paid() -> list[str]:
        return late.domains.kinds(plan)

    await eventually(paid, lambda kinds: "installment_paid" in kinds)
    await advance(clock, days=1)
    assert (await handle.result()).state == "completed"
    await clock.terminate()
    *before, own = await late.attempts(plan)
    assert [each.state for each in tried] == [OrderState.FAILED] * 3
    assert [each.state for each in before] == [OrderState.SUCCEEDED, *(OrderState.FAILED,) * 2]
    assert (own.attempt_id, str(own.asked)) == (f"{plan}-x01-a1", "25.00")
    assert own.state is OrderState.SUCCEEDED
    assert late.domains.kinds(plan)[-4:] == [
        "own_payment_asked",
        "late_fee_paid",
        "own_payment_ended",
        "plan_completed",
    ]
    assert late.domains.sent == [each.attempt_id for each in (*tried, own)]
    assert await late.books(plan) == {"provider_clearing": "4025.00"}
    assert await late.credits(plan) == ()


async def test_money_that_comes_when_all_attempts_are_over_pays_even_while_a_hint_is_looked_into(
    late: Late,
) -> None:
    handle, plan = await late.failed_for_good()
    order = late.order(plan)
    late.domains.query = lambda _order: RailStatus.PENDING
    hint = LateMoney(attempt_id=order, answer=late.word(order), is_hint=True)
    run = await late.env.client.start_workflow(
        LateMoneyWorkflow.run,
        hint,
        id=late_money_workflow_id(attempt_id=order),
        task_queue=WORKFLOW_QUEUE,
        start_signal="told",
        start_signal_args=[LateMoney(attempt_id=order, answer=late.word(order))],
    )
    assert await run.result() == MoneyPlace.INSTALLMENT
    assert (await handle.result()).state == "completed"
    assert late.domains.sent == [order]
    assert await late.books(plan) == {"provider_clearing": "4000.00"}


async def test_money_that_comes_late_while_the_customer_pays_otherwise_is_no_second_payment(
    late: Late,
) -> None:
    """The customer's own payment may bring the same: what comes beside it is the customer's."""
    handle, plan = await late.failed_for_good()
    late.domains.answer = lambda _order: RailStatus.PENDING
    late.domains.query = lambda _order: RailStatus.PENDING
    await handle.execute_update(PaymentPlanWorkflow.pay, PayNow(amount=None))
    await late.until_tried(plan, OrderState.FAILED, OrderState.PENDING)
    following = asyncio.create_task(late.follow(late.order(plan)))

    async def is_followed() -> bool:
        history = await handle.fetch_history()
        return any(
            event.workflow_execution_signaled_event_attributes.signal_name == "money_came"
            for event in history.events
        )

    await eventually(is_followed, bool)
    late.domains.query = lambda _order: RailStatus.SUCCEEDED
    own = collection_workflow_id(installment_id=installment_id(plan_id=plan, number=101))
    await late.env.client.get_workflow_handle(own).signal(
        InstallmentCollectionWorkflow.payment_reported,
        PaymentReported(answer=late.word(f"{plan}-x01-a1")),
    )
    assert (await handle.result()).state == "completed"
    assert await following is MoneyPlace.SURPLUS
    assert await late.books(plan) == {
        "provider_clearing": "8000.00",
        "customer_credit": "-4000.00",
    }


async def test_money_that_comes_twice_is_credit_and_goes_back_once(late: Late) -> None:
    _, handle, plan = await late.failed_once()
    first, second = late.order(plan), late.order(plan, 2)
    late.domains.answer = lambda _order: RailStatus.PENDING
    late.domains.query = lambda _order: RailStatus.PENDING
    await handle.execute_update(
        PaymentPlanWorkflow.retry_installment, RetryInstallment(number=1, who=WHO, why=WHY)
    )
    await late.until_tried(plan, OrderState.FAILED, OrderState.PENDING)
    for is_hint in (False, True):
        await late.call_back(plan, first, is_hint=is_hint)
    late.domains.query = lambda _order: RailStatus.SUCCEEDED
    await late.call_back(plan, second, is_hint=False)
    assert (await handle.result()).state == "completed"

    async def posted() -> dict[str, str]:
        return await late.books(plan)

    both = {"provider_clearing": "8000.00", "customer_credit": "-4000.00"}
    await eventually(posted, lambda left: left == both)
    assert await late.follow(first) is MoneyPlace.SURPLUS
    assert await late.books(plan) == both
    (credit,) = await late.credits(plan)
    assert (credit.attempt_id, credit.amount, credit.refund) == (first, PRICE, None)

    late.domains.refund = lambda _order: RailStatus.PENDING
    answers = await asyncio.gather(
        *(late.return_credit(first, who=who) for who in ("stf_abebe", "stf_sara")),
        return_exceptions=True,
    )
    (refused,) = [each for each in answers if isinstance(each, WorkflowUpdateFailedError)]
    (begun,) = [each for each in answers if isinstance(each, CreditReturnBegun)]
    assert getattr(refused.cause, "type", None) == "return_under_way"
    refund = late.env.client.get_workflow_handle(refund_workflow_id(refund_id=begun.refund_id))
    await refund.result()
    await late.env.client.get_workflow_handle(credit_return_workflow_id(attempt_id=first)).result()
    assert late.domains.refunds == [f"{first}-r1"]
    assert await late.books(plan) == {"provider_clearing": "4000.00"}
    with pytest.raises(WorkflowUpdateFailedError) as again:
        await late.return_credit(first)
    assert code_of(again) == "credit_returned"


async def test_a_refused_return_leaves_the_credit_and_can_be_asked_again(late: Late) -> None:
    handle, plan = await late.unpaid_at_checkout()
    await late.live_out(handle)
    assert (await handle.result()).state == "expired"
    order = late.order(plan)
    assert await late.follow(order) is MoneyPlace.SURPLUS
    assert await late.books(plan) == {
        "provider_clearing": "4000.00",
        "customer_credit": "-4000.00",
    }
    turns = count()
    late.domains.refund = lambda _order: (
        (RailStatus.FAILED, "1") if next(turns) == 0 else RailStatus.SUCCEEDED
    )
    for number, left in ((1, "-4000.00"), (2, None)):
        begun = await late.return_credit(order)
        assert begun.refund_id == f"{order}-r{number}"
        await late.env.client.get_workflow_handle(
            credit_return_workflow_id(attempt_id=order)
        ).result()
        assert (await late.books(plan)).get("customer_credit") == left


async def test_a_payment_at_checkout_that_comes_late_activates_the_plan(late: Late) -> None:
    handle, plan = await late.unpaid_at_checkout()
    assert await late.follow(late.order(plan)) is MoneyPlace.INSTALLMENT
    assert (await handle.query(PaymentPlanWorkflow.state)) == "active"
    assert late.domains.sent == [late.order(plan)]
    await handle.terminate()


async def test_a_word_on_an_order_that_is_none_of_ours_ends_quietly(late: Late) -> None:
    assert await late.follow("pln_aaaaaaaaaaaaaaaaaaaa-i01-a9") is MoneyPlace.NOWHERE
