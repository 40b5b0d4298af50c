"""Money of payments that a plan replays: gone, or credit; and what it had paid is open again."""

import pytest

from activities.contracts import payment_replays as contract
from activities.contracts import payments as p
from activities.payment_replays import PaymentReplayActivities
from db.payments.books import read_orders
from meqenet.errors import Defect, Refusal
from meqenet.money import Money
from meqenet.payments.late_money import MoneyPlace, Need
from meqenet.payments.rail import RailStatus
from tests.activities.payments.test_late_money import ASKED, AT, WHO, WHY, Desk
from tests.activities.payments.test_late_money import desk as desk  # noqa: PLC0414 - a fixture

_TOLD = ("payment_reversed", "payment_recounted", "surplus_received")


def _steps(desk: Desk) -> contract.PaymentReplaySteps:
    return PaymentReplayActivities(database=desk.database)


def _gone(desk: Desk, *, replay: str = "1") -> contract.RecountPayments:
    return contract.RecountPayments(
        replay_id=f"{desk.plan}-replay-{replay}",
        recounted=(),
        gone=contract.ReversedMoney(attempt_id=desk.attempt(1), by=WHO, why=WHY),
        at=AT,
    )


def _recounted(desk: Desk, credit: Money, *, replay: str = "1") -> contract.RecountPayments:
    return contract.RecountPayments(
        replay_id=f"{desk.plan}-replay-{replay}",
        recounted=(contract.RecountedMoney(attempt_id=desk.attempt(1), credit=credit),),
        at=AT,
    )


async def test_an_installment_whose_money_is_gone_is_collected_again(desk: Desk) -> None:
    await desk.tried(1, RailStatus.SUCCEEDED)
    with pytest.raises(Refusal, match="has been paid"):
        await desk.open(2)
    steps = _steps(desk)
    for _ in range(2):
        await steps.recount_payments(_gone(desk))
    assert await desk.events(*_TOLD) == ["payment_reversed"]
    assert await desk.settled() is None
    assert await desk.place(1, Need.OVER) is MoneyPlace.NOWHERE
    async with desk.database.read() as session:
        (order,) = (await read_orders(session=session, plan_ids=[desk.plan]))[desk.plan]
    assert (order.is_gone, order.amount) == (True, ASKED)
    await desk.tried(2, RailStatus.SUCCEEDED)
    assert await desk.settled() == desk.attempt(2)
    assert await desk.credits() == ()


async def test_what_came_twice_is_credit_and_goes_back_once(desk: Desk) -> None:
    await desk.tried(1, RailStatus.SUCCEEDED)
    steps, wanted = _steps(desk), contract.FindGoneBack(plan_id=desk.plan)
    for _ in range(2):
        await steps.recount_payments(_recounted(desk, ASKED))
    (credit,) = await desk.credits()
    assert (credit.attempt_id, credit.amount) == (desk.attempt(1), ASKED)
    assert await desk.events(*_TOLD) == ["payment_recounted", "surplus_received"]
    assert (await steps.find_gone_back(wanted)).attempt_ids == ()
    await desk.ask()
    assert (await steps.find_gone_back(wanted)).attempt_ids == (desk.attempt(1),)
    with pytest.raises(Defect) as refused:
        await steps.recount_payments(_gone(desk, replay="2"))
    assert refused.value.code == "reversal_unmoved"


async def test_what_of_a_payment_is_credit_grows_and_falls_with_each_replay(desk: Desk) -> None:
    await desk.tried(1, RailStatus.SUCCEEDED)
    steps = _steps(desk)
    for number, credit in enumerate((Money(5_000), Money(2_000), Money.zero()), start=1):
        await steps.recount_payments(_recounted(desk, credit, replay=str(number)))
        assert [each.amount for each in await desk.credits()] == [credit] * bool(credit)
    with pytest.raises(Defect) as refused:
        await steps.recount_payments(_recounted(desk, ASKED + Money(1), replay="4"))
    assert refused.value.code == "credit_unmoved"
    assert (await desk.hears(1, RailStatus.SUCCEEDED)).state == p.AttemptState.SUCCEEDED
