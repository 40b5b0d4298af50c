"""Views of the read models: narrowed, page by page, and never before what was asked for."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.analytics import views
from db.analytics.models import MERCHANT_STATEMENT, PLAN_OVERVIEW
from db.kernel.engine import Database, ReadSession
from db.kernel.inbox import Written, has_seen, read_after, store_sequences, wait_until_seen
from meqenet.analytics.merchant_statement import StatementLine
from meqenet.analytics.plan_overview import PlanOverview
from meqenet.errors import Unavailable
from meqenet.money import Money
from tests.backing import Databases

AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def analytics(databases: Databases) -> Database:
    return databases["analytics"]


def opened(unique: str, number: int, *, hours: int, state: str = "active") -> PlanOverview:
    return PlanOverview(
        plan_id=f"pln_{unique}{number}",
        merchant_id=f"mrc_{unique}",
        customer_id=f"cus_{unique}{number % 2}",
        reference=f"order {number}",
        option="pay_in_4" if number % 2 else "pay_in_30",
        amount=Money(100_000),
        state=state,
        opened_at=AT + timedelta(hours=hours),
    )


@pytest.fixture
async def plans(analytics: Database, unique: str) -> list[str]:
    """Five plans an hour apart but for the last two, one that nobody has opened, another's."""
    lines = [opened(unique, number, hours=hours) for number, hours in enumerate((0, 1, 2, 3, 3))]
    lines[2] = replace(lines[2], state="declined")
    other = replace(lines[0], plan_id=f"pln_{unique}x", merchant_id=f"mrc_{unique}x")
    unheard = PlanOverview(plan_id=f"pln_{unique}y", merchant_net=Money(1))
    async with analytics.write() as session:
        await PLAN_OVERVIEW.save(
            session=session,
            lines={line.plan_id: line for line in (*lines, other, unheard)},
        )
    return [line.plan_id for line in lines]


async def test_plans_are_listed_newest_first_and_page_by_page(
    analytics: Database, plans: list[str], unique: str
) -> None:
    wanted = views.WantedPlans(merchant_id=f"mrc_{unique}")

    async def page(after: str | None) -> list[str]:
        async with analytics.read() as session:
            found = await views.list_plan_overviews(
                session=session, wanted=wanted, after=after, limit=2
            )
        return [plan.plan_id for plan in found]

    # The last two were opened at the same instant: then the ids decide.
    order = [plans[3], plans[4], plans[2], plans[1], plans[0]]
    assert await page(None) == order[:2]
    newer = opened(unique, 9, hours=9)
    async with analytics.write() as session:
        changed = replace(opened(unique, 4, hours=3), state="completed")
        lines = {line.plan_id: line for line in (newer, changed)}
        await PLAN_OVERVIEW.save(session=session, lines=lines)
    assert await page(order[1]) == order[2:4]
    assert await page(order[3]) == order[4:]
    assert await page(order[4]) == []
    assert await page(None) == [newer.plan_id, order[0]]


async def test_plans_are_narrowed_by_each_thing_that_is_wanted(
    analytics: Database, plans: list[str], unique: str
) -> None:
    mine = views.WantedPlans(merchant_id=f"mrc_{unique}")

    async def numbers(**changes: object) -> list[int]:
        wanted = replace(mine, **changes)  # type: ignore[arg-type]  # fields of the class
        async with analytics.read() as session:
            found = await views.list_plan_overviews(session=session, wanted=wanted)
        return [plans.index(plan.plan_id) for plan in found]

    assert await numbers() == [3, 4, 2, 1, 0]
    assert await numbers(state="declined") == [2]
    assert await numbers(option="pay_in_4") == [3, 1]
    assert await numbers(reference="order 1") == [1]
    assert await numbers(customer_id=f"cus_{unique}0") == [4, 2, 0]
    assert await numbers(since=AT + timedelta(hours=2)) == [3, 4, 2]
    assert await numbers(until=AT + timedelta(hours=2)) == [1, 0]
    assert await numbers(merchant_id="mrc_none") == []


async def test_a_merchants_line_is_its_own_and_pages_hold_still(
    analytics: Database, unique: str
) -> None:
    merchant, other = f"mrc_{unique}", f"mrc_{unique}x"
    lines = [
        StatementLine(
            plan_id=f"pln_{unique}{number}",
            merchant_id=merchant if number < 4 else other,
            gross=Money(1_000),
            fee=Money(30),
            net=Money(970),
            scheduled_at=None if number == 3 else AT + timedelta(hours=number // 2),
        )
        for number in range(5)
    ]
    async with analytics.write() as session:
        saved = {line.plan_id: line for line in lines}
        await MERCHANT_STATEMENT.save(session=session, lines=saved)
    ids = [line.plan_id for line in lines]
    async with analytics.read() as session:
        first = await views.merchant_statement(session=session, merchant_id=merchant, limit=2)
        rest = await views.merchant_statement(
            session=session, merchant_id=merchant, after=first[-1].plan_id, limit=2
        )
        totals = await views.statement_totals(session=session, merchant_id=merchant)
        mine = await views.statement_line(session=session, merchant_id=merchant, plan_id=ids[0])
        others = await views.statement_line(session=session, merchant_id=other, plan_id=ids[0])
    assert [line.plan_id for line in (*first, *rest)] == ids[:3]
    assert (totals.plans, totals.gross, totals.payable) == (3, Money(3_000), Money(2_910))
    assert (mine, others) == (lines[0], None)


async def test_a_view_waits_until_all_that_was_written_has_its_effect(
    analytics: Database, unique: str
) -> None:
    consumer = f"reader-{unique}"
    wanted = [
        Written(source="bnpl", stream=unique, sequence=3),
        Written(source="settlement", stream=unique, sequence=1),
    ]

    async def reached(source: str, sequence: int) -> None:
        async with analytics.write() as session:
            await store_sequences(
                session=session, consumer=consumer, source=source, sequences={unique: sequence}
            )

    async def seen(session: ReadSession) -> bool:
        return await has_seen(session=session, consumer=consumer, written=wanted)

    def asked(timeout_seconds: float) -> asyncio.Task[bool]:
        return asyncio.create_task(
            read_after(
                database=analytics,
                consumer=consumer,
                written=wanted,
                view=seen,
                timeout_seconds=timeout_seconds,
            )
        )

    for source, sequence in (("bnpl", 2), ("settlement", 1)):
        await reached(source, sequence)
        with pytest.raises(Unavailable) as behind:
            await asked(0)
        assert behind.value.code == "read_model_behind"
    waiting = asked(20)
    await reached("bnpl", 3)
    # Events and view are of one snapshot, so the view can only see what was waited for.
    assert await waiting is True
    await reached("bnpl", 7)
    await wait_until_seen(database=analytics, consumer=consumer, written=wanted, timeout_seconds=0)
    nothing = Written(source="bnpl", stream=f"{unique}-none", sequence=1)
    with pytest.raises(Unavailable, match=f"event 1 of {unique}-none"):
        await wait_until_seen(
            database=analytics, consumer=consumer, written=[nothing], timeout_seconds=0
        )
