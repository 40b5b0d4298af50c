"""The read models equal the stores that they are made from, whatever happened on the way."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from sqlalchemy import select

from db.analytics import views
from db.bnpl.tables import Installment, Plan
from db.bnpl.views import plan_view
from db.credit.views import find_standing
from db.kernel.encryption import Keyring
from db.kernel.engine import ReadSession
from db.kernel.tables import events
from db.ledger.views import balance
from db.payments.tables import Attempt
from db.payments.views import attempts_of, findings
from db.settlement.views import merchant_positions, payouts_of
from meqenet.analytics.past_due import Lateness, lateness_of
from meqenet.bnpl.states import PlanState
from meqenet.calendar import addis_date
from meqenet.money import Money, total
from meqenet.payments.attempts import OrderState
from tests.architecture.sources import ROOT
from tests.event_shapes import faults_in
from tests.workers.beginnings import BEGIN
from tests.workers.histories import History, take_on
from tests.workers.worlds import SOURCES, World

PLANS = 12
AT_ONCE = 4


async def live(world: World, keyring: Keyring, *, seed: int, plans: int = PLANS) -> list[History]:
    """Random plans of two merchants and a few customers, several at a time."""
    chance = random.Random(seed)  # noqa: S311 - nothing here is a secret
    merchants = [f"mrc_{seed:04x}{number}" for number in range(2)]
    for merchant in merchants:
        await take_on(world, keyring, merchant_id=merchant)
    histories = [
        History(
            world=world,
            keyring=keyring,
            chance=random.Random(f"{seed}-{number}"),  # noqa: S311 - nothing here is a secret
            plan_id=f"pln_{seed:04x}{chance.randrange(16**12):012x}",
            merchant_id=chance.choice(merchants),
            customer_id=f"cus_{seed:04x}{chance.randrange(4)}",
        )
        for number in range(plans)
    ]
    doors = asyncio.Semaphore(AT_ONCE)

    async def one(history: History) -> None:
        async with doors:
            await history.live()

    await asyncio.gather(*(one(history) for history in histories))
    return histories


async def require_equal(world: World, histories: Sequence[History]) -> None:
    """Hold every model to the stores that it is made from."""
    for history in histories:
        await _overview_equals(world, history.plan_id)
    for merchant in {history.merchant_id for history in histories}:
        await _statement_equals(world, merchant)
    for customer in {history.customer_id for history in histories}:
        await _exposure_equals(world, customer)


async def _overview_equals(world: World, plan_id: str) -> None:
    async with world.analytics.read() as session:
        shown = await views.plan_overview(session=session, plan_id=plan_id)
    async with world["bnpl"].read() as session:
        plan = await plan_view(session=session, plan_id=plan_id)
    assert shown is not None
    assert plan is not None
    assert shown.state == plan.state
    assert (shown.amount, shown.option, shown.reference) == (
        plan.amount,
        plan.option,
        plan.reference,
    )
    assert shown.activated_on == plan.activated_on
    assert shown.returned == plan.returned
    assert [
        (r.number, r.due_on, r.principal, r.interest, r.state, r.failed_attempts, r.paid_at)
        for r in shown.installments
    ] == [
        (r.number, r.due_on, r.principal, r.interest, r.state, r.failed_attempts, r.paid_at)
        for r in plan.installments
    ]
    async with world["ledger"].read() as session:
        receivable = await balance(session=session, prefix=f"plan_receivable:{plan_id}")
        deposits = await balance(session=session, prefix=f"customer_deposits:{plan_id}")
    assert shown.outstanding_principal == shown.receivable == receivable
    assert shown.deposits == deposits
    async with world["payments"].read() as session:
        attempts = await attempts_of(session=session, plan_id=plan_id)
        found = await findings(session=session, plan_id=plan_id)
    succeeded = [a.asked for a in attempts if a.state is OrderState.SUCCEEDED]
    assert shown.collected == total(succeeded)
    assert (shown.attempts, shown.findings) == (len(attempts), len(found))
    assert shown.failed_attempts == sum(a.state is OrderState.FAILED for a in attempts)


async def _statement_equals(world: World, merchant_id: str) -> None:
    async with world.analytics.read() as session:
        lines = await views.merchant_statement(session=session, merchant_id=merchant_id)
        totals = await views.statement_totals(session=session, merchant_id=merchant_id)
    async with world["settlement"].read() as session:
        (position,) = await merchant_positions(session=session, merchant_id=merchant_id)
        for line in lines:
            stored = (await payouts_of(session=session, plan_id=line.plan_id))[-1]
            assert (line.gross, line.fee, line.net) == (stored.gross, stored.fee, stored.net)
            assert line.payout_id == stored.payout_id
            assert line.payout_state == (stored.state or "scheduled")
            assert line.bank_reference == stored.bank_reference
            assert line.reason_code == stored.reason_code
    assert len(lines) == totals.plans == position.plans
    assert (totals.gross, totals.fees, totals.paid_out, totals.payable) == (
        position.gross,
        position.fees,
        position.paid,
        position.payable,
    )


async def _exposure_equals(world: World, customer_id: str) -> None:
    async with world.analytics.read() as session:
        shown = await views.customer_exposure(session=session, customer_id=customer_id)
    async with world["credit"].read() as session:
        standing = await find_standing(session=session, customer_id=customer_id)
    if standing is None:
        assert shown is None
        return
    assert shown is not None
    assert (shown.held, shown.owed) == (standing.held, standing.owed)
    assert (shown.customer.tier, shown.customer.limit) == (standing.tier, standing.limit)
    assert shown.held + shown.owed <= standing.limit


async def _parts_by(session: ReadSession, as_of: date) -> defaultdict[tuple[str, int], Money]:
    """What had been paid of installments in part by the end of a day, from the log itself."""
    found = await session.execute(
        select(events.c.stream, events.c.data).where(events.c.type == "installment_paid_in_part")
    )
    parts = defaultdict[tuple[str, int], Money](Money.zero)
    for plan_id, data in found:
        if addis_date(at=datetime.fromisoformat(data["paid_at"])) <= as_of:
            parts[plan_id, data["number"]] += Money(data["amount"]["santim"])
    return parts


async def _portfolio_by_hand(world: World, as_of: date) -> dict[Lateness, tuple[int, Money, Money]]:
    """The same classes, from the plan store's own rows."""
    async with world["bnpl"].read() as session:
        plans = {plan.plan_id: plan for plan in await session.scalars(select(Plan))}
        rows = list(await session.scalars(select(Installment)))
        parts = await _parts_by(session, as_of)
    classes = {lateness: (0, Money.zero(), Money.zero()) for lateness in Lateness}
    for plan_id, plan in plans.items():
        if plan.activated_on is None or plan.activated_on > as_of:
            continue
        if plan.state is PlanState.WRITTEN_OFF and addis_date(at=plan.changed_at) <= as_of:
            continue
        owed = [
            row
            for row in rows
            if row.plan_id == plan_id
            and (row.paid_at is None or addis_date(at=row.paid_at) > as_of)
        ]
        if owed:
            oldest = min(row.due_on for row in owed)
            lateness = lateness_of(days_past_due=(as_of - oldest).days)
            count, outstanding, past_due = classes[lateness]
            late = [row for row in owed if row.due_on < as_of]
            classes[lateness] = (
                count + 1,
                outstanding
                + total(row.principal_santim - parts[plan_id, row.number] for row in owed),
                past_due
                + total(
                    row.principal_santim + row.interest_santim - parts[plan_id, row.number]
                    for row in late
                ),
            )
    return classes


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def histories(world: World, keyring: Keyring) -> list[History]:
    """A first batch of plans, taken in: what every test here begins with."""
    lived = await live(world, keyring, seed=1)
    await world.catch_up()
    return lived


async def test_every_model_equals_the_stores(world: World, histories: list[History]) -> None:
    assert {history.state for history in histories} >= {"active", "completed"}
    await require_equal(world, histories)
    assert await world.parked() == []


async def test_they_stay_equal_while_plans_go_on(world: World, keyring: Keyring) -> None:
    """Events are published and taken in while others are written."""
    lived = asyncio.create_task(live(world, keyring, seed=2))
    while not lived.done():
        await world.relay()
        await world.consume(batch_max=7)
    await world.catch_up()
    await require_equal(world, await lived)
    assert await world.parked() == []


async def test_losses_add_up_to_what_the_ledger_has_lost(
    world: World, histories: list[History]
) -> None:
    assert {history.state for history in histories} >= {PlanState.PAST_DUE, PlanState.WRITTEN_OFF}
    begun, last = addis_date(at=BEGIN), addis_date(at=BEGIN + timedelta(days=400))
    async with world.analytics.read() as session:
        lost = await views.losses(session=session, as_of=last)
        before = await views.losses(session=session, as_of=begun)
    async with world["ledger"].read() as session:
        allowance = await balance(session=session, prefix="loss_allowance")
        recovered = await balance(session=session, prefix="recovery_income")
    assert (allowance, recovered) == (lost.still_owed, lost.recovered)
    assert min(lost.still_owed, lost.recovered, lost.written_off) > Money.zero()
    assert (before.plans, before.charged_off, before.still_owed) == (0, Money(0), Money(0))


@pytest.mark.parametrize("days", [0, 10, 20, 40, 60, 100, 140, 400])
async def test_the_portfolio_of_any_day_is_what_stood_then(
    world: World, histories: list[History], days: int
) -> None:
    assert histories
    as_of = addis_date(at=BEGIN) + timedelta(days=days)
    async with world.analytics.read() as session:
        shown = await views.portfolio(session=session, as_of=as_of)
    assert {
        each.lateness: (each.plans, each.outstanding, each.past_due) for each in shown
    } == await _portfolio_by_hand(world, as_of)


async def test_what_is_outstanding_now_is_what_the_ledger_has_receivable(
    world: World, histories: list[History]
) -> None:
    assert histories
    async with world.analytics.read() as session:
        shown = await views.portfolio(session=session, as_of=date(2027, 1, 1))
    async with world["ledger"].read() as session:
        assert total(each.outstanding for each in shown) == await balance(
            session=session, prefix="plan_receivable"
        )


async def test_collection_rates_are_those_of_the_attempts(
    world: World, histories: list[History]
) -> None:
    assert histories
    since, until = addis_date(at=BEGIN), addis_date(at=BEGIN) + timedelta(days=25)
    async with world.analytics.read() as session:
        rates = await views.collection_rates(session=session, since=since, until=until)
    async with world["payments"].read() as session:
        stored = list(await session.scalars(select(Attempt)))
    assert {rate.provider for rate in rates} == {"telebirr", "mpesa"}
    for rate in rates:
        ended = [
            attempt
            for attempt in stored
            if attempt.provider == rate.provider
            and attempt.state.is_final
            and since <= addis_date(at=attempt.changed_at) <= until
        ]
        came = [attempt for attempt in ended if attempt.state is OrderState.SUCCEEDED]
        assert (rate.attempts, rate.succeeded) == (len(ended), len(came))
        assert rate.asked == total(attempt.asked_santim for attempt in ended)
        assert rate.collected == total(attempt.asked_santim for attempt in came)
        assert rate.attempts_basis_points == len(came) * 10_000 // len(ended)
        assert {share.cause: share.attempts for share in rate.failures} == {
            str(cause): sum(attempt.cause is cause for attempt in ended)
            for cause in {attempt.cause for attempt in ended} - {None}
        }


async def test_whatever_the_stores_write_is_what_the_schemas_say(
    world: World, histories: list[History]
) -> None:
    assert histories
    assert await faults_in({domain: world[domain] for domain in SOURCES}) == []
    envelope = _envelope()
    published = list[dict[str, Any]]()
    for domain in SOURCES:
        entries: Any = await world.redis.xrange(f"meqenet.{domain}")
        published.extend(json.loads(told[b"event"]) for _, told in entries)
    assert len(published) > 100
    assert [error.message for told in published for error in envelope.iter_errors(told)] == []
    spoilt = {**published[0], "data": {}}
    assert list(envelope.iter_errors(spoilt))


def _envelope() -> Draft202012Validator:
    """The envelope's schema, which names the others by their places beside it."""
    pages = ROOT / "docs" / "events"
    schemas = {
        path.relative_to(pages).as_posix(): Resource.from_contents(
            json.loads(path.read_text("utf-8"))
        )
        for path in pages.rglob("*.json")
    }
    registry: Registry[Any] = Registry().with_resources(schemas.items()).crawl()
    return Draft202012Validator(schemas["cloud-event.json"].contents, registry=registry)
