"""Parts of an installment: each succeeds, none of them pays it alone, and a late one is credit."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from activities.contracts.payments import LoadPayments, OpenAttempt
from activities.payments import PaymentsActivities
from db.kernel.engine import Database
from db.payments.tables import Attempt
from meqenet.errors import Defect, Refusal
from meqenet.money import Money
from tests.activities.payments.test_further_wallets import end, order

_PART = Money.from_birr("400.00")


def _part(plan_id: str, number: int) -> OpenAttempt:
    return replace(order(plan_id, number, wallet="w1", amount=_PART), is_part=True)


async def _credit(payments: Database, attempt_id: str) -> bool:
    async with payments.read() as session:
        found = await session.scalar(select(Attempt).where(Attempt.attempt_id == attempt_id))
    assert found is not None
    return found.surplus_at is not None


async def test_parts_come_one_after_the_other_and_the_last_attempt_pays(
    steps: PaymentsActivities, plan_id: str
) -> None:
    first, second = _part(plan_id, 1), _part(plan_id, 2)
    rest = order(plan_id, 3, wallet="w1", amount=Money.from_birr("200.00"))
    await end(steps, first, code=None)
    await steps.open_attempt(second)
    with pytest.raises(Refusal) as refused:
        await steps.open_attempt(rest)
    assert refused.value.code == "attempt_open"
    await end(steps, second, code=None)
    await end(steps, rest, code=None)
    with pytest.raises(Refusal) as refused:
        await steps.open_attempt(order(plan_id, 4, wallet="w1"))
    assert refused.value.code == "installment_paid"
    loaded = await steps.load_payments(LoadPayments(plan_id=plan_id))
    assert [(each.is_part, each.is_surplus) for each in loaded.attempts] == [
        (True, False),
        (True, False),
        (False, False),
    ]
    with pytest.raises(Defect, match="other content"):
        await steps.open_attempt(replace(first, is_part=False))


async def test_a_part_that_comes_after_it_had_failed_is_the_customer_s_credit(
    steps: PaymentsActivities, payments: Database, plan_id: str
) -> None:
    first = _part(plan_id, 1)
    await end(steps, first, code="1032")
    await end(steps, _part(plan_id, 2), code=None)
    await end(steps, first, code=None)
    assert await _credit(payments, first.attempt_id)
    # The rest is asked for all the same.
    await end(steps, order(plan_id, 3, wallet="w1", amount=Money.from_birr("600.00")), code=None)
    assert not await _credit(payments, f"{plan_id}-i02-a3")
