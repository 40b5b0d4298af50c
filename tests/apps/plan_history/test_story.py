"""A plan at any instant: what its events say up to then, and what the books held."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from rich.console import Console

from apps.plan_history.books import PlanBooks, read_books
from apps.plan_history.page import print_story
from apps.plan_history.story import Moment, PlanStory, balances_of, story_of
from apps.plan_history.told import story_to_tell
from apps.writing import as_json
from db.analytics import views
from db.ledger.views import totals
from meqenet.bnpl.states import ALLOWED, PlanState
from meqenet.ledger.as_of import AsOf
from meqenet.money import total
from tests.workers.histories import History
from tests.workers.worlds import World


async def books_of(world: World, history: History) -> PlanBooks:
    books = await read_books(stores=world.stores, plan_id=history.plan_id)
    assert books is not None
    return books


def at(books: PlanBooks, moment: Moment) -> PlanStory:
    story = story_of(books=books, moment=moment)
    assert story is not None
    return story


def instants(books: PlanBooks) -> Iterator[datetime]:
    """Every instant at which something happened, and one between it and the next."""
    for event in books.events:
        yield event.content.effective_at
        yield event.content.effective_at + timedelta(seconds=1)


async def test_now_is_what_the_read_models_show(world: World, histories: list[History]) -> None:
    assert {history.state for history in histories} >= {PlanState.PAST_DUE, PlanState.COMPLETED}
    for history in histories:
        story = at(await books_of(world, history), Moment())
        async with world.analytics.read() as session:
            shown = await views.plan_overview(session=session, plan_id=history.plan_id)
            line = await views.statement_line(
                session=session, merchant_id=history.merchant_id, plan_id=history.plan_id
            )
            exposure = await views.customer_exposure(
                session=session, customer_id=history.customer_id
            )
        assert story.overview == shown
        if line is not None:
            assert story.merchant == line
        of_plan = {} if exposure is None else {each.plan_id: each for each in exposure.plans}
        assert story.exposure == of_plan.get(history.plan_id)
        assert (story.outlook is None) is (not ALLOWED[history.state])
        assert story.later == 0


async def test_the_past_is_what_had_been_told_by_then(
    world: World, histories: list[History]
) -> None:
    for history in histories:
        books = await books_of(world, history)
        own = [event for event in books.events if event.source == "bnpl"]
        for instant in instants(books):
            story = at(books, Moment(at=instant))
            until = [event for event in own if event.content.effective_at <= instant]
            assert story.overview.state == until[-1].content.data["state"]
            assert story.later == len(own) - len(until)
            assert all(event.content.effective_at <= instant for event in story.events)
            paid = sum(event.content.event_type == "installment_paid" for event in until)
            if story.overview.state not in ("cancelled", "expired"):
                assert sum(row.state == "paid" for row in story.overview.installments) == paid
            assert story.overview.collected == total(
                attempt.amount for attempt in story.attempts if attempt.state == "succeeded"
            )


async def test_its_ledger_balances_at_every_instant_and_is_that_of_the_books(
    world: World, histories: list[History]
) -> None:
    for history in histories:
        books = await books_of(world, history)
        for entry in books.entries:
            for moment in (
                Moment(at=entry.effective_at),
                Moment(recorded_at=entry.recorded_at),
                Moment(at=entry.effective_at, recorded_at=entry.recorded_at),
            ):
                await _equals_the_books(world, at(books, moment))


async def _equals_the_books(world: World, story: PlanStory) -> None:
    assert total(each.debit for each in story.balances) == total(
        each.credit for each in story.balances
    )
    own = {each.code: each.balance for each in story.balances}
    as_of = AsOf(effective_until=story.moment.at, recorded_until=story.moment.recorded_at)
    async with world["ledger"].read() as session:
        for name in ("plan_receivable", "customer_deposits", "merchant_fee_deferred"):
            stored = await totals(session=session, prefix=f"{name}:{story.plan_id}", as_of=as_of)
            assert {each.code: each.balance for each in stored} == {
                code: own[code] for code in own if code.startswith(f"{name}:")
            }


async def test_what_was_recorded_later_was_not_known_yet(
    world: World, histories: list[History]
) -> None:
    for history in histories:
        books = await books_of(world, history)
        for known, event in enumerate(books.events, start=1):
            moment = Moment(recorded_at=event.recorded_at)
            story = at(books, moment)
            assert len([each for each in story.events if each.source != "credit"]) == known
            assert all(entry.recorded_at <= event.recorded_at for entry in story.entries)
            assert story.balances == balances_of(entries=story.entries)
    books = await books_of(world, histories[0])
    first = books.events[0]
    before = first.recorded_at - timedelta(microseconds=1)
    assert story_of(books=books, moment=Moment(recorded_at=before)) is None
    none_yet = Moment(at=first.content.effective_at - timedelta(microseconds=1))
    assert story_of(books=books, moment=none_yet) is None


async def test_every_story_can_be_printed_and_loses_no_digit(
    world: World, histories: list[History]
) -> None:
    for history in histories:
        story = at(await books_of(world, history), Moment())
        for width in (80, 160):
            console = Console(width=width, file=io.StringIO(), record=True)
            print_story(story=story, console=console)
            page = console.export_text()
            assert history.plan_id in page
            for balance in story.balances:
                assert f"{balance.balance.birr:,.2f}" in page
            for line in story.overview.installments:
                assert f"{(line.principal + line.interest).birr:,.2f}" in page
            assert "251900000000" not in page
        told = as_json(story_to_tell(story=story))
        assert "251900000000" not in told


async def test_what_is_no_plan_is_none(world: World) -> None:
    assert await read_books(stores=world.stores, plan_id="pln_none") is None


async def test_what_was_paid_too_much_is_shown_until_and_after_it_went_back(
    world: World, histories: list[History]
) -> None:
    books = await books_of(world, histories[0])
    newest = books.events[-1]
    attempt, amount = f"{books.plan_id}-i01-a1", {"santim": 100_000, "currency": "ETB"}
    said = {"attempt_id": attempt, "provider": "mpesa", "amount": amount}
    told = [
        replace(
            newest,
            source="payments",
            content=replace(
                newest.content,
                event_type=kind,
                version=1,
                data=said,
                effective_at=newest.content.effective_at + timedelta(days=days),
            ),
        )
        for days, kind in ((1, "surplus_received"), (2, "refund_succeeded"))
    ]
    later = replace(books, events=(*books.events, *told))
    for moment, back in ((Moment(at=told[0].content.effective_at), False), (Moment(), True)):
        story = at(later, moment)
        (credit,) = story.credits
        assert (credit.attempt_id, credit.provider, str(credit.amount)) == (
            attempt,
            "mpesa",
            "1000.00",
        )
        assert (credit.returned_at is not None) is back
        page = io.StringIO()
        print_story(story=story, console=Console(file=page, width=160))
        shown = page.getvalue()
        assert "1,000.00 by mpesa since" in shown
        assert ("went back" in shown) is back
