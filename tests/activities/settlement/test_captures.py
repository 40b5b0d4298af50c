"""Captures in the store: each due on its own day, its fee by the whole, its money taken once."""

from datetime import date, timedelta
from random import Random

import pytest

from activities.captures import CaptureActivities
from activities.contracts import captures as c
from activities.contracts import merchant_settlement as m
from activities.contracts.settlement import LoadSettlement, ScheduleSettlement, SettlementSteps
from activities.merchant_settlement import MerchantSettlementActivities
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.settlement.lines import lines_of_plan
from db.settlement.views import merchant_positions
from meqenet.calendar import addis_date, at_addis
from meqenet.errors import Defect
from meqenet.money import Money, total
from meqenet.settlement.lines import CloseOutcome
from meqenet.settlement.transfer import TransferAnswer, TransferStatus
from tests.activities.settlement.stories import AT

_FIRST, _LATER = date(2026, 4, 8), date(2026, 4, 22)


@pytest.fixture
def captures(settlement: Database) -> CaptureActivities:
    return CaptureActivities(database=settlement)


@pytest.fixture
def days(settlement: Database, keyring: Keyring) -> MerchantSettlementActivities:
    return MerchantSettlementActivities(database=settlement, keyring=keyring)


def _birr(text: str) -> Money:
    return Money.from_birr(text)


async def _authorised(
    captures: CaptureActivities, order: ScheduleSettlement, *, protection_days: int = 0
) -> c.AuthoriseOrder:
    """A thousand birr at 3.5 percent."""
    command = c.AuthoriseOrder(
        plan_id=order.plan_id,
        merchant_id=order.merchant_id,
        option=order.option,
        amount=order.amount,
        authorised_on=_FIRST,
        protection_days=protection_days,
        reference="order-1",
        test_clock_id=None,
        at=AT,
    )
    for _ in range(2):
        assert (await captures.authorise_order(command)).fee == _birr("35.00")
    return command


async def _capture(
    captures: CaptureActivities, plan: str, number: int, amount: str, *, on: date = _FIRST
) -> c.OrderCaptured:
    command = c.CaptureOrder(
        plan_id=plan,
        capture_id=f"{plan}-c{number}",
        amount=_birr(amount),
        on=on,
        at=at_addis(on=on, hour=12),
    )
    await captures.capture_order(command)
    made: c.OrderCaptured = await captures.capture_order(command)
    return made


async def _close(
    days: MerchantSettlementActivities, order: ScheduleSettlement, *, on: date
) -> m.DayClosed:
    at = at_addis(on=on, hour=9)
    command = m.CloseDay(
        merchant_id=order.merchant_id, test_clock_id=None, day=addis_date(at=at), at=at, run="run"
    )
    closed: m.DayClosed = await days.close_day(command)
    return closed


async def _end(
    days: MerchantSettlementActivities, payout: m.OpenedPayout, status: TransferStatus
) -> None:
    own_id, at = payout.transfer.end_to_end_id, payout.opened_at + timedelta(minutes=1)
    answer = TransferAnswer(end_to_end_id=own_id, status=status, reason_code="AC04")
    await days.record_merchant_payout(
        m.RecordMerchantPayout(payout_id=own_id, answer=answer, at=at)
    )
    await days.finish_merchant_payout(m.FinishMerchantPayout(payout_id=own_id, at=at))
    if status is TransferStatus.REJECTED:
        await days.let_retry(m.LetRetry(payout_id=own_id, who="stf_1", why="mended", at=at))


async def _back(
    captures: CaptureActivities, plan: str, number: int, amount: str
) -> c.TakenFromCaptures:
    command = c.TakeFromCaptures(
        plan_id=plan,
        refund_id=f"{plan}-rf{number}",
        amount=_birr(amount),
        at=at_addis(on=_LATER, hour=13),
    )
    taken: c.TakenFromCaptures = await captures.take_from_captures(command)
    assert await captures.take_from_captures(command) == taken
    return taken


async def test_two_captures_are_in_two_payouts_and_goods_go_back_from_the_unpaid_one_first(
    captures: CaptureActivities,
    days: MerchantSettlementActivities,
    steps: SettlementSteps,
    order: ScheduleSettlement,
    settlement: Database,
) -> None:
    plan = order.plan_id
    await _authorised(captures, order)
    assert (await _capture(captures, plan, 1, "400.00")).net == _birr("386.00")
    first = (await _close(days, order, on=date(2026, 4, 14))).payout
    assert first is not None
    assert [(share.payout_id, share.amount) for share in first.shares] == [
        (f"{plan}-p1", _birr("386.00"))
    ]
    await _end(days, first, TransferStatus.SETTLED)
    second = await _capture(captures, plan, 2, "300.00", on=_LATER)
    assert [each.is_paid for each in second.found.captures] == [True, False]
    voided = await captures.void_order(
        c.VoidOrder(plan_id=plan, void_id=f"{plan}-vd1", amount=_birr("300.00"), at=AT)
    )
    assert voided.fee + total(each.fee for each in second.found.captures) == _birr("35.00")
    with pytest.raises(Defect, match="more than what is left"):
        await _capture(captures, plan, 3, "0.01")

    taken = await _back(captures, plan, 1, "200.00")
    assert (taken.payable, taken.paid_out, taken.fee_back) == (
        _birr("193.00"),
        Money.zero(),
        _birr("7.00"),
    )
    payout = (await _close(days, order, on=date(2026, 4, 24))).payout
    assert payout is not None
    assert (payout.transfer.amount, payout.shares[0].payout_id) == (_birr("96.50"), f"{plan}-p2")
    await _end(days, payout, TransferStatus.SETTLED)
    taken = await _back(captures, plan, 2, "500.00")
    assert (taken.payable, taken.paid_out) == (Money.zero(), _birr("482.50"))
    assert [each.left for each in taken.found.captures] == [Money.zero(), Money.zero()]
    assert (await _close(days, order, on=date(2026, 4, 27))).outcome is CloseOutcome.OWING
    with pytest.raises(Defect, match="more than what is left"):
        await _back(captures, plan, 3, "0.01")
    await _what_a_lost_run_is_told(steps, settlement, order)


async def _what_a_lost_run_is_told(
    steps: SettlementSteps, settlement: Database, order: ScheduleSettlement
) -> None:
    loaded = await steps.load_settlement(LoadSettlement(plan_id=order.plan_id))
    assert loaded.authorised is not None
    assert loaded.authorised.net == _birr("965.00")
    assert [share.amount for share in loaded.found.shares] == [_birr("386.00"), _birr("96.50")]
    async with settlement.read() as session:
        (position,) = await merchant_positions(session=session, merchant_id=order.merchant_id)
    assert (position.gross, position.fees) == (_birr("700.00"), _birr("24.50"))
    assert position.paid == _birr("482.50")


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_order_of_verbs_all_fees_come_to_what_the_terms_say(
    captures: CaptureActivities, order: ScheduleSettlement, settlement: Database, seed: int
) -> None:
    plan, draw = order.plan_id, Random(seed)  # noqa: S311 - no secret
    await _authorised(captures, order)
    left, captured, voided = order.amount, Money.zero(), Money.zero()
    fee_back, fee_void, refunded = Money.zero(), Money.zero(), Money.zero()
    for number in range(1, 13):
        verb = draw.choice(["capture", "void", "refund"])
        most = captured - refunded if verb == "refund" else left
        # The last one takes all that is left.
        amount = most if number == 12 else Money(draw.randint(0, most.santim // 2))
        if not amount:
            continue
        if verb == "capture":
            await _capture(captures, plan, number, str(amount))
            left, captured = left - amount, captured + amount
        elif verb == "void":
            told = await captures.void_order(
                c.VoidOrder(plan_id=plan, void_id=f"{plan}-vd{number}", amount=amount, at=AT)
            )
            left, voided, fee_void = left - amount, voided + amount, fee_void + told.fee
        else:
            taken = await _back(captures, plan, number, str(amount))
            refunded, fee_back = refunded + amount, fee_back + taken.fee_back
            assert taken.protected + taken.payable + taken.paid_out == amount - taken.fee_back
    found = await captures.find_captures(c.FindCaptures(plan_id=plan))
    assert total(each.left for each in found.captures) == captured - refunded
    fees = total(each.fee for each in found.captures)
    by_now = (captured + voided).portion(basis_points=350)
    assert fees + fee_void == by_now
    if captured > refunded:
        rest = await _back(captures, plan, 99, str(captured - refunded))
        fee_back += rest.fee_back
    assert fee_back == fees
    async with settlement.read() as session:
        assert (
            total(line.net_santim for line in await lines_of_plan(session=session, plan_id=plan))
            == Money.zero()
        )


async def test_what_is_held_of_captures_is_let_go_capture_by_capture_and_once(
    captures: CaptureActivities, days: MerchantSettlementActivities, order: ScheduleSettlement
) -> None:
    plan = order.plan_id
    await _authorised(captures, order, protection_days=14)
    assert (await _capture(captures, plan, 1, "400.00")).is_protected
    await _capture(captures, plan, 2, "300.00", on=_LATER)
    # From the newest first, which stays held.
    taken = await _back(captures, plan, 1, "300.00")
    assert (taken.protected, taken.payable) == (_birr("289.50"), Money.zero())
    taken = await _back(captures, plan, 2, "100.00")
    assert taken.protected == _birr("96.50")

    on = date(2026, 4, 24)
    payout = (await _close(days, order, on=on)).payout
    assert payout is not None
    (share,) = payout.shares
    released = m.Release(posting_id=f"{plan}-c1-protection", amount=_birr("289.50"))
    assert (share.releases, share.amount, share.owed) == (
        (released,),
        _birr("289.50"),
        _birr("289.50"),
    )
    await _end(days, payout, TransferStatus.REJECTED)
    # What was let go is payable from then on, whatever became of the payout.
    taken = await _back(captures, plan, 3, "100.00")
    assert (taken.protected, taken.payable) == (Money.zero(), _birr("96.50"))
    again = (await _close(days, order, on=on + timedelta(days=3))).payout
    assert again is not None
    (share,) = again.shares
    assert (share.releases, share.amount, share.payout_id) == (
        (released,),
        _birr("193.00"),
        f"{plan}-p3",
    )
