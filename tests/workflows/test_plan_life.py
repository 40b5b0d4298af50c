"""Plans on real time, lived in seconds by time skipping."""

import pytest
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError

from meqenet.errors import OutcomeUnknown, Unavailable
from meqenet.identity import attempt_id, installment_id
from meqenet.ledger.happenings import InstallmentCollected
from meqenet.payments.rail import RailStatus, WalletProvider
from tests.meqenet.ledger.books import left_over
from tests.waiting import eventually
from tests.workflows.conftest import Bench, code_of
from workflows.messages import Cancel, PaymentReported, RetryInstallment, collection_workflow_id
from workflows.plan import PaymentPlanWorkflow


def attempt(plan_id: str, installment: int, number: int = 1) -> str:
    return attempt_id(
        installment_id=installment_id(plan_id=plan_id, number=installment), number=number
    )


async def test_pay_in_4_by_mpesa_is_collected_settled_and_completed(bench: Bench) -> None:
    application = bench.application("pay_in_4")
    handle = await bench.to_offer(application)
    assert (await bench.accept(handle)).state == "accepted"
    await bench.live_out(handle)
    outcome = await handle.result()
    plan = application.plan_id
    assert outcome.state == "completed"
    assert bench.domains.sent == [attempt(plan, n) for n in (1, 2, 3, 4)]
    assert bench.domains.paid_out == [f"{plan}-p1"]
    assert bench.domains.holds[plan] == "owed"
    assert bench.domains.orders[plan] == "approved"
    assert bench.domains.kinds(plan)[-1] == "plan_completed"


@pytest.mark.parametrize("option", ["pay_in_30", "pay_in_full"])
async def test_options_with_one_installment(bench: Bench, option: str) -> None:
    application = bench.application(option)
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    assert bench.domains.sent == [attempt(application.plan_id, 1)]


async def test_a_plan_of_eight_months_continues_as_new_and_completes(bench: Bench) -> None:
    """One of a year lives by a test clock, see ``test_test_clock``."""
    application = bench.application("pay_over_time", amount="24000.00", count=8)
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    assert len(bench.domains.sent) == 8
    assert len(set(bench.domains.sent)) == 8


@pytest.mark.parametrize(
    ("option", "count"), [("pay_in_4", None), ("pay_over_time", 6), ("pay_in_full", None)]
)
async def test_interest_and_commission_are_earned_and_nothing_is_left_on_the_plan(
    bench: Bench, option: str, count: int | None
) -> None:
    application = bench.application(option, amount="6000.00", count=count)
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    plan_id, domains = application.plan_id, bench.domains
    happenings = domains.happenings(plan_id)
    collected = [told for told in happenings if isinstance(told, InstallmentCollected)]
    assert all(not told.interest for told in collected)
    assert (len({told.number for told in happenings if told.kind == "interest_accrued"})) == (
        count or 0
    )
    left = left_over(happenings)
    assert not [code for code in left if code.endswith(f":{plan_id}")]
    lender = "partner_microfinance" if option == "pay_over_time" else "meqenet"
    assert left[f"merchant_fee_income:{lender}"] == "-180.00"


async def test_a_minor_is_declined_with_a_reason(bench: Bench) -> None:
    bench.domains.age_years = 17
    application = bench.application("pay_in_4")
    handle, _ = await bench.apply(application)
    answer = await bench.log_in(handle, application.plan_id)
    assert answer.state == "declined"
    assert (await handle.result()).state == "declined"
    assert bench.domains.orders[application.plan_id] == "declined"
    assert bench.domains.sent == []


async def test_a_refused_application_fails_the_run_so_that_it_may_be_made_anew(
    bench: Bench,
) -> None:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await bench.apply(bench.application("pay_in_4", amount="10.00"))
    assert code_of(refused) == "amount_below_minimum"
    handle, answer = await bench.apply(bench.application("pay_in_4"))
    assert answer.state == "identity_required"
    await handle.terminate()


async def test_the_same_reference_with_another_content_is_refused(bench: Bench) -> None:
    handle, _ = await bench.apply(bench.application("pay_in_4"))
    again, answer = await bench.apply(bench.application("pay_in_4"))
    assert (again.id, answer.state) == (handle.id, "identity_required")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await bench.apply(bench.application("pay_in_4", amount="4100.00"))
    assert code_of(refused) == "reference_reused"
    await handle.terminate()


async def test_a_no_show_expires_and_gives_the_limit_back(bench: Bench) -> None:
    application = bench.application("pay_in_4")
    handle = await bench.to_offer(application)
    await bench.live_out(handle)
    assert (await handle.result()).state == "expired"
    assert bench.domains.holds[application.plan_id] == "expired"


async def test_cancelled_before_acceptance_nothing_is_collected(bench: Bench) -> None:
    application = bench.application("pay_in_4")
    handle = await bench.to_offer(application)
    answer = await handle.execute_update(PaymentPlanWorkflow.cancel, Cancel(reason="changed mind"))
    assert answer.state == "cancelled"
    assert (await handle.result()).state == "cancelled"
    assert bench.domains.holds[application.plan_id] == "voided"
    assert bench.domains.sent == []


async def test_cancelled_while_the_customer_pays_the_money_goes_back(bench: Bench) -> None:
    bench.domains.answer = lambda _order: RailStatus.PENDING
    bench.domains.query = lambda _order: RailStatus.PENDING
    application = bench.application("pay_in_4")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    answer = await handle.execute_update(PaymentPlanWorkflow.cancel, Cancel(reason="changed mind"))
    assert answer.state == "cancelled"
    bench.domains.query = lambda _order: RailStatus.SUCCEEDED
    assert (await handle.result()).state == "cancelled"
    assert bench.domains.refunds == [f"{attempt(application.plan_id, 1)}-r1"]
    assert bench.domains.kinds(application.plan_id)[-1] == "payment_returned"


async def test_an_active_plan_cannot_be_cancelled(bench: Bench) -> None:
    handle = await bench.to_offer(bench.application("pay_in_30"))
    assert (await bench.accept(handle)).state == "active"
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update(PaymentPlanWorkflow.cancel, Cancel(reason="late"))
    assert code_of(refused) == "plan_not_cancellable"
    await handle.terminate()


async def test_a_failed_collection_is_tried_again_at_its_set_distance(bench: Bench) -> None:
    application = bench.application("pay_in_4")
    second = attempt(application.plan_id, 2)
    bench.domains.answer = lambda order: (
        (RailStatus.FAILED, "1") if order == second else RailStatus.SUCCEEDED
    )
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    assert attempt(application.plan_id, 2, 2) in bench.domains.sent
    assert "collection_attempt_failed" in bench.domains.kinds(application.plan_id)


async def test_when_all_set_attempts_fail_a_person_retries_and_the_plan_completes(
    bench: Bench,
) -> None:
    application = bench.application("pay_in_30")
    plan = application.plan_id
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.days_pass(handle, 75)
    assert await handle.query(PaymentPlanWorkflow.state) == "past_due"
    assert bench.domains.sent == [attempt(plan, 1, n) for n in range(1, 7)]
    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    await handle.execute_update(
        PaymentPlanWorkflow.retry_installment, RetryInstallment(number=1, who="staff_1", why="call")
    )
    assert (await handle.result()).state == "completed"
    assert bench.domains.sent[-1] == attempt(plan, 1, 7)


async def test_an_unknown_outcome_is_asked_about_and_never_sent_again(bench: Bench) -> None:
    bench.domains.answer = lambda _order: OutcomeUnknown("mpesa_outcome_unknown", "no answer")
    application = bench.application("pay_in_full")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    assert bench.domains.sent == [attempt(application.plan_id, 1)]
    assert bench.domains.asked == [attempt(application.plan_id, 1)]


async def test_a_provider_that_was_not_reached_gets_the_same_order_again(bench: Bench) -> None:
    tries: list[str] = []

    def once_down(order: str) -> RailStatus | Exception:
        tries.append(order)
        if len(tries) == 1:
            return Unavailable("mpesa_unavailable", "not reached")
        return RailStatus.SUCCEEDED

    bench.domains.answer = once_down
    application = bench.application("pay_in_full")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    assert tries == [attempt(application.plan_id, 1)] * 2


async def test_an_order_that_never_arrived_is_sent_again_under_its_id(bench: Bench) -> None:
    tries: list[str] = []

    def lost_once(order: str) -> RailStatus | Exception:
        tries.append(order)
        if len(tries) == 1:
            return OutcomeUnknown("mpesa_outcome_unknown", "no answer")
        return RailStatus.SUCCEEDED

    bench.domains.answer = lost_once
    bench.domains.query = lambda _order: RailStatus.NOT_FOUND
    handle = await bench.to_offer(bench.application("pay_in_full"))
    await bench.accept(handle)
    bench.domains.transfer = lambda _order: RailStatus.SUCCEEDED
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    assert len(tries) == 2
    assert len(set(tries)) == 1


async def test_a_callback_ends_the_wait(bench: Bench) -> None:
    bench.domains.answer = lambda _order: RailStatus.PENDING
    bench.domains.query = lambda _order: RailStatus.PENDING
    application = bench.application("pay_in_full")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    order = attempt(application.plan_id, 1)
    collection = bench.env.client.get_workflow_handle(
        collection_workflow_id(installment_id=installment_id(plan_id=application.plan_id, number=1))
    )
    await eventually(
        lambda: handle.query(PaymentPlanWorkflow.state), lambda _: order in bench.domains.sent
    )
    answer = bench.domains.succeeded(order)
    for _ in range(2):
        await collection.signal("payment_reported", PaymentReported(answer=answer))
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"


async def test_telebirr_pay_in_4_signs_a_mandate_and_ends_it(bench: Bench) -> None:
    application = bench.application("pay_in_4", provider=WalletProvider.TELEBIRR)
    handle = await bench.to_offer(application)
    assert (await bench.accept(handle)).state == "accepted"
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    assert bench.domains.sent == [attempt(application.plan_id, n) for n in (2, 3, 4)]
    assert len(bench.domains.cancelled_mandates) == 1


async def test_telebirr_pay_in_30_waits_for_the_mandate(bench: Bench) -> None:
    application = bench.application("pay_in_30", provider=WalletProvider.TELEBIRR)
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"


async def test_a_refused_payout_waits_for_a_person(bench: Bench) -> None:
    bench.domains.transfer = lambda _order: (RailStatus.FAILED, "AC04")
    application = bench.application("pay_in_full")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.days_pass(handle, 20)
    assert bench.domains.kinds(application.plan_id)[-1] == "merchant_payout_rejected"
    bench.domains.transfer = lambda _order: RailStatus.SUCCEEDED
    await handle.execute_update("retry_payout", {"who": "staff_1", "why": "new account"})
    assert (await handle.result()).state == "completed"
    assert bench.domains.paid_out == [f"{application.plan_id}-p{n}" for n in (1, 2)]


async def test_three_failed_logins_decline_the_plan(bench: Bench) -> None:
    application = bench.application("pay_in_4")
    handle, _ = await bench.apply(application)
    states = [
        (await bench.log_in(handle, application.plan_id, attempt=number, code="expired")).state
        for number in (1, 2, 3)
    ]
    assert states == ["identity_required", "identity_required", "declined"]
    await handle.result()


async def test_a_login_of_another_attempt_is_refused(bench: Bench) -> None:
    application = bench.application("pay_in_4")
    handle, _ = await bench.apply(application)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await bench.log_in(handle, application.plan_id, attempt=2)
    assert code_of(refused) == "identity_state_mismatch"
    await handle.terminate()
    with pytest.raises(WorkflowFailureError):
        await handle.result()
