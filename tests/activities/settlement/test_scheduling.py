import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from activities.contracts.settlement import (
    RegisterTerms,
    ScheduleSettlement,
    SettlementScheduled,
    SettlementSteps,
)
from activities.holidays import holidays_after
from db.kernel.engine import Database
from db.settlement import scheduling
from meqenet.errors import Defect, Refusal
from meqenet.identity import payout_id
from meqenet.money import Money
from tests.activities.settlement.stories import ACCOUNT, AT, everything


async def test_what_the_merchant_gets_is_fixed_once(
    steps: SettlementSteps, settlement: Database, order: ScheduleSettlement, terms: RegisterTerms
) -> None:
    scheduled = await steps.schedule(order)
    assert scheduled == SettlementScheduled(
        payout_id=order.payout_id,
        gross=Money(100_000),
        fee=Money(3_500),
        net=Money(96_500),
        due_at=datetime(2026, 4, 9, 6, 0, tzinfo=UTC),
    )
    before = await everything(settlement, order.plan_id)
    await steps.register_terms(
        replace(terms, fee_basis_points={"pay_in_4": 9_000}, at=AT - timedelta(days=1))
    )
    assert await steps.schedule(order) == scheduled
    again = await asyncio.gather(*(steps.schedule(order) for _ in range(5)))
    assert again == [scheduled] * 5
    assert await everything(settlement, order.plan_id) == before


async def test_scheduled_by_many_at_once_it_is_one(
    steps: SettlementSteps, settlement: Database, order: ScheduleSettlement
) -> None:
    done = await asyncio.gather(*(steps.schedule(order) for _ in range(6)))
    assert len(set(done)) == 1
    rows = await everything(settlement, order.plan_id)
    assert (len(rows["settlements"]), len(rows["events"])) == (1, 1)


async def test_payouts_pass_over_the_calendars_holidays_and_those_that_are_announced_late(
    steps: SettlementSteps, settlement: Database, order: ScheduleSettlement
) -> None:
    # Activated on Maundy Thursday 2026: Siklet, the weekend and Fasika lie ahead.
    order = replace(order, activated_on=date(2026, 4, 9))
    assert (await steps.schedule(order)).due_at == datetime(2026, 4, 13, 6, 0, tzinfo=UTC)
    async with settlement.write() as session:
        for day, is_open in ((date(2031, 4, 7), False), (date(2031, 4, 8), False)):
            await scheduling.set_bank_day(session=session, day=day, is_open=is_open, why="Eid")
        await scheduling.set_bank_day(
            session=session, day=date(2031, 4, 8), is_open=True, why="the moon was late"
        )
    late = replace(
        order,
        plan_id=f"{order.plan_id}x",
        payout_id=payout_id(plan_id=f"{order.plan_id}x", number=1),
        activated_on=date(2031, 4, 6),
    )
    assert (await steps.schedule(late)).due_at == datetime(2031, 4, 8, 6, 0, tzinfo=UTC)


def test_the_calendar_reaches_into_the_next_year() -> None:
    found = holidays_after(day=date(2026, 12, 20))
    assert {date(2026, 9, 11), date(2027, 1, 7), date(2027, 1, 19)} <= found


@pytest.mark.parametrize("changes", [{"merchant_id": "mrc_nobody"}, {"option": "pay_in_30"}])
async def test_without_terms_for_it_nothing_is_scheduled(
    steps: SettlementSteps,
    settlement: Database,
    order: ScheduleSettlement,
    changes: dict[str, str],
) -> None:
    with pytest.raises(Refusal) as refused:
        await steps.schedule(replace(order, **changes))  # type: ignore[arg-type]  # any field
    assert refused.value.code == "merchant_terms_missing"
    assert (await everything(settlement, order.plan_id))["settlements"] == []


async def test_the_newest_terms_at_or_before_the_instant_count(
    steps: SettlementSteps, order: ScheduleSettlement, terms: RegisterTerms
) -> None:
    for days, fee in ((-1, 100), (0, 200), (1, 300)):
        at = AT + timedelta(days=days)
        await steps.register_terms(
            replace(terms, fee_basis_points={"pay_in_4": fee}, delay_days=3, at=at)
        )
    scheduled = await steps.schedule(order)
    assert scheduled.fee == Money(2_000)
    assert scheduled.due_at == datetime(2026, 4, 13, 6, 0, tzinfo=UTC)  # 12 April is a Sunday
    # Before all of them, as only a test clock can be, the first ones hold.
    ancient = replace(
        order,
        plan_id=f"{order.plan_id}x",
        payout_id=payout_id(plan_id=f"{order.plan_id}x", number=1),
        at=AT - timedelta(days=900),
    )
    assert (await steps.schedule(ancient)).fee == Money(3_500)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": Money(1)}, "settlement_differs"),
        ({"option": "pay_in_full"}, "settlement_differs"),
        ({"payout_id": "pln_other-p1"}, "payout_id_foreign"),
        ({"payout_id": "nonsense"}, "payout_id_malformed"),
        ({"payout_id": "{plan}-p2"}, "plan_settled_already"),
    ],
)
async def test_an_id_stands_for_one_settlement_and_a_plan_is_settled_once(
    steps: SettlementSteps,
    settlement: Database,
    order: ScheduleSettlement,
    changes: dict[str, object],
    code: str,
) -> None:
    await steps.schedule(order)
    before = await everything(settlement, order.plan_id)
    filled = {
        k: v.format(plan=order.plan_id) if isinstance(v, str) else v for k, v in changes.items()
    }
    with pytest.raises(Defect) as broken:
        await steps.schedule(replace(order, **filled))  # type: ignore[arg-type]  # any field
    assert broken.value.code == code
    assert await everything(settlement, order.plan_id) == before


async def test_the_account_is_nowhere_in_the_store_in_clear(
    steps: SettlementSteps, settlement: Database, terms: RegisterTerms
) -> None:
    await steps.register_terms(terms)
    async with settlement.read() as session:
        row = await session.scalar(
            text("SELECT t::text FROM merchant_terms t WHERE merchant_id = :merchant"),
            {"merchant": terms.merchant_id},
        )
    for private in (ACCOUNT.account_number, ACCOUNT.account_name):
        assert private not in str(row)
        assert private.encode().hex() not in str(row)


async def test_terms_are_stored_once_per_instant(
    steps: SettlementSteps, terms: RegisterTerms
) -> None:
    await steps.register_terms(terms)
    await steps.register_terms(terms)
    with pytest.raises(Refusal) as refused:
        await steps.register_terms(replace(terms, delay_days=1))
    assert refused.value.code == "merchant_terms_differ"
    with pytest.raises(Refusal) as refused:
        await steps.register_terms(replace(terms, account=replace(ACCOUNT, bic="x")))
    assert refused.value.code == "merchant_account_invalid"
    with pytest.raises(Refusal) as refused:
        await steps.register_terms(replace(terms, delay_days=-1))
    assert refused.value.code == "merchant_terms_invalid"
