"""Payments are replayed while the server is lost: once, and every book is told of it once."""

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from meqenet.bnpl.payment_events import OwnPaymentEnded
from meqenet.bnpl.replay_events import PaymentsReplayed, ReplayCause
from meqenet.money import Money
from tests.waiting import eventually
from tests.workflows.conftest import code_of
from tests.workflows.losing import DONE, losing
from workflows.messages import PayNow
from workflows.plan import PaymentPlanWorkflow
from workflows.replay_messages import ReplayPayment, ReplayRequest


@pytest.mark.parametrize(
    "steps",
    [
        ("bnpl.record_event payments_replayed", "ledger.replay_payments"),
        ("payments.recount_payments", "credit.reverse_repayment"),
    ],
    ids=", ".join,
)
async def test_a_plan_that_is_lost_as_its_payments_are_replayed_replays_them_once(
    env: WorkflowEnvironment, unique: str, steps: tuple[str, str]
) -> None:
    first, second = steps
    async with losing(env, unique, (first, 1, DONE), (second, 1, DONE)) as lost:
        stores = lost.stores
        application = lost.bench.application("pay_in_4")
        plan = application.plan_id
        await lost.be_in_force(application)
        part = Money.from_birr("1000.00")
        await lost.handle(plan).execute_update(PaymentPlanWorkflow.pay, PayNow(amount=part))

        async def kinds() -> list[str]:
            return stores.kinds(plan)

        await eventually(kinds, lambda found: OwnPaymentEnded.kind in found)
        deed = ReplayPayment(
            request=ReplayRequest(cause=ReplayCause.REVERSED, attempt_id=f"{plan}-x01-a1"),
            who="stf_finance",
            why="the provider has taken it back",
        )

        async def asked() -> None:
            await lost.handle(plan).execute_update(PaymentPlanWorkflow.replay_payment, deed)

        await lost.lose_while(plan, asked)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await asked()
        assert code_of(refused) == "payment_taken_out"
        told = [
            each.event for each in stores.events[plan] if isinstance(each.event, PaymentsReplayed)
        ]
        assert [each.principal_owed_more for each in told] == [part]
        replay = f"{plan}-replay-1"
        assert list(stores.recounted) == list(stores.replayed) == [replay]
        assert [each.principal for each in stores.owed_again.values()] == [part]
        await lost.pass_time(plan)
        assert (await lost.handle(plan).result()).state == "completed"
        assert [each.startswith(f"{plan}-i02-") for each in stores.sent].count(True) == 1
