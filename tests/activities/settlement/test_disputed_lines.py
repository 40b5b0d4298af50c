"""A merchant's money waits for a dispute and comes back: every payout is the sum of its lines."""

from dataclasses import replace

import pytest

from activities.contracts import merchant_settlement as m
from activities.contracts.settlement import OrderLine, ScheduleSettlement, SettlementSteps
from activities.merchant_settlement import MerchantSettlementActivities
from db.kernel.engine import Database
from db.settlement.books import read_payouts
from meqenet.money import Money
from meqenet.settlement.lines import CloseOutcome, LineKind, LineMoney
from meqenet.settlement.transfer import TransferStatus
from tests.activities.settlement.stories import AT
from tests.activities.settlement.test_merchant_day import Sell, closing, days, ended, sell, taken

__all__ = ["days", "sell"]
_PART = Money(20_000)


def _line(order: ScheduleSettlement, kind: LineKind, name: str) -> m.AddLine:
    sign = 1 if kind is LineKind.DISPUTE_RELEASED else -1
    return m.AddLine(
        line_id=f"{order.plan_id}-d1-{name}",
        merchant_id=order.merchant_id,
        plan_id=order.plan_id,
        kind=kind,
        gross=Money(20_000 * sign),
        fee=Money(700 * sign),
        tax=Money(0),
        available_at=AT,
        at=AT,
    )


async def test_what_waits_is_not_paid_and_comes_back_as_payable(
    days: MerchantSettlementActivities, sell: Sell, settlement: Database
) -> None:
    order = await sell("a")
    held = await days.add_line(_line(order, LineKind.DISPUTE, "held"))
    assert (held.money, held.is_protected) == (LineMoney.PAYABLE, False)
    payout = await taken(days, closing(order))
    assert payout.transfer.amount == Money(77_200)
    await ended(days, payout, TransferStatus.SETTLED)
    # The order is paid out: what comes back is payable, never less owed back than nothing.
    released = await days.add_line(_line(order, LineKind.DISPUTE_RELEASED, "released"))
    assert (released.money, released.net) == (LineMoney.PAYABLE, Money(19_300))
    refund = replace(_line(order, LineKind.REFUND, "rf1"), follows=f"{order.plan_id}-d1-released")
    # Where the dispute was won, the refund takes the money that has come back, and owes nothing.
    assert (await days.add_line(refund)).money is LineMoney.PAYABLE
    closed = await days.close_day(closing(order, later_days=1))
    assert (closed.outcome, closed.available) == (CloseOutcome.CARRIED_OVER, Money(0))
    async with settlement.read() as session:
        (row,) = (await read_payouts(session=session, plan_ids=[order.plan_id]))[order.plan_id]
    assert (row.waiting, row.beside, row.later) == (Money(0), Money(-19_300), {})


async def test_what_was_paid_out_is_owed_back_meanwhile_and_the_next_payout_nets_both(
    days: MerchantSettlementActivities, sell: Sell, settlement: Database
) -> None:
    order = await sell("a")
    await ended(days, await taken(days, closing(order)), TransferStatus.SETTLED)
    held = await days.add_line(_line(order, LineKind.DISPUTE, "held"))
    assert held.money is LineMoney.RECEIVABLE
    second = await sell("b")
    netted = await taken(days, closing(second, later_days=1))
    assert (netted.owed_back, netted.transfer.amount) == (Money(19_300), Money(77_200))
    await ended(days, netted, TransferStatus.SETTLED)
    await days.add_line(_line(order, LineKind.DISPUTE_RELEASED, "released"))
    back = await taken(days, closing(order, later_days=2))
    assert (back.owed_back, back.transfer.amount) == (Money(0), Money(19_300))
    (share,) = back.shares
    assert (share.payout_id, share.amount, share.owed) == (None, Money(19_300), Money(19_300))
    await ended(days, back, TransferStatus.SETTLED)
    async with settlement.read() as session:
        (row,) = (await read_payouts(session=session, plan_ids=[order.plan_id]))[order.plan_id]
    share_id = f"{order.plan_id}-{back.transfer.end_to_end_id}"
    assert (row.waiting, row.later) == (Money(0), {share_id: Money(19_300)})


@pytest.mark.parametrize("is_rejected", [False, True])
async def test_protected_money_is_protected_again_unless_a_payout_has_let_it_go(
    days: MerchantSettlementActivities,
    steps: SettlementSteps,
    order: ScheduleSettlement,
    *,
    is_rejected: bool,
) -> None:
    protected = replace(order, protection_days=1, line=OrderLine(reference="order-1"))
    await steps.schedule(protected)
    held = await days.add_line(_line(protected, LineKind.DISPUTE, "held"))
    assert (held.money, held.is_protected) == (LineMoney.PAYABLE, True)
    if is_rejected:
        payout = await taken(days, closing(protected, later_days=9))
        assert payout.shares[0].protected == payout.shares[0].amount
        await ended(days, payout, TransferStatus.REJECTED)
    released = await days.add_line(_line(protected, LineKind.DISPUTE_RELEASED, "released"))
    assert (released.money, released.is_protected) == (LineMoney.PAYABLE, not is_rejected)
