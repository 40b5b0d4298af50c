"""Every report adds up, says what the stores say, and shows each amount in full."""

import io
import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from rich.console import Console, RenderableType

from apps.reports import exposure, portfolio, statement
from apps.writing import as_json
from db.analytics.views import CustomerExposure
from db.credit.views import find_standing
from db.ledger.views import balance
from meqenet.calendar import addis_date
from meqenet.money import Money, total
from tests.workers.beginnings import BEGIN
from tests.workers.histories import History
from tests.workers.worlds import World

FIRST = addis_date(at=BEGIN)
LAST = date(2027, 1, 1)


async def of_portfolio(
    world: World, *, as_of: date = LAST, merchant: str | None = None, option: str | None = None
) -> portfolio.Portfolio:
    async with world.analytics.read() as session:
        return await portfolio.read_portfolio(
            session=session, as_of=as_of, since=FIRST, merchant_id=merchant, option=option
        )


def told(report: dict[str, object]) -> dict[str, Any]:
    """As a program gets it."""
    found: dict[str, Any] = json.loads(as_json(report))
    return found


def printed(page: Iterable[RenderableType]) -> str:
    console = Console(width=80, file=io.StringIO(), record=True)
    for part in page:
        console.print(part)
    return console.export_text()


def shown(amount: Money) -> str:
    return f"{amount.birr:,.2f}"


async def test_the_portfolio_adds_up_to_what_the_ledger_has_receivable(
    world: World, histories: list[History]
) -> None:
    assert histories
    report = await of_portfolio(world)
    async with world["ledger"].read() as session:
        receivable = await balance(session=session, prefix="plan_receivable")
    assert report.outstanding == receivable > Money.zero()
    late = [each for each in report.classes if each.lateness != "current"]
    assert report.past_due == total(each.past_due for each in late)
    assert report.at_risk <= report.outstanding
    found = told(portfolio.portfolio_to_tell(report=report))
    assert [row["lateness"] for row in found["classes"]] == [
        "current",
        "1-7",
        "8-30",
        "31-60",
        "61-90",
        "90+",
    ]
    assert found["outstanding"] == str(receivable)
    page = printed(portfolio.portfolio_page(report=report))
    assert "portfolio at the end of 2027-01-01 (2019-04-23)" in page
    assert page.count(shown(receivable)) >= 2


async def test_collections_and_their_failures_add_up(
    world: World, histories: list[History]
) -> None:
    assert histories
    report = await of_portfolio(world)
    assert report.rates
    page = printed(portfolio.portfolio_page(report=report))
    for rate in report.rates:
        assert rate.attempts == rate.succeeded + sum(each.attempts for each in rate.failures)
        assert rate.asked == rate.collected + total(each.amount for each in rate.failures)
        assert shown(rate.asked) in page
        assert all(each.cause in page for each in rate.failures)


async def test_a_portfolio_is_narrowed_and_leaves_out_what_it_cannot_tell(
    world: World, histories: list[History]
) -> None:
    assert histories
    everything = await of_portfolio(world)
    of_merchant = await of_portfolio(world, merchant="mrc_report")
    assert (of_merchant.classes, of_merchant.rates) == (everything.classes, None)
    assert "left out" in printed(portfolio.portfolio_page(report=of_merchant))
    assert (await of_portfolio(world, merchant="mrc_none")).plans == 0
    by_option = [
        await of_portfolio(world, option=option)
        for option in ("pay_in_4", "pay_in_30", "pay_over_time", "pay_in_full")
    ]
    assert total(each.outstanding for each in by_option) == everything.outstanding
    nothing = await of_portfolio(world, as_of=FIRST - timedelta(days=1))
    assert (nothing.plans, nothing.outstanding, nothing.rates) == (0, Money.zero(), ())
    assert "0.00 of 0.00\n" in printed(portfolio.portfolio_page(report=nothing)).replace(
        " \n", "\n"
    )


async def test_an_exposure_is_what_the_credit_store_says(
    world: World, histories: list[History]
) -> None:
    for customer in {history.customer_id for history in histories}:
        async with world["credit"].read() as session:
            standing = await find_standing(session=session, customer_id=customer)
            today = await exposure.exposure_on(session=session, customer_id=customer, as_of=LAST)
        async with world.analytics.read() as session:
            now = await exposure.customer_exposure(session=session, customer_id=customer)
        assert standing is not None
        assert now is not None
        assert (now.held, now.owed) == (standing.held, standing.owed)
        # The events until today say what the read model says.
        assert today == now
        found = told(exposure.exposure_to_tell(exposure=now, as_of=None))
        assert found["available"] == str(standing.limit - standing.held - standing.owed)
        page = printed(exposure.exposure_page(exposure=now, as_of=None))
        assert shown(standing.limit) in page


async def test_an_exposure_on_a_day_is_what_was_owed_then(
    world: World, histories: list[History]
) -> None:
    customer = histories[0].customer_id

    async def on(day: date) -> CustomerExposure | None:
        async with world["credit"].read() as session:
            return await exposure.exposure_on(session=session, customer_id=customer, as_of=day)

    assert await on(FIRST - timedelta(days=1)) is None
    days = [await on(FIRST + timedelta(days=each)) for each in range(0, 60, 5)]
    owed = [each.owed for each in days if each is not None]
    assert len(owed) == len(days)
    # After the first days nothing is lent any more: what is owed only comes back.
    assert owed[1:] == sorted(owed[1:], reverse=True)
    assert owed[1] > owed[-1]
    first = await on(FIRST)
    assert first is not None
    assert "at the end of 2026-03-02 (2018-06-23)" in printed(
        exposure.exposure_page(exposure=first, as_of=FIRST)
    )


async def test_a_statement_adds_up(world: World, histories: list[History]) -> None:
    assert histories

    async def of(since: date | None, until: date | None) -> statement.MerchantReport:
        async with world.analytics.read() as session:
            return await statement.read_statement(
                session=session, merchant_id="mrc_report", since=since, until=until
            )

    report = await of(None, None)
    found = told(statement.statement_to_tell(report=report))
    totals, lines = found["totals"], found["lines"]
    assert totals["plans"] == len(lines) > 0
    for sums, column in (("gross", "gross"), ("fees", "fee"), ("net", "net")):
        assert totals[sums] == str(total(Money.from_birr(line[column]) for line in lines))
    whole = report.totals
    assert whole.gross == whole.fees + whole.net
    assert whole.net == whole.paid_out + whole.payable
    page = printed(statement.statement_page(report=report))
    assert f"still payable: {shown(whole.payable)}" in page
    for line in report.lines:
        assert shown(line.gross or Money.zero()) in page
    assert (await of(None, FIRST - timedelta(days=1))).lines == ()
    days = [await of(day, day) for day in (FIRST + timedelta(days=number) for number in range(3))]
    assert sum(len(each.lines) for each in days) == len(report.lines)
