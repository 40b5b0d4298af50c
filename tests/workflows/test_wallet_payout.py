"""A merchant that is paid to its M-PESA wallet: the end comes by callback, whenever that is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from meqenet.money import Money
from meqenet.payments.rail import RailStatus, RefundAnswer
from meqenet.settlement.lines import CloseOutcome
from meqenet.settlement.transfer import PayoutRail
from tests.waiting import eventually
from tests.workflows.conftest import Bench
from tests.workflows.settling import Line
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.merchant_settlement import MerchantSettlementWorkflow
from workflows.merchant_transfer import MerchantTransferWorkflow
from workflows.messages import RefundReported, payout_workflow_id
from workflows.payday_messages import CloseMerchantDay, MerchantDayClosed, settlement_workflow_id

_DUE = datetime(2026, 11, 24, 6, tzinfo=UTC)
_STEP = timedelta(hours=1)
Close = WorkflowHandle[Any, MerchantDayClosed]


async def _close(bench: Bench) -> Close:
    """A day with one order of 970.00 birr, for a merchant with a wallet."""
    merchant, domains = bench.merchant_id, bench.domains
    domains.rail = PayoutRail.MPESA
    domains.lines[f"pln_{merchant}"] = Line(
        merchant_id=merchant, clock=None, net=Money(97_000), due_at=_DUE, protected=False
    )
    return await bench.env.client.start_workflow(
        MerchantSettlementWorkflow.run,
        CloseMerchantDay(merchant_id=merchant, due_at=_DUE),
        id=settlement_workflow_id(merchant_id=merchant, test_clock_id=None),
        task_queue=WORKFLOW_QUEUE,
    )


async def _call_back(bench: Bench, payout: str, *, status: RailStatus) -> None:
    transfer = bench.env.client.get_workflow_handle(payout_workflow_id(payout_id=payout))
    answer = RefundAnswer(refund_id=payout, status=status, failure_code="2001")
    await transfer.signal(MerchantTransferWorkflow.refund_reported, RefundReported(answer=answer))


@pytest.mark.parametrize(
    ("status", "is_rejected"), [(RailStatus.SUCCEEDED, False), (RailStatus.FAILED, True)]
)
async def test_a_callback_that_comes_before_the_answer_is_the_final_word(
    bench: Bench, status: RailStatus, *, is_rejected: bool
) -> None:
    asked: list[str] = []

    async def calls_back(payout: str) -> None:
        await _call_back(bench, payout, status=status)

    def is_asked(payout: str) -> RailStatus:
        asked.append(payout)
        return status

    bench.domains.meanwhile, bench.domains.query = calls_back, is_asked
    bench.domains.transfer = lambda _order: RailStatus.PENDING
    closed = await (await _close(bench)).result()
    assert closed.is_rejected is is_rejected
    assert list(closed.payout_ids) == bench.domains.paid_out
    assert asked == []


async def test_a_callback_ends_the_waiting(bench: Bench) -> None:
    bench.domains.transfer = bench.domains.query = lambda _order: RailStatus.PENDING
    close = await _close(bench)

    async def sent() -> list[str]:
        return bench.domains.paid_out

    (payout,) = await eventually(sent, lambda found: len(found) == 1)
    await _call_back(bench, payout, status=RailStatus.SUCCEEDED)
    closed = await close.result()
    assert closed == MerchantDayClosed(outcome=CloseOutcome.NOTHING, payout_ids=(payout,))
    assert bench.domains.paid_out == [payout]


async def test_without_a_callback_it_is_asked_about_and_not_sent_again(bench: Bench) -> None:
    asked: list[str] = []

    def settles_at_the_third(payout: str) -> RailStatus:
        asked.append(payout)
        return RailStatus.SUCCEEDED if len(asked) == 3 else RailStatus.PENDING

    bench.domains.transfer = lambda _order: RailStatus.PENDING
    bench.domains.query = settles_at_the_third
    close = await _close(bench)

    async def is_over() -> bool:
        return not await bench.env.fast_forward(close, _STEP)

    await eventually(is_over, lambda over: over)
    assert (await close.result()).payout_ids == tuple(bench.domains.paid_out)
    assert asked == bench.domains.paid_out * 3
