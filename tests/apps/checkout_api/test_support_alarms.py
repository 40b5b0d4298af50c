"""Payments of unknown end over HTTP and on the command line: whose they are, and who is told."""

from datetime import UTC, datetime

import httpx

from db.payments import attempts
from meqenet.auth.roles import Role
from meqenet.identity import plan_id
from meqenet.payments.rail import PaymentAnswer, RailStatus
from tests.apps.checkout_api.staff import Agent, agent_of
from tests.apps.checkout_api.test_support_commands import run
from tests.backing import TEST_KEYRING, Databases
from tests.db.payments.on_file import PHONE, attempt_on_file

LONG_AGO = datetime(2026, 1, 2, 6, tzinfo=UTC)
"""Older than the age of an alarm, and by a policy that was in force."""


async def unclear_payment(databases: Databases, unique: str) -> str:
    """An attempt that was opened long ago, about which nothing is known."""
    plan = plan_id(merchant_id="mer_alarms", reference=unique)
    return await attempt_on_file(
        payments=databases["payments"], keyring=TEST_KEYRING, plan_id=plan, at=LONG_AGO, number=2
    )


async def ended(databases: Databases, order: str) -> None:
    """The provider has told at last."""
    async with databases["payments"].write() as session:
        await attempts.record_answer(
            session=session,
            attempt_id=order,
            answer=PaymentAnswer(order_id=order, status=RailStatus.FAILED, failure_code="1"),
            source="query",
            at=LONG_AGO,
        )


async def owner_listed(agent: Agent, order: str) -> object:
    answer = await agent.get("/v1/support/alarms")
    assert answer.status_code == 200, answer.text
    assert PHONE not in answer.text
    found = {each["attempt"]: each for each in answer.json()["alarms"]}
    return found[order]["owner"] if order in found else "no alarm"


async def test_an_alarm_is_taken_by_one_and_released(
    http: httpx.AsyncClient, databases: Databases, url: str, unique: str
) -> None:
    order = await unclear_payment(databases, unique)
    path = f"/v1/support/alarms/{order}"
    first = await agent_of(http=http, databases=databases, role=Role.SUPPORT)
    second = await agent_of(http=http, databases=databases, role=Role.OPERATOR)
    head = await agent_of(http=http, databases=databases, role=Role.SUPERVISOR)
    assert await owner_listed(first, order) is None

    taken = await run("take", order, agent=first, url=url)
    assert taken.exit_code == 0, taken.output
    assert taken.stdout.startswith(f"{order}: agent-")
    again = await first.post(f"{path}/take")
    assert again.status_code == 200
    assert again.json()["owner"]["staff"] == first.staff_id
    handle = again.json()["owner"]["handle"]

    refused = await second.post(f"{path}/take")
    assert (refused.status_code, refused.json()["code"]) == (409, "alarm_owned")
    assert f"{handle} ({first.staff_id}) has had it since" in refused.json()["detail"]
    kept = await run("release", order, agent=second, url=url)
    assert (kept.exit_code, "alarm_owned" in kept.stderr) == (1, True)
    assert await owner_listed(second, order) == again.json()["owner"]
    shown = await run("alarms", agent=second, url=url)
    assert f"{order} " in shown.stdout
    assert handle in shown.stdout

    freed = await run("release", order, agent=head, url=url)
    assert (freed.exit_code, freed.stdout) == (0, f"{order}: without an owner\n")
    assert (await second.post(f"{path}/take")).status_code == 200
    await ended(databases, order)
    assert await owner_listed(second, order) == "no alarm"
    late = await first.post(f"{path}/take")
    assert (late.status_code, late.json()["code"]) == (409, "outcome_known")


async def test_what_there_is_not_is_not_taken(
    http: httpx.AsyncClient, databases: Databases, unique: str
) -> None:
    agent = await agent_of(http=http, databases=databases, role=Role.SUPPORT)
    plan = plan_id(merchant_id="mer_alarms", reference=f"{unique}-never")
    unknown = await agent.post(f"/v1/support/alarms/{plan}-i01-a1/take")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "attempt_unknown")
    malformed = await agent.post(f"/v1/support/alarms/{plan}/take")
    assert malformed.status_code == 422
