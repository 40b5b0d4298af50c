"""An order is captured and voided by its plan: through losses, at its expiry, before a loss."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from meqenet.bnpl.authorisation_policy import AuthorisationPolicy
from meqenet.bnpl.events import PlanActivated
from meqenet.bnpl.loss_events import PlanChargedOff
from meqenet.bnpl.order_money import CaptureMode
from meqenet.bnpl.products import ProductVersion
from meqenet.bnpl.refund_events import AuthorisationExpired, OrderVoided
from meqenet.bnpl.servicing.account import HardshipKind
from meqenet.ledger import happenings as h
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.ledger.order_happenings import OrderAuthorised, OrderCaptured
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from tests.waiting import eventually
from tests.workflows.conftest import Bench, Handle, code_of
from tests.workflows.losing import DONE, losing
from workflows.hardship_messages import GrantHardship, Hardship
from workflows.messages import ChargeOff, RetryMoneyOut
from workflows.order_capture_messages import CaptureOrder, VoidOrder
from workflows.order_refund_messages import TakeGoodsBack
from workflows.plan import PaymentPlanWorkflow

_LATE = ChargeOff(who="stf_sara", why="cannot be found", early=True)


def _birr(text: str) -> Money:
    return Money.from_birr(text)


def _for_long(product: ProductVersion) -> ProductVersion:
    """An authorisation that outlives the due date."""
    policy = AuthorisationPolicy(days=120, warning_days=0)
    return replace(product, servicing=replace(product.servicing_policy, authorisation=policy))


async def _capture(handle: Handle, amount: str | None, reference: str = "parcel-1") -> None:
    deed = CaptureOrder(reference=reference, amount=None if amount is None else _birr(amount))
    await handle.execute_update(PaymentPlanWorkflow.capture_order, deed)


async def _manual(bench: Bench, option: str = "pay_in_30") -> tuple[str, Handle]:
    application = replace(bench.application(option), capture=CaptureMode.MANUAL)
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    return application.plan_id, handle


async def test_a_plan_that_is_lost_captures_and_voids_once(
    env: WorkflowEnvironment, unique: str
) -> None:
    captures_at = ("bnpl.record_event order_captured", "settlement.capture_order")
    voids_at = ("bnpl.record_event order_voided", "settlement.void_order")
    async with losing(env, unique, *((step, 1, DONE) for step in captures_at)) as lost:
        stores = lost.stores
        application = replace(lost.bench.application("pay_in_30"), capture=CaptureMode.MANUAL)
        plan = application.plan_id
        await lost.activate(application)

        async def captured_part() -> None:
            await _capture(lost.handle(plan), "1000.00")

        await lost.lose_while(plan, captured_part)
        await captured_part()
        void = VoidOrder(reference="sold-out")

        async def voided() -> None:
            await lost.handle(plan).execute_update(PaymentPlanWorkflow.void_order, void)

        lost.loss.later += [(step, 1, DONE) for step in voids_at]
        lost.loss.next_one()
        lost.loss.is_gone = False
        await lost.lose_while(plan, voided)
        await voided()
        await lost.pass_time(plan)
        assert (await lost.handle(plan).result()).state == "completed"
        kinds = stores.kinds(plan)
        assert (kinds.count("order_captured"), kinds.count("order_voided")) == (1, 1)
        told = stores.happenings(plan)
        (authorised,) = (each for each in told if isinstance(each, OrderAuthorised))
        assert (authorised.amount, authorised.merchant_fee) == (_birr("4000.00"), _birr("120.00"))
        (captured,) = (each for each in told if isinstance(each, OrderCaptured))
        assert (captured.amount, captured.protected) == (_birr("970.00"), False)
        (gone,) = (each for each in told if isinstance(each, h.OrderRefunded))
        assert (gone.taken_from, gone.owed_less) == (MerchantMoney.AUTHORISED, _birr("3000.00"))
        assert gone.fee_not_earned == _birr("90.00")
        paid = [each for each in told if isinstance(each, h.MerchantSharePaid)]
        assert [each.amount for each in paid] == [_birr("970.00")]


async def test_the_merchant_is_warned_and_what_it_has_not_captured_is_voided_in_time(
    bench: Bench,
) -> None:
    """An attempt is under way when the time is over: it waits for that, and is void then."""
    plan, handle = await _manual(bench)
    log = bench.domains.events[plan]
    await _capture(handle, "1000.00")
    with pytest.raises(WorkflowUpdateFailedError) as above:
        await _capture(handle, "3000.01", "parcel-2")
    assert code_of(above) == "capture_above_authorised"
    bench.domains.transfer = lambda _order: (RailStatus.FAILED, "AC04")
    await bench.days_pass(handle, 5)
    bench.domains.transfer = lambda _order: RailStatus.SUCCEEDED
    again = RetryMoneyOut(who="stf_sara", why="the account was corrected")
    await handle.execute_update(PaymentPlanWorkflow.retry_payout, again)
    await bench.days_pass(handle, 22)
    kinds = bench.domains.kinds(plan)
    assert [kinds.count(f"merchant_{end}") for end in ("payout_rejected", "paid")] == [1, 1]
    assert kinds.count("authorisation_expiring") == 1
    await bench.days_pass(handle, 2)
    (expired,) = (each.event for each in log if isinstance(each.event, AuthorisationExpired))
    assert (expired.amount, expired.owed_less) == (_birr("3000.00"), _birr("3000.00"))
    with pytest.raises(WorkflowUpdateFailedError) as late:
        await _capture(handle, None, "parcel-2")
    assert code_of(late) == "authorisation_expired"
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"


async def test_what_was_not_captured_is_no_loss(bench: Bench) -> None:
    bench.domains.sold_as = _for_long
    bench.domains.product_version = 2
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    plan, handle = await _manual(bench)
    await _capture(handle, "1000.00")
    await bench.days_pass(handle, 33)
    await handle.execute_update(PaymentPlanWorkflow.charge_off, _LATE)
    events = [each.event for each in bench.domains.events[plan]]
    (voided,) = (each for each in events if isinstance(each, OrderVoided))
    (lost,) = (each for each in events if isinstance(each, PlanChargedOff))
    assert (voided.amount, voided.by, lost.principal) == (
        _birr("3000.00"),
        "stf_sara",
        _birr("1000.00"),
    )
    with pytest.raises(WorkflowUpdateFailedError) as gone:
        await _capture(handle, None, "parcel-2")
    assert code_of(gone) == "nothing_authorised"
    await handle.terminate()


async def test_a_plan_of_which_nothing_was_captured_is_voided_and_not_lost(bench: Bench) -> None:
    bench.domains.sold_as = _for_long
    bench.domains.product_version = 2
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    _, handle = await _manual(bench)
    await bench.days_pass(handle, 33)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update(PaymentPlanWorkflow.charge_off, _LATE)
    assert code_of(refused) == "plan_not_late"
    outcome = await asyncio.wait_for(handle.result(), timeout=timedelta(seconds=30).seconds)
    assert outcome.state == "completed"


async def test_what_is_authorised_stays_so_through_a_change_in_hardship(bench: Bench) -> None:
    """The customer's dates are moved; what is voided after that is taken off the new schedule."""
    bench.domains.product_version = 2
    plan, handle = await _manual(bench, "pay_in_4")
    await eventually(
        lambda: handle.query(PaymentPlanWorkflow.state), lambda state: state == "active"
    )
    (active,) = (
        each.event for each in bench.domains.events[plan] if isinstance(each.event, PlanActivated)
    )
    due_on = active.installments[1].due_on
    moved = Hardship(kind=HardshipKind.MOVE_DUE_DATE, number=2, to=due_on + timedelta(days=7))
    deed = GrantHardship(change=moved, who="stf_sara", why="lost the job")
    await handle.execute_update(PaymentPlanWorkflow.grant_hardship, deed)
    void = VoidOrder(reference="sold-out", amount=_birr("1500.00"))
    await handle.execute_update(PaymentPlanWorkflow.void_order, void)
    (told,) = (
        each.event for each in bench.domains.events[plan] if isinstance(each.event, OrderVoided)
    )
    rows = [(row.due_on - due_on, row.principal) for row in told.installments[1:]]
    assert [(apart.days, str(owed)) for apart, owed in rows] == [
        (7, "1000.00"),
        (21, "500.00"),
        (35, "0.00"),
    ]
    await _capture(handle, None)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"


async def test_a_plan_that_goes_on_as_new_knows_what_was_captured(bench: Bench) -> None:
    application = bench.application("pay_over_time", amount="24000.00", count=9)
    handle = await bench.to_offer(replace(application, capture=CaptureMode.MANUAL))
    await bench.accept(handle)
    await _capture(handle, "20000.00")
    await bench.days_pass(handle, 190)
    newest: Handle = bench.env.client.get_workflow_handle_for(PaymentPlanWorkflow.run, handle.id)
    assert (await newest.describe()).run_id != handle.first_execution_run_id
    above = TakeGoodsBack(reference="return-1", amount=_birr("20000.01"))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await newest.execute_update(PaymentPlanWorkflow.refund_order, above)
    assert code_of(refused) == "refund_above_captured"
    with pytest.raises(WorkflowUpdateFailedError) as late:
        await _capture(newest, None, "parcel-2")
    assert code_of(late) == "authorisation_expired"
    await newest.terminate()
