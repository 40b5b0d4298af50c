"""``meqenet plan show``, as support meets it."""

import json
import random
import secrets
from collections.abc import AsyncIterator

import pytest_asyncio
from redis.asyncio import Redis

from apps.runtime.backing import Backing
from db.kernel.encryption import Keyring
from tests.apps.cli.operating import Ran, meqenet
from tests.backing import Databases
from tests.workers.beginnings import BEGIN
from tests.workers.histories import History, take_on
from tests.workers.worlds import World


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plan(backing: Backing, databases: Databases, keyring: Keyring) -> AsyncIterator[History]:
    """A plan that has become active."""
    async with Redis.from_url(backing.redis_url) as redis:
        yield await _active(backing, databases, redis, keyring)


async def _active(
    backing: Backing, databases: Databases, redis: Redis, keyring: Keyring
) -> History:
    unique = secrets.token_hex(8)
    world = World(
        stores=databases.stores,
        redis=redis,
        redis_url=backing.redis_url,
        analytics_url=databases.urls["analytics"],
    )
    merchant = f"mrc_{unique}"
    await take_on(world, keyring, merchant_id=merchant)
    for number in range(20):
        history = History(
            world=world,
            keyring=keyring,
            chance=random.Random(f"shown-{number}"),  # noqa: S311 - nothing here is a secret
            plan_id=f"pln_{unique}{number:02x}0{number % 4:x}",
            merchant_id=merchant,
            customer_id=f"cus_{unique}",
        )
        await history.live()
        if history.paid_out:
            return history
    raise AssertionError("of twenty plans none has lived")


async def show(databases: Databases, *words: str) -> Ran:
    urls = databases.urls
    return await meqenet(
        "plan",
        "show",
        *words,
        MEQENET_BNPL_DATABASE_URL=urls["bnpl"],
        MEQENET_PAYMENTS_DATABASE_URL=urls["payments"],
        MEQENET_SETTLEMENT_DATABASE_URL=urls["settlement"],
        MEQENET_DISPUTES_DATABASE_URL=urls["disputes"],
        MEQENET_CREDIT_DATABASE_URL=urls["credit"],
        MEQENET_LEDGER_DATABASE_URL=urls["ledger"],
    )


async def test_a_plan_is_shown_with_its_events_and_its_ledger(
    databases: Databases, plan: History
) -> None:
    page = await show(databases, plan.plan_id)
    assert (page.code, page.err) == (0, "")
    for text in (
        f"{plan.plan_id}  as it is now",
        f"state             {plan.state}",
        "schedule",
        "attempts to collect" if plan.tried else "events",
        "plan_activated",
        "plan_became_active activation",
        "what the plan has put on each account",
        "the customer's limit",
    ):
        assert text in page.out
    story = json.loads((await show(databases, plan.plan_id, "--json")).out)
    assert (story["plan"], story["overview"]["state"]) == (plan.plan_id, plan.state)
    assert story["overview"]["amount"] == str(plan.amount)
    assert [event["sequence"] for event in story["events"] if event["domain"] == "bnpl"] == list(
        range(1, plan.sequence + 1)
    )


async def test_it_is_shown_as_it_was(databases: Databases, plan: History) -> None:
    begin = f"{BEGIN:%Y-%m-%dT%H:%M:%SZ}"
    page = await show(databases, plan.plan_id, "--at", begin)
    assert page.code == 0
    assert f"as it was at {BEGIN:%Y-%m-%d %H:%M:%S} UTC" in page.out
    assert f"{plan.sequence - 1} later events of the plan not shown" in page.out
    assert "state             applied" in page.out
    assert "next: identity check" in page.out
    assert "ledger" not in page.out
    story = json.loads((await show(databases, plan.plan_id, "--at", begin, "--json")).out)
    assert (story["at"], story["later_events"]) == (begin, plan.sequence - 1)
    assert (story["entries"], story["balances"]) == ([], [])
    # Nothing of it was written down before this test began.
    known = await show(databases, plan.plan_id, "--recorded-at", begin)
    assert (known.code, known.out) == (1, "")
    assert known.err == (
        f"meqenet plan show: {plan.plan_id}: nothing of it was known then; "
        f"it was opened at {begin}\n"
    )


async def test_what_cannot_be_shown_is_told_in_one_line(databases: Databases) -> None:
    unknown = await show(databases, "pln_none")
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err == "meqenet plan show: pln_none: there is no such plan\n"
    for field in ("--at", "--recorded-at"):
        asked = await show(databases, "pln_none", field, "yesterday")
        assert (asked.code, asked.out) == (2, "")
        assert asked.err == (
            f"meqenet plan show: {field}: must be a time with its zone, like "
            "2026-11-23T06:00:00Z or 2026-11-23T09:00:00+03:00\n"
        )
    nowhere = await meqenet("plan", "show", "pln_none")
    assert (nowhere.code, nowhere.out) == (1, "")
    assert "the setting MEQENET_BNPL_DATABASE_URL is not given. Run `meqenet up`" in nowhere.err
    assert len(nowhere.err.splitlines()) == 1
