"""Plans on real time, lived in seconds by time skipping."""

import pytest
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError

from meqenet.errors import OutcomeUnknown, Unavailable
from meqenet.identity import attempt_id, installment_id
from meqenet.ledger.happenings import InstallmentCollected
from meqenet.payments.rail import RailStatus, WalletProvider
from tests.meqenet.ledger.books import left_over
from tests.workflows.conftest import Bench, code_of
from workflows.messages import Cancel
from workflows.plan import PaymentPlanWorkflow


def attempt(plan_id: str, installment: int, number: int = 1) -> str:
    return attempt_id(
        installment_id=installment_id(plan_id=plan_id, number=installment), number=number
    )


@pytest.mark.parametrize(
    ("option", "provider", "count"),
    [
        ("pay_in_4", WalletProvider.TELEBIRR, 4),
        ("pay_over_time", WalletProvider.MPESA, 7),
        ("pay_in_full", WalletProvider.MPESA, 1),
    ],
)
async def test_a_plan_is_collected_settled_and_completed_and_nothing_is_left_on_it(
    bench: Bench, option: str, provider: WalletProvider, count: int
) -> None:
    """The one of four signs a mandate and ends it, after a first payment on telebirr's page.

    The one of seven months continues as new before its last installment.
    """
    asked = count if option == "pay_over_time" else None
    under_mandate = provider is WalletProvider.TELEBIRR
    application = bench.application(option, amount="6000.00", count=asked, provider=provider)
    handle = await bench.to_offer(application)
    assert (await bench.accept(handle)).state == ("active" if asked else "accepted")
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    plan, domains = application.plan_id, bench.domains
    assert domains.sent == [attempt(plan, n) for n in range(1 + under_mandate, count + 1)]
    assert len(domains.cancelled_mandates) == under_mandate
    assert domains.paid_out == [domains.carrier_of(plan)]
    assert (domains.holds[plan], domains.orders[plan]) == ("owed", "approved")
    assert domains.kinds(plan)[-1] == "plan_completed"
    happenings = domains.happenings(plan)
    collected = [told for told in happenings if isinstance(told, InstallmentCollected)]
    assert all(not told.interest for told in collected)
    accrued = {told.number for told in happenings if told.kind == "interest_accrued"}
    assert accrued == set(range(1, (asked or 0) + 1))
    told = (await bench.env.client.get_workflow_handle(handle.id).describe()).raw_description
    run = told.workflow_execution_info
    assert (run.execution.run_id != run.first_run_id) is (option == "pay_over_time")
    left = left_over(happenings)
    assert not [code for code in left if code.endswith(f":{plan}")]
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


async def test_an_order_that_did_not_arrive_is_sent_again_under_its_id(bench: Bench) -> None:
    """Neither the one with which the provider was not reached, nor the one of unknown outcome."""
    tries: list[str] = []
    answers = iter(
        (
            Unavailable("mpesa_unavailable", "not reached"),
            OutcomeUnknown("mpesa_outcome_unknown", "no answer"),
            RailStatus.SUCCEEDED,
        )
    )

    def lost_twice(order: str) -> RailStatus | Exception:
        tries.append(order)
        return next(answers)

    bench.domains.answer = lost_twice
    bench.domains.query = lambda _order: RailStatus.NOT_FOUND
    application = bench.application("pay_in_full")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    assert tries == [attempt(application.plan_id, 1)] * 3


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
