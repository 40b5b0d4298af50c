"""A plan whose run is lost at any step goes on from the stores, and nothing is sent twice."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.contracts.marketplace import DeliverNotice, NoticeAnswer
from meqenet.identity import attempt_id, installment_id, refund_id
from meqenet.payments.rail import RailStatus, WalletProvider
from tests.waiting import eventually
from tests.workflows.fakes import TAKEN
from tests.workflows.losing import DONE, NOT_DONE, Lost, Step, losing
from tests.workflows.stores import Stores
from workflows.messages import Application, Cancel, PaymentReported, collection_workflow_id
from workflows.plan import PaymentPlanWorkflow

MPESA, TELEBIRR = WalletProvider.MPESA, WalletProvider.TELEBIRR
NO_LOSS = ("none", 1, DONE)

# To be lost before a step is to be lost after the one before it, of which nobody has heard yet.
# Only where somebody outside is asked, it counts whether the question has come to them. Of steps
# between two events of the log the last is tried: going on repeats all of them.
CHECKOUT: Sequence[Step] = (
    ("kyc.begin_verification", 1, DONE),
    ("bnpl.record_event identity_requested", 1, DONE),
    ("kyc.record_identity", 1, DONE),
    ("bnpl.record_event identity_confirmed", 1, DONE),
    ("credit.assess", 1, DONE),
    ("bnpl.record_event plan_offered", 1, DONE),
    ("bnpl.record_event offer_accepted", 1, DONE),
    ("bnpl.record_event payment_requested", 1, DONE),
    ("mpesa.push_payment", 1, NOT_DONE),
    ("mpesa.push_payment", 1, DONE),
    ("settlement.schedule", 1, DONE),
    ("bnpl.record_event plan_activated", 1, DONE),
    ("bnpl.record_event installment_paid", 1, DONE),
    ("ledger.post", 2, DONE),
    ("marketplace.close_order", 1, DONE),
    ("bank.send_transfer", 1, NOT_DONE),
    ("bank.send_transfer", 1, DONE),
    ("settlement.close_day", 1, DONE),
    ("settlement.record_merchant_payout", 1, DONE),
    ("ledger.post_shares", 1, DONE),
    ("settlement.finish_merchant_payout", 1, DONE),
    ("bnpl.record_event merchant_paid", 1, DONE),
    ("bnpl.record_event plan_completed", 1, DONE),
    ("bnpl.end_process", 1, NOT_DONE),
)
"""Steps of a plan that is paid in full at the checkout, with its payout behind it."""

MANDATE: Sequence[Step] = (
    ("bnpl.record_event payment_requested", 1, DONE),
    ("payments.record_mandate", 1, DONE),
    ("bnpl.record_event plan_activated", 1, DONE),
    ("bnpl.record_event collection_started", 1, DONE),
    ("telebirr.debit_mandate", 1, NOT_DONE),
    ("telebirr.debit_mandate", 1, DONE),
    ("credit.record_repayment", 1, DONE),
    ("bnpl.record_event installment_paid", 1, DONE),
    ("telebirr.cancel_mandate", 1, DONE),
)
"""Steps of a plan that is collected once, under a mandate."""

RETRY: Sequence[Step] = (
    ("payments.record_answer", 1, DONE),
    ("bnpl.record_event collection_attempt_failed", 1, DONE),
    ("payments.open_attempt", 2, DONE),
    ("mpesa.push_payment", 2, DONE),
)
"""Steps of a collection whose first attempt fails."""

RETURN: Sequence[Step] = (
    ("bnpl.record_event plan_cancelled", 1, DONE),
    ("credit.release_hold", 1, DONE),
    ("marketplace.close_order", 1, DONE),
    ("mpesa.reverse_payment", 1, NOT_DONE),
    ("mpesa.reverse_payment", 1, DONE),
    ("ledger.post", 2, DONE),
    ("bnpl.record_event payment_returned", 1, DONE),
)
"""Steps of a plan that is cancelled while the customer pays."""


def in_lives(steps: Sequence[Step], *, count: int) -> pytest.MarkDecorator:
    """Every step is lost once, in one of so many lives that are lost again and again.

    The steps of a life are as far apart as can be: one that is begun again repeats those right
    after the place where it was lost.
    """
    return pytest.mark.parametrize(
        "steps", [steps[first::count] for first in range(count)], ids=_told
    )


def _told(steps: Sequence[Step]) -> str:
    return ", ".join(
        f"{'after' if is_done else 'before'} {name} {nth}" for name, nth, is_done in steps
    )


def attempt(application: Application, *, number: int = 1) -> str:
    """An attempt at the plan's only installment."""
    first = installment_id(plan_id=application.plan_id, number=1)
    return attempt_id(installment_id=first, number=number)


def sent(stores: Stores) -> Callable[[], Awaitable[list[str]]]:
    """The attempts of which the provider has heard."""

    async def attempts() -> list[str]:
        return stores.sent

    return attempts


def noted(stores: Stores, application: Application) -> Callable[[], Awaitable[list[str]]]:
    """The plan's log."""

    async def kinds() -> list[str]:
        return stores.kinds(application.plan_id)

    return kinds


def heard(_notice: DeliverNotice) -> NoticeAnswer:
    """The merchant's endpoint takes whatever it is told."""
    return TAKEN


def told(stores: Stores) -> Callable[[], Awaitable[list[str]]]:
    """The kinds of news that the merchant has heard, in the order of the plan's log."""

    async def kinds() -> list[str]:
        heard = {each.notice_id: each.kind for each in stores.notices}
        return [heard[each] for each in sorted(heard, key=lambda each: int(each.split("-n")[1]))]

    return kinds


async def require_lived_once(lost: Lost, application: Application, *, orders: list[str]) -> None:
    """Every order reached its rail once; the books and the merchant know the end."""
    plan, stores = application.plan_id, lost.stores
    assert Counter(stores.sent) == Counter(orders)
    assert stores.paid_out == [stores.carrier_of(plan)]
    assert stores.refunds == []
    assert (stores.holds[plan], stores.orders[plan]) == ("owed", "approved")
    assert plan in stores.ended
    kinds = stores.kinds(plan)
    assert kinds[-1] == "plan_completed"
    for once in ("plan_activated", "installment_paid", "merchant_paid", "plan_completed"):
        assert kinds.count(once) == 1
    wanted = ["plan.approved", "plan.settled", "plan.completed"]
    await eventually(told(stores), lambda heard: heard == wanted)


@in_lives(CHECKOUT, count=3)
async def test_a_plan_paid_at_checkout_goes_on_from_any_step(
    env: WorkflowEnvironment, unique: str, steps: Sequence[Step]
) -> None:
    async with losing(env, unique, *steps) as lost:
        lost.stores.hear = heard
        application = lost.bench.application("pay_in_full", provider=MPESA)
        assert await lost.go_on(application) == "completed"
        await require_lived_once(lost, application, orders=[attempt(application)])


@in_lives(MANDATE, count=2)
async def test_a_plan_collected_under_a_mandate_goes_on_from_any_step(
    env: WorkflowEnvironment, unique: str, steps: Sequence[Step]
) -> None:
    async with losing(env, unique, *steps) as lost:
        application = lost.bench.application("pay_in_30", provider=TELEBIRR)
        assert await lost.go_on(application) == "completed"
        assert Counter(lost.stores.sent) == Counter([attempt(application)])
        assert lost.stores.paid_out == [lost.stores.carrier_of(application.plan_id)]
        assert lost.stores.kinds(application.plan_id).count("installment_paid") == 1
        assert len(set(lost.stores.cancelled_mandates)) == 1


@in_lives(RETRY, count=1)
async def test_a_failed_attempt_counts_once_whenever_the_run_is_lost(
    env: WorkflowEnvironment, unique: str, steps: Sequence[Step]
) -> None:
    async with losing(env, unique, *steps) as lost:
        application = lost.bench.application("pay_in_30", provider=MPESA)
        first, second = attempt(application), attempt(application, number=2)
        lost.stores.answer = lambda order: (
            (RailStatus.FAILED, "1") if order == first else RailStatus.SUCCEEDED
        )
        assert await lost.go_on(application) == "completed"
        assert Counter(lost.stores.sent) == Counter([first, second])
        assert lost.stores.kinds(application.plan_id).count("collection_attempt_failed") == 1


@in_lives(RETURN, count=3)
async def test_a_payment_goes_back_once_whenever_the_run_is_lost(
    env: WorkflowEnvironment, unique: str, steps: Sequence[Step]
) -> None:
    async with losing(env, unique, *steps) as lost:
        application, stores = lost.bench.application("pay_in_full", provider=MPESA), lost.stores
        stores.hear = heard
        stores.answer = stores.query = lambda _order: RailStatus.PENDING
        handle, _ = await lost.bench.apply(application)
        await lost.sign(application)
        await eventually(sent(stores), bool)
        cancelling = asyncio.create_task(
            handle.execute_update(PaymentPlanWorkflow.cancel, Cancel(reason="changed mind"))
        )
        await eventually(noted(stores, application), lambda kinds: "plan_cancelled" in kinds)
        stores.query = stores.known
        living = asyncio.create_task(lost.pass_time(application.plan_id))
        await lost.lose(application.plan_id)
        await asyncio.gather(cancelling, living, return_exceptions=True)
        await lost.go_on_losing(application)
        await lost.pass_time(application.plan_id)
        assert (await lost.handle(application.plan_id).result()).state == "cancelled"
        assert stores.sent == [attempt(application)]
        assert stores.refunds == [refund_id(attempt_id=attempt(application), number=1)]
        assert stores.holds[application.plan_id] not in ("held", "owed")
        assert stores.orders[application.plan_id] == "cancelled"
        assert stores.kinds(application.plan_id)[-1] == "payment_returned"
        await eventually(told(stores), lambda kinds: kinds == ["plan.cancelled"])


async def test_a_payment_that_is_through_while_its_plan_is_cancelled_goes_back(
    env: WorkflowEnvironment, unique: str
) -> None:
    """The collection ends before it can be told to stop."""
    async with losing(env, unique, ("credit.release_hold", 1, DONE)) as lost:
        application, stores = lost.bench.application("pay_in_full", provider=MPESA), lost.stores
        stores.answer = lambda _order: RailStatus.PENDING
        handle, _ = await lost.bench.apply(application)
        await lost.sign(application)
        await eventually(sent(stores), bool)
        cancelling = asyncio.create_task(
            handle.execute_update(PaymentPlanWorkflow.cancel, Cancel(reason="changed mind"))
        )
        await lost.loss.lost.wait()
        first = installment_id(plan_id=application.plan_id, number=1)
        collection = lost.bench.env.client.get_workflow_handle(
            collection_workflow_id(installment_id=first)
        )
        paid = PaymentReported(answer=stores.succeeded(attempt(application)))
        await collection.signal("payment_reported", paid)
        await collection.result()
        lost.loss.over.set()
        assert (await cancelling).state == "cancelled"
        await lost.pass_time(application.plan_id)
        assert (await handle.result()).state == "cancelled"
        assert stores.refunds == [refund_id(attempt_id=attempt(application), number=1)]


async def test_an_application_that_nobody_knows_any_more_is_cancelled(
    env: WorkflowEnvironment, unique: str
) -> None:
    """Its customer is stored with the first login only; the checkout was not answered either."""
    async with losing(env, unique, ("marketplace.place_order", 1, NOT_DONE)) as lost:
        lost.stores.hear = heard
        application = lost.bench.application("pay_in_full", provider=MPESA)
        await lost.live_until_lost(application)
        assert (await lost.rehydrate()).begun == 1
        assert (await lost.handle(application.plan_id).result()).state == "cancelled"
        assert lost.stores.kinds(application.plan_id) == ["plan_cancelled"]
        assert application.plan_id not in lost.stores.orders
        await eventually(told(lost.stores), lambda kinds: kinds == ["plan.cancelled"])


async def test_a_payment_is_not_asked_for_when_its_time_was_over_before_the_run_came_back(
    env: WorkflowEnvironment, unique: str
) -> None:
    async with losing(env, unique, ("bnpl.record_event offer_accepted", 1, DONE)) as lost:
        application, stores = lost.bench.application("pay_in_full", provider=MPESA), lost.stores
        await lost.live_until_lost(application)
        log = stores.events[application.plan_id]
        stores.events[application.plan_id] = [
            replace(each, at=each.at - timedelta(days=2)) for each in log
        ]
        assert (await lost.rehydrate()).begun == 1
        assert (await lost.handle(application.plan_id).result()).state == "expired"
        assert stores.sent == []
        assert stores.holds[application.plan_id] not in ("held", "owed")


async def test_a_plan_that_runs_or_is_over_is_left_alone(
    env: WorkflowEnvironment, unique: str
) -> None:
    async with losing(env, unique, NO_LOSS) as lost:
        running, over = (
            lost.bench.application("pay_in_full", provider=MPESA, reference=each) for each in "12"
        )
        handle, _ = await lost.bench.apply(running)
        await lost.live(over)
        await lost.handle(over.plan_id).result()
        page = await lost.rehydrate()
        assert (page.begun, page.running, page.over, page.failed) == (0, 1, 0, ())
        assert (page.last, page.count) == (running.plan_id, 1)
        # As if it had been loaded right before it came to its end.
        lost.stores.ended.clear()
        page = await lost.rehydrate()
        assert (page.begun, page.running, page.over) == (0, 2, 0)
        await handle.terminate()


async def test_a_plan_that_cannot_be_loaded_is_named_and_the_others_begin(
    env: WorkflowEnvironment, unique: str
) -> None:
    async with losing(env, unique, NO_LOSS) as lost:
        erased, fine = (
            lost.bench.application("pay_in_full", provider=MPESA, reference=each) for each in "12"
        )
        for application in (erased, fine):
            handle, _ = await lost.bench.apply(application)
            await handle.terminate()
        lost.stores.erased.add(erased.plan_id)
        page = await lost.rehydrate()
        assert page.begun == 1
        (failed,) = page.failed
        assert (failed.name, failed.code) == (erased.plan_id, "person_erased")
        assert failed.text == "payments.load_payments: the person was erased"
        await lost.handle(fine.plan_id).terminate()
