"""The Temporal server's database is deleted in the middle of forty plans, and all go on."""

import asyncio
import os
import re
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from apps.demo.shop import Shop
from apps.faults import processes
from apps.runtime.addresses import Running
from apps.runtime.environment import CHECKOUT
from db.bnpl.processes import count_open_plans, open_clocks
from meqenet.bnpl.options import PaymentOption
from meqenet.identity import wire_id
from meqenet.settlement.transfer import PayoutAccount
from tests.journeys import evidence
from tests.journeys import stages as s
from tests.journeys.conftest import CLOCK_STARTS_AT, TERMS_SINCE, Town, whole_runtime
from tests.journeys.selective_endpoint import Endpoint, listening
from tests.waiting import eventually
from workers.connecting import temporal_client
from workers.onboarding import NewMerchant, onboard
from workers.opening import Environment

AT_A_TIME = 6

REAL_TIME = "real time"
STANDING = "standing"
"""Plans at their checkouts: their clocks have not moved."""
RESTING = "resting"
"""Their clocks have moved by thirty days, and all that was due is done."""
COLLECTING = "collecting"
"""Their clocks have come to the first day on which debits are under way, and wait for them."""
PAYING = "paying"
"""Their clocks have come to a day on which payouts are under way."""
DAYS = {RESTING: 30, COLLECTING: 30, PAYING: 3}

CAST: tuple[tuple[s.Stage, str, tuple[tuple[str, str], ...]], ...] = (
    (s.LOGIN_AWAITED, STANDING, (("telebirr", "pay_in_full"), ("mpesa", "pay_in_full"))),
    (s.OFFERED, STANDING, (("mpesa", "pay_in_30"), ("telebirr", "pay_in_full"))),
    (
        s.ASKED_TO_PAY,
        STANDING,
        (
            ("telebirr", "pay_in_4"),
            ("telebirr", "pay_in_full"),
            ("telebirr", "pay_in_30"),
            ("mpesa", "pay_in_full"),
        ),
    ),
    (s.PAID_UNHEARD, STANDING, (("mpesa", "pay_in_full"),)),
    (s.UNPAID, STANDING, (("mpesa", "pay_in_full"), ("telebirr", "pay_in_full"))),
    (s.REFUND_UNHEARD, STANDING, (("mpesa", "pay_in_4"), ("telebirr", "pay_in_full"))),
    (
        s.RESTING,
        STANDING,
        (("mpesa", "pay_in_full"), ("telebirr", "pay_in_full"), ("mpesa", "pay_in_30")),
    ),
    (s.LOGIN_GIVEN_UP, REAL_TIME, (("mpesa", "pay_in_4"), ("telebirr", "pay_in_full"))),
    (
        s.OFFER_GIVEN_UP,
        REAL_TIME,
        (
            ("telebirr", "pay_in_full"),
            ("mpesa", "pay_in_30"),
            ("telebirr", "pay_in_4"),
            ("mpesa", "pay_over_time"),
        ),
    ),
    (s.DECLINED, RESTING, (("mpesa", "pay_in_4"), ("telebirr", "pay_over_time"))),
    (s.BROKE, RESTING, (("mpesa", "pay_in_30"), ("telebirr", "pay_in_30"))),
    (s.PAST_DUE, RESTING, (("mpesa", "pay_in_4"),)),
    (s.PAYOUT_REFUSED, RESTING, (("mpesa", "pay_in_30"), ("telebirr", "pay_in_full"))),
    (
        s.RESTING,
        RESTING,
        (
            ("mpesa", "pay_over_time"),
            ("telebirr", "pay_in_30"),
            ("mpesa", "pay_in_full"),
            ("telebirr", "pay_in_full"),
        ),
    ),
    (s.DEBIT_UNHEARD, COLLECTING, (("mpesa", "pay_in_30"), ("telebirr", "pay_in_30"))),
    (s.PROMPT_UNANSWERED, COLLECTING, (("mpesa", "pay_in_30"),)),
    (s.RESTING, COLLECTING, (("telebirr", "pay_in_30"), ("mpesa", "pay_in_full"))),
    (s.PAYOUT_UNHEARD, PAYING, (("mpesa", "pay_in_30"), ("telebirr", "pay_in_30"))),
)
"""Who is where: by stage and group, pairs of provider and option."""


@pytest_asyncio.fixture(loop_scope="session")
async def running() -> AsyncIterator[Running]:
    """A runtime of this test's own: nobody else's plans are lost with its Temporal database."""
    async with whole_runtime() as found:
        yield found


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def town(running: Running, endpoint: Endpoint, unique: str) -> AsyncIterator[Town]:
    client = await temporal_client(settings=Environment(values=running.environment).settings)
    onboarded = await onboard(
        client=client,
        merchant=NewMerchant(
            handle=unique,
            name="Shop",
            account=PayoutAccount(
                bic="CBETETAA", account_number="1000200030004", account_name="Shop"
            ),
            webhook_url=endpoint.url,
            webhook_secret=endpoint.secret,
        ),
        at=TERMS_SINCE,
        randomness=secrets.token_bytes,
    )
    async with httpx.AsyncClient(timeout=60) as http:
        shop = Shop(http, running.api_url, onboarded.merchant_id, onboarded.api_key)
        found = Town(running=running, http=http, shop=shop, temporal=client, unique=unique)
        yield found
        await found.close()


@pytest.mark.timeout(600)  # forty lives: a minute of two cores, and more of a busy machine's
async def test_forty_plans_go_on_after_the_temporal_database_is_deleted(
    town: Town, endpoint: Endpoint
) -> None:
    await _patient_phones(town)
    members = await _gathered(town)
    assert len(members) == 40
    assert {m.option for m in members} == set(PaymentOption)
    endpoint.deaf_to = lambda plan_id: _is_of(RESTING, members, plan_id)
    endpoint.silent_to = lambda plan_id: _is_of(COLLECTING, members, plan_id)
    await _each([m for m in members if not m.stage.is_brief], lambda m: m.stage.reach(m))
    await _move(members, RESTING)
    moves = [asyncio.create_task(_move(members, group)) for group in (COLLECTING, PAYING)]
    await _each([m for m in members if m.stage.is_brief], lambda m: m.stage.reach(m))
    await _everything_is_under_way(members)
    plans, clocks = await _still_open(town)
    heard = await _all_that_was_heard(town, endpoint)

    await _lose_temporal(town)
    await asyncio.gather(*moves, return_exceptions=True)
    endpoint.hear_all()
    begun = await _rehydrate(town)
    assert begun["plans"] == (plans, 0, 0, 0)
    assert begun["test clocks"] == (len(clocks), 0, 0, 0)
    again = await _rehydrate(town)
    assert [again[kind][0] for kind in ("plans", "test clocks", "notices")] == [0, 0, 0]

    await _each(members, lambda m: m.stage.go_on(m))
    await _pass(town, clocks, days=80)
    await _pass(town, (await _still_open(town))[1], days=160)
    await _each(members, lambda m: _ended_well(m, endpoint))
    await eventually(lambda: _still_open(town), lambda still: still == (0, []))
    for notice_id, tries in heard.items():
        assert endpoint.taken[notice_id] == tries, "what was taken is not sent again"
    status, said = await _command(town, "verify")
    assert status == 0, said


async def _gathered(town: Town) -> list[s.Member]:
    """All of the cast, most of them on a test clock with the others of their stage.

    A debit that is under way holds its clock up, and its time within the day is the plan's own; a
    payout that goes wrong has all plans of its merchant's day.
    """
    members: list[s.Member] = []
    clocks: dict[str, str] = {}
    for stage, group, plans in CAST:
        for provider, option in plans:
            name = f"{group}-{stage.name}".replace(" ", "-")
            if group in (COLLECTING, PAYING) or stage is s.PAYOUT_REFUSED:
                name += f"-{len(members)}"
            if group != REAL_TIME and name not in clocks:
                clocks[name] = await town.shop.new_clock(
                    name=f"{town.unique}-{name}", now=CLOCK_STARTS_AT
                )
            members.append(s.Member(town, stage, provider, option, clocks.get(name), group))
    return members


def _is_of(group: str, members: Sequence[s.Member], plan_id: str) -> bool:
    return any(m.group == group and m.plan_id == plan_id for m in members)


async def _move(members: Sequence[s.Member], group: str) -> None:
    town = members[0].town
    clocks = sorted({m.clock for m in members if m.clock is not None and m.group == group})
    await _pass(town, clocks, days=DAYS[group])


async def _pass(town: Town, clocks: Sequence[str], *, days: int) -> None:
    """Move clocks, some at once; those on which something is under way do not come to rest."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def move(clock: str) -> None:
        async with gate:
            await town.days_pass(clock, days=days)

    await asyncio.gather(*(move(clock) for clock in clocks))


async def _each(members: Sequence[s.Member], deed: s.Deed) -> None:
    """Do it for all of them, some at once; the first failure names whose it was."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def do(m: s.Member) -> None:
        async with gate:
            try:
                await deed(m)
            except Exception as error:
                error.add_note(f"{m.stage.name}: {m.provider} {m.option} {m.plan_id}")
                raise

    async with asyncio.TaskGroup() as group:
        for m in members:
            group.create_task(do(m))


async def _patient_phones(town: Town) -> None:
    """Prompts stay on phones for longer than the test takes."""
    behaviour = {"prompt_life_ms": 1_800_000}
    answer = await town.http.patch(f"{town.controls['mpesa']}/behaviour", json=behaviour)
    answer.raise_for_status()


async def _everything_is_under_way(members: Sequence[s.Member]) -> None:
    """Every answer that was to get lost is held, and every prompt is on its phone."""
    for sandbox in ("mpesa", "telebirr", "bank"):
        await members[0].taken(sandbox)
    for m in members:
        if m.stage is s.PROMPT_UNANSWERED:
            await m.prompted()


async def _still_open(town: Town) -> tuple[int, list[str]]:
    """How many plans have work left, and the test clocks on which they live."""
    async with town.store("bnpl").read() as session:
        clocks = await open_clocks(session=session)
        return await count_open_plans(session=session), [each.clock_id for each in clocks]


async def _all_that_was_heard(
    town: Town, endpoint: Endpoint
) -> dict[str, tuple[dict[str, Any], ...]]:
    """What the merchant has taken so far, once all of it is on file."""

    async def on_file() -> int:
        async with town.store("marketplace").read() as session:
            count = "SELECT count(*) FROM notices WHERE delivered_at IS NOT NULL"
            return int(await session.scalar(text(count)) or 0)

    await eventually(on_file, lambda count: count == len(endpoint.taken))
    return dict(endpoint.taken)


async def _lose_temporal(town: Town) -> None:
    """Delete the server's database under it and kill it; the supervisor starts an empty one."""
    for file in (town.running.directory.root / "temporal").glob("temporal.db*"):
        file.unlink()
    await processes.kill(running=town.running, part="Temporal")

    async def serves() -> bool:
        try:
            return (await town.http.get(f"{town.running.api_url}/readyz")).is_success
        except httpx.TransportError:
            return False

    await eventually(serves, bool)


async def _rehydrate(town: Town) -> dict[str, tuple[int, ...]]:
    """Run the command; its table: begun, running already, over, not begun."""
    status, said = await _command(town, "rehydrate")
    assert status == 0, said
    rows = re.findall(r"^([a-z ]+?)((?:\s+\d+){4})\s*$", said, re.MULTILINE)
    return {name: tuple(int(count) for count in counts.split()) for name, counts in rows}


async def _command(town: Town, *words: str) -> tuple[int, str]:
    """Our own command line, as an operator runs it beside a running ``meqenet up``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "apps.cli.main", *words),
        cwd=CHECKOUT,
        env={**os.environ, "MEQENET_ENV_FILE": str(town.running.directory.env_file)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def _ended_well(m: s.Member, endpoint: Endpoint) -> None:
    """At the right end; debited, paid out and returned once each; and the merchant knows."""
    await m.until(m.stage.end)
    town, plan_id = m.town, m.plan_id
    if m.stage.end == "completed":
        plan = await town.shop.plan(plan_id)
        count = len(plan["schedule"])
        await evidence.require_paid_once_each(
            town, provider=m.provider, customer=m.customer, plan_id=plan_id, installments=count
        )
        refused = m.stage is s.PAYOUT_REFUSED
        assert await _transfers(m) == (["RJCT", "ACSC"] if refused else ["ACSC"])
        paid_out = f"{plan_id}-p{2 if refused else 1}"
        assert await evidence.postings(town, plan_id, kinds=["merchant_share_paid"]) == [paid_out]
        accrued = await evidence.postings(town, plan_id, kinds=["interest_accrued"])
        assert bool(accrued) is (m.option == "pay_over_time")
        assert await evidence.left_in_the_books(town, plan_id) == {}
    else:
        told = await evidence.paid(town, provider=m.provider, customer=m.customer, plan_id=plan_id)
        assert len(told.debited) == len(told.succeeded) == len(told.posted) == m.stage.debits
        returned = await evidence.postings(town, plan_id, kinds=["checkout_payment_returned"])
        assert len(returned) == m.stage.debits
        assert await town.wallet(m.customer, m.provider) == s.BALANCE
        assert await _transfers(m) == []
    await eventually(endpoint.heard_of(plan_id), lambda kinds: kinds == list(m.stage.notices))


async def _transfers(m: s.Member) -> list[str]:
    every = await m.get(f"{m.town.controls['bank']}/transfers")
    status = {row["end_to_end_id"]: str(row["status"]) for row in every}
    carriers = await evidence.carriers(m.town, m.plan_id)
    return [status[wire_id(meqenet_id=each)] for each in carriers]
