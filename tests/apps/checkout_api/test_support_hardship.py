"""Another schedule over HTTP and on the command line: seen first, approved where it has to be."""

from datetime import datetime

import httpx

from db.bnpl.views import events_of
from meqenet.auth.roles import Role
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import agent_of, failed_plan
from tests.apps.checkout_api.test_support_commands import run
from tests.backing import Databases

_SINCE_2027 = datetime.fromisoformat("2027-01-05T09:00:00+00:00")
"""The products offer changes for hardship from this year on."""


async def test_a_due_date_is_moved_by_support_and_further_by_a_supervisor(
    shop: Shop, http: httpx.AsyncClient, databases: Databases, url: str
) -> None:
    plan = await failed_plan(shop, starts_at=_SINCE_2027, days=1)
    support, supervisor = [
        await agent_of(http=http, databases=databases, role=role)
        for role in (Role.SUPPORT, Role.SUPERVISOR)
    ]
    path, words = f"{plan.path}/hardship", ("hardship", "move", plan.plan_id, "1")
    shown = await run(*words, "--to", "2027-02-20", "--preview", agent=support, url=url)
    assert shown.exit_code == 0, shown.output
    for part in ("2027-02-04", "2027-02-20", "1000.00", "it costs the customer 0.00 birr"):
        assert part in shown.stdout
    assert "days without approval: 16 days, more than 14" in shown.stdout

    further = {"change": "move_due_date", "number": 1, "to": "2027-02-20", "why": "has no work"}
    refused = await support.post(path, further)
    assert (refused.status_code, refused.json()["code"]) == (422, "approval_missing")
    refused = await support.post(path, {**further, "approved": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "role_not_allowed")
    incomplete = await support.post(f"{path}/preview", {"change": "pause"})
    assert incomplete.json()["code"] == "change_incomplete"

    near = await run(*words, "--to", "2027-02-10", "--why", "has no work", agent=support, url=url)
    assert near.exit_code == 0, near.output
    assert "2027-02-10" in near.stdout
    granted = await supervisor.post(path, {**further, "approved": True})
    assert granted.status_code == 200, granted.text
    (row,) = granted.json()["installments"]
    assert (row["due_on"]["gregorian"], row["state"]) == ("2027-02-20", "scheduled")
    seen = (await shop.get(f"/v1/plans/{plan.plan_id}")).json()
    assert seen["schedule"][0]["due_on"]["gregorian"] == "2027-02-20"
    async with databases["bnpl"].read() as session:
        log = await events_of(session=session, plan_id=plan.plan_id)
    told = [each.content.data for each in log if each.content.event_type == "plan_changed"]
    assert [(each["by"], each["approved_by"]) for each in told] == [
        (support.staff_id, None),
        (supervisor.staff_id, supervisor.staff_id),
    ]
    assert told[1]["approvals"] == ["times_without_approval"]
