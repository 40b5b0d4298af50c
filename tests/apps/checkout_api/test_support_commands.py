"""``meqenet support`` as an agent types it, against the API: the same roles and refusals."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest
from typer.testing import CliRunner, Result

from apps.cli.main import build
from meqenet.auth.roles import Role
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import Agent, FailedPlan, agent_of, failed_plan
from tests.backing import Databases
from tests.waiting import eventually

PERIOD = ("--from", "2026-12-30T00:00:00Z", "--to", "2027-01-02T00:00:00Z")
BATCH = ("retry-failed", "--cause", "no_funds", "--provider", "mpesa", *PERIOD)


async def run(*words: str, agent: Agent, url: str, typed: str = "") -> Result:
    """Type a command under somebody's key, and what it asks for."""
    arguments = ["support", *words, "--api", url]
    environment = {"MEQENET_STAFF_KEY": agent.key, "COLUMNS": "160"}
    return await asyncio.to_thread(
        CliRunner(env=environment).invoke, build(arguments=arguments), arguments, input=typed
    )


async def test_an_agent_reads_is_told_why_not_retries_and_turns_to_a_wallet_nobody_is_shown(
    shop: Shop, http: httpx.AsyncClient, databases: Databases, url: str
) -> None:
    plan = await failed_plan(shop)
    agent = await agent_of(http=http, databases=databases, role=Role.SUPPORT)
    shown = await run("show", plan.plan_id, agent=agent, url=url)
    assert shown.exit_code == 0, shown.output
    assert "no_funds" in shown.stdout
    assert "say: There is not enough money in your wallet." in shown.stdout
    assert "possible now: retry installment 1" in shown.stdout
    refused = await run("retry-payout", plan.plan_id, "--why", "new account", agent=agent, url=url)
    assert refused.exit_code == 1
    assert refused.stderr == (
        "meqenet support retry-payout: authorization: the role support may not retry payout; "
        "ask one of: finance, operator (role_not_allowed)\n"
    )
    retried = await run("retry", plan.plan_id, "1", "--why", "topped up", agent=agent, url=url)
    assert retried.exit_code == 0, retried.output
    await eventually(
        lambda: agent.plan(plan.plan_id),
        lambda seen: seen["installments"][0]["failed_attempts"] == 2,
    )
    digits = (int(shop.unique, 16) + 1) % 10**8
    phone = f"2517{digits:08d}"
    other = replace(plan.customer, phone=phone)
    await other.open_wallet(provider="mpesa", name="Other", balance="5000.00")
    named = ("--provider", "mpesa", "--why", "the customer called")
    added = await run("add-wallet", plan.plan_id, *named, agent=agent, url=url, typed=f"{phone}\n")
    assert added.exit_code == 0, added.output
    assert "w2" in added.stdout
    assert phone not in added.stdout.partition("installments")[2]
    words = ("pay-by-another-wallet", plan.plan_id, "1")
    unknown = await run(*words, "w3", "--why", "as asked", agent=agent, url=url)
    assert "wallet: on file are w1, w2 (wallet_unknown)" in unknown.stderr
    asked = await run(*words, "w2", "--why", "as asked", agent=agent, url=url)
    assert asked.exit_code == 0, asked.output
    done = await eventually(
        lambda: agent.plan(plan.plan_id), lambda found: found["state"] == "completed"
    )
    assert [each["wallet"] for each in done["installments"][0]["attempts"]] == ["w1", "w1", "w2"]
    assert await plan.debits() == []
    (debit,) = await FailedPlan(shop, plan.plan_id, plan.clock, other).debits()
    assert debit["amount"] == "1000.00"
    assert f"{digits:08d}" not in json.dumps(done)
    # A process that is just closing takes nothing, and asks to be sent the same again.
    late = await eventually(
        lambda: run("pause", plan.plan_id, "--why", "disputed", agent=agent, url=url),
        lambda answer: "temporal_unavailable" not in answer.stderr,
    )
    assert late.exit_code == 1
    assert "plan_closed" in late.stderr or "plan_not_in_force" in late.stderr


async def test_a_batch_is_previewed_retried_and_leaves_what_is_paused(
    shop: Shop, http: httpx.AsyncClient, databases: Databases, url: str
) -> None:
    plan = await failed_plan(shop)
    agent = await agent_of(http=http, databases=databases, role=Role.SUPERVISOR)
    paused = await agent.post(f"{plan.path}/pause", {"why": "disputed"})
    assert paused.status_code == 200
    await plan.top_up()
    why = ("--why", "the outage is over", "--rate", "6000", "--yes")
    first = await run(*BATCH, *why, agent=agent, url=url)
    assert plan.plan_id in first.stdout
    assert "collection_paused" in first.stdout
    assert await plan.debits() == []
    assert (await agent.post(f"{plan.path}/resume")).status_code == 200
    again = ("--why", "the pause is over", "--rate", "6000", "--yes")
    for _ in range(2):
        await run(*BATCH, *again, agent=agent, url=url)
    await eventually(lambda: agent.plan(plan.plan_id), lambda found: found["state"] == "completed")
    assert len(await plan.debits()) == 1


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "put your staff key into MEQENET_STAFF_KEY"),
        ({"MEQENET_STAFF_KEY": "mqs_x"}, "name the API's address with --api"),
    ],
)
def test_what_is_missing_is_named(environment: dict[str, str], said: str) -> None:
    arguments = ["support", "show", "pln_x"]
    bare = {"MEQENET_ENV_FILE": "/dev/null", **environment}
    answer = CliRunner(env=bare).invoke(build(arguments=arguments), arguments)
    assert answer.exit_code == 2
    assert said in answer.stderr
