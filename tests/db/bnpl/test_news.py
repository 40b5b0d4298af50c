"""What merchants are told of plans, read from the plans' logs."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.bnpl import BnplActivities
from activities.contracts.bnpl import BnplSteps, EndProcess, ListNews, NewsPlace, PlanNews
from meqenet.bnpl.events import (
    CollectionStarted,
    MerchantPaid,
    PlanCompleted,
    PlanDeclined,
)
from meqenet.money import Money
from tests.activities.bnpl.stories import AT, Life, application, begun
from tests.backing import Databases

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def steps(databases: Databases) -> BnplSteps:
    return BnplActivities(database=databases["bnpl"])


async def news_of(
    steps: BnplSteps, *lives: Life, since: datetime = LONG_AGO, limit: int = 500
) -> list[PlanNews]:
    """All of it, page by page, as far as it is about these plans."""
    plans = {life.plan.plan_id for life in lives}
    after: NewsPlace | None = None
    found: list[PlanNews] = []
    while True:
        page = await steps.list_news(ListNews(since=since, after=after, limit=limit))
        if page.last is None:
            return [each for each in found if each.plan_id in plans]
        assert 1 <= len(page.news) <= limit
        found += page.news
        after = page.last


async def ended(steps: BnplSteps, life: Life) -> None:
    await steps.end_process(EndProcess(plan_id=life.plan.plan_id, at=life.now))


def told(life: Life, news: list[PlanNews]) -> list[tuple[str, int]]:
    mine = [each for each in news if each.plan_id == life.plan.plan_id]
    return [(each.kind, each.sequence) for each in mine]


async def test_each_turn_of_a_plan_is_news_under_the_number_of_its_event(
    steps: BnplSteps, unique: str
) -> None:
    """An approval is told after the payment at checkout, where there was one."""
    life = await begun(steps, application(unique, "pay_in_4"))
    await life.offered()
    activated = await life.activated(on=AT.date())
    first = activated.installments[0]
    await life.record(life.payment(first), "active")
    approved_at = life.now
    await life.record(MerchantPaid(payout_id=activated.payout_id, amount=Money(1)), "active")
    await life.record(PlanCompleted(collected=Money(1)), "completed")
    await ended(steps, life)
    news = await news_of(steps, life)
    assert told(life, news) == [
        ("plan.approved", life.sequence - 2),
        ("plan.settled", life.sequence - 1),
        ("plan.completed", life.sequence),
    ]
    assert news[0] == PlanNews(
        plan_id=life.plan.plan_id,
        merchant_id=life.plan.merchant_id,
        reference=life.plan.reference,
        sequence=life.sequence - 2,
        kind="plan.approved",
        at=approved_at,
    )


async def test_what_an_open_plan_recorded_last_is_left_to_its_own_run(
    steps: BnplSteps, unique: str
) -> None:
    life = await begun(steps, application(unique, "pay_in_30"))
    await life.offered()
    activated = await life.activated(on=AT.date())
    assert await news_of(steps, life) == []
    await life.record(CollectionStarted(number=1), "active")
    assert told(life, await news_of(steps, life)) == [("plan.approved", life.sequence - 1)]
    await life.record(life.payment(activated.installments[0]), "active")
    assert told(life, await news_of(steps, life)) == [("plan.approved", life.sequence - 2)]


async def test_news_come_page_by_page_and_none_is_older_than_asked_for(
    steps: BnplSteps, unique: str
) -> None:
    lives = []
    for number in range(3):
        life = await begun(steps, application(f"{unique}{number}", "pay_in_4"))
        await life.record(PlanDeclined(reasons=(("no", "No."),)), "declined")
        await ended(steps, life)
        lives.append(life)
    for limit in (1, 2):
        found = await news_of(steps, *lives, limit=limit)
        assert [each.plan_id for each in found] == [life.plan.plan_id for life in lives]
        assert {each.kind for each in found} == {"plan.declined"}
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert await news_of(steps, *lives, since=tomorrow) == []
