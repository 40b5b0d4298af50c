"""Money that came unasked and was too much: a credit, of which a part is paid out, once.

Payments and ledger are the real stores, the other domains and the rails are in memory.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from db.kernel.encryption import Keyring
from db.payments.inbox import CallbackInbox
from meqenet.errors import OutcomeUnknown
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.rail import RailStatus, WalletProvider
from tests.backing import Databases
from tests.waiting import eventually
from tests.workflows.conftest import code_of
from tests.workflows.test_late_money import PRICE, Late, late_bench
from tests.workflows.test_test_clock import START
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.messages import (
    BillPaid,
    credit_return_workflow_id,
    refund_workflow_id,
    stray_bill_workflow_id,
)
from workflows.plan import PaymentPlanWorkflow
from workflows.stray_bill import StrayBill, StrayBillWorkflow

_MORE = Money.from_birr("150.00")
_PAYER = "251700000777"


@pytest_asyncio.fixture(loop_scope="session")
async def late(
    env: WorkflowEnvironment, databases: Databases, keyring: Keyring, unique: str
) -> AsyncIterator[Late]:
    """A bench of the test's own."""
    async with late_bench(env, databases, keyring, merchant_id=f"mer_{unique}") as bench:
        yield bench


async def _overpaid(late: Late, keyring: Keyring, receipt: str) -> tuple[str, str]:
    """A plan that was paid off with more than it owed; its id, and the order of the money."""
    late.domains.query = lambda _order: RailStatus.SUCCEEDED
    application = late.application("pay_in_30", provider=WalletProvider.TELEBIRR)
    plan = application.plan_id
    handle = await late.to_offer(application)
    await late.accept(handle)
    bill = BillPaid(receipt=receipt, amount=PRICE + _MORE)
    inbox = CallbackInbox(database=late.databases["payments"], keyring=keyring)
    for _ in range(2):
        await inbox.keep_bill(
            receipt=receipt, plan_id=plan, amount=bill.amount, payer=_PAYER, at=START
        )
        await handle.signal(PaymentPlanWorkflow.bill_paid, bill)

    async def told() -> list[str]:
        return late.domains.kinds(plan)

    await eventually(told, lambda kinds: "own_payment_ended" in kinds)
    await late.live_out(handle)
    assert (await handle.result()).state == "completed"
    return plan, f"{plan}-x01-a1"


async def test_what_a_bill_brought_too_much_goes_to_the_phone_that_paid_and_a_stray_one_back_whole(
    late: Late, keyring: Keyring, unique: str
) -> None:
    plan, order = await _overpaid(late, keyring, f"R{unique[:9]}")
    (credit,) = await late.credits(plan)
    assert (credit.attempt_id, credit.amount, credit.refund) == (order, _MORE, None)
    assert credit.provider is WalletProvider.MPESA
    held = {"provider_clearing": "4150.00", "customer_credit": "-150.00"}
    assert await late.books(plan) == held

    late.domains.refund = lambda _order: (RailStatus.FAILED, "2040")
    refused = await _returned(late, order)
    (credit,) = await late.credits(plan)
    assert (credit.refund, credit.failure_code) == (OrderState.FAILED, "2040")
    assert await late.books(plan) == held

    def lost(_refund: str) -> RailStatus:
        raise OutcomeUnknown("mpesa_timeout", "no answer")

    late.domains.refund = lost
    returned = await _returned(late, order)
    assert late.domains.refunds == []
    assert late.domains.parts_went_to == {refused: _PAYER, returned: _PAYER}
    (credit,) = await late.credits(plan)
    assert credit.refund is OrderState.SUCCEEDED
    assert await late.books(plan) == {"provider_clearing": "4000.00"}
    with pytest.raises(WorkflowUpdateFailedError) as again:
        await late.return_credit(order)
    assert code_of(again) == "credit_returned"

    receipt = f"S{unique[:9]}"
    bill = StrayBill(plan_id=plan, receipt=receipt, amount=PRICE)
    follow = stray_bill_workflow_id(receipt=receipt)
    strays = [
        await late.env.client.execute_workflow(
            StrayBillWorkflow.run, bill, id=follow, task_queue=WORKFLOW_QUEUE
        )
        for _ in range(2)
    ]
    assert strays == [f"{plan}-x02-a1"] * 2
    (_, credit) = await late.credits(plan)
    assert (credit.attempt_id, credit.amount, credit.receipt) == (strays[0], PRICE, receipt)
    assert (await late.books(plan))["customer_credit"] == "-4000.00"
    late.domains.refund = lambda _order: RailStatus.SUCCEEDED
    reversed_by = await _returned(late, strays[0])
    assert late.domains.refunds == [reversed_by]
    assert await late.books(plan) == {"provider_clearing": "4000.00"}


async def _returned(late: Late, order: str) -> str:
    """Have a credit sent back, and wait for its end; the refund's id."""
    refund_id = (await late.return_credit(order)).refund_id
    client = late.env.client
    await client.get_workflow_handle(refund_workflow_id(refund_id=refund_id)).result()
    await client.get_workflow_handle(credit_return_workflow_id(attempt_id=order)).result()
    return refund_id
