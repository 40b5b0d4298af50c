"""What is known of a plan's merchant money without its process."""

from dataclasses import replace
from datetime import timedelta

from activities.contracts.settlement import (
    LoadedSettlement,
    LoadSettlement,
    OpenPayout,
    ScheduleSettlement,
    SettlementSteps,
)
from meqenet.identity import payout_id
from meqenet.settlement.transfer import TransferStatus
from tests.activities.settlement.stories import AT, heard


async def test_nothing_was_scheduled(steps: SettlementSteps, unique: str) -> None:
    loaded = await steps.load_settlement(LoadSettlement(plan_id=f"pln_{unique}"))
    assert loaded == LoadedSettlement(scheduled=None)


async def test_the_newest_settlement_counts_and_its_payout_may_be_under_way(
    steps: SettlementSteps, order: ScheduleSettlement
) -> None:
    question = LoadSettlement(plan_id=order.plan_id)
    first = await steps.schedule(order)
    scheduled = LoadedSettlement(scheduled=first, number=1, begun=False)
    assert await steps.load_settlement(question) == scheduled
    await steps.open_payout(OpenPayout(payout_id=order.payout_id, at=AT))
    assert await steps.load_settlement(question) == replace(scheduled, begun=True)
    await steps.record_payout(heard(order.payout_id, TransferStatus.REJECTED, reason="AC03"))
    asked_at = AT + timedelta(days=40)
    again = replace(order, payout_id=payout_id(plan_id=order.plan_id, number=2), at=asked_at)
    second = await steps.schedule(again)
    assert await steps.load_settlement(question) == LoadedSettlement(
        scheduled=replace(second, due_at=asked_at), number=2, begun=False
    )
