"""A plan whose version has a late fee: charged on its day, asked for, paid, never twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta

from meqenet.bnpl import events as e
from meqenet.bnpl.delinquency_events import LateFeeCharged
from meqenet.calendar import addis_date
from meqenet.ledger import happenings as h
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from tests.workflows.conftest import Bench, Handle
from tests.workflows.test_test_clock import Clock, active_plan, advance, new_clock

_FEE = Money.from_birr("25.00")
_PRICE = Money.from_birr("4000.00")
_NO_FUNDS = (RailStatus.FAILED, "1")


@asynccontextmanager
async def _late(bench: Bench, *, days: int) -> AsyncIterator[tuple[Clock, Handle, str, date]]:
    """A plan of one installment whose wallet is empty, so many days after the due date."""
    bench.domains.product_version = 2
    bench.domains.answer = lambda _order: _NO_FUNDS
    clock = await new_clock(bench)
    plan_id, handle = await active_plan(bench, clock, "pay_in_30")
    log = bench.domains.events[plan_id]
    (activated,) = (each.event for each in log if isinstance(each.event, e.PlanActivated))
    due_on = activated.installments[0].due_on
    await advance(clock, days=30 + days)
    yield clock, handle, plan_id, due_on
    await clock.terminate()


def _asked(bench: Bench, plan: str) -> list[tuple[date, Money]]:
    mine = [each for each in bench.domains.attempts.values() if each.plan_id == plan]
    return [(addis_date(at=each.at), each.amount) for each in mine]


async def test_a_late_fee_is_charged_on_its_day_and_the_next_attempt_asks_for_it(
    bench: Bench,
) -> None:
    async with _late(bench, days=4) as (clock, handle, plan, due_on):
        log = bench.domains.events[plan]
        fee_on = due_on + timedelta(days=4)
        (charged,) = (each for each in log if isinstance(each.event, LateFeeCharged))
        assert charged.event == LateFeeCharged(number=1, period=1, on=fee_on, amount=_FEE)
        assert addis_date(at=charged.at) == fee_on
        fee = h.LateFeeCharged(plan_id=plan, lender="meqenet", number=1, amount=_FEE)
        assert bench.domains.postings[f"{plan}-i01-f1"].happening == fee
        before = _asked(bench, plan)
        assert [amount for _, amount in before] == [_PRICE, _PRICE, _PRICE]

        bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
        await advance(clock, days=2)
        assert (await handle.result()).state == "completed"
        ((_, amount),) = _asked(bench, plan)[len(before) :]
        assert amount == _PRICE + _FEE
        (paid,) = (each.event for each in log if isinstance(each.event, e.InstallmentPaid))
        assert (paid.amount, paid.late_fee) == (_PRICE + _FEE, _FEE)
        collected = bench.domains.postings[paid.attempt_id].happening
        assert isinstance(collected, h.InstallmentCollected)
        assert (collected.principal, collected.late_fee) == (_PRICE, _FEE)
        assert collected.overpaid == Money.zero()
        assert log[-1].event == e.PlanCompleted(collected=_PRICE + _FEE)
        assert bench.domains.kinds(plan).count("late_fee_charged") == 1
