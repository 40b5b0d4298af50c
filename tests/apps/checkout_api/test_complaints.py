"""Complaints over HTTP and on the command line: found by their number, answered, summed up."""

from datetime import datetime
from typing import Any

import httpx

from db.kernel.engine import Database
from meqenet.auth.roles import Role
from meqenet.calendar import addis_date, to_ethiopian
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import agent_of
from tests.apps.checkout_api.test_support_commands import run
from tests.backing import Databases

WORDS = "ሁለት ጊዜ ተወሰደ"
ANSWER = "ተመልሷል"
COMPLAINT = {"language": "am-et", "category": "collection", "text": WORDS}


async def complaint_of(shop: Shop) -> dict[str, Any]:
    """A complaint about a plan that has not even been offered yet."""
    plan = await shop.post("/v1/plans", shop.application())
    assert plan.status_code == 201, plan.text
    path = f"/v1/plans/{plan.json()['id']}/complaints"
    made = await shop.post(path, COMPLAINT, key=f"{shop.unique}-complaint")
    assert made.status_code == 201, made.text
    again = await shop.post(path, COMPLAINT, key=f"{shop.unique}-complaint")
    assert again.json() == made.json()
    found: dict[str, Any] = made.json()
    return found


async def test_a_complaint_is_found_by_its_number_answered_and_reopened(
    shop: Shop, http: httpx.AsyncClient, databases: Databases, url: str
) -> None:
    made = await complaint_of(shop)
    number = made["tracking_number"]
    assert (made["state"], made["language"]) == ("open", "am-ET")
    assert "said" not in made
    typed = number.removeprefix("CMP-").replace("-", " ").lower()
    read = await shop.get(f"/v1/complaints/{typed}")
    assert [each["text"] for each in read.json()["said"]] == [WORDS]
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    mistyped = await shop.get(f"/v1/complaints/{wrong}")
    assert (mistyped.status_code, mistyped.json()["code"]) == (422, "tracking_number_mistyped")

    agent = await agent_of(http=http, databases=databases, role=Role.SUPPORT)
    path = f"/v1/support/complaints/{number}"
    taken = await agent.post(f"{path}/assign", {"why": "mine"})
    assert taken.json()["assignee"] == agent.staff_id
    other = await agent.post(f"{path}/assign", {"why": "not mine", "to": f"stf_{'a' * 20}"})
    assert (other.status_code, other.json()["code"]) == (403, "role_not_allowed")
    head = await agent_of(http=http, databases=databases, role=Role.SUPERVISOR)
    finance = await agent_of(http=http, databases=databases, role=Role.FINANCE)
    nobody = await head.post(f"{path}/assign", {"why": "not theirs", "to": finance.staff_id})
    assert (nobody.status_code, nobody.json()["code"]) == (422, "assignee_unknown")
    handle = taken.json()["assignee_handle"]
    assigned = await head.post(f"{path}/assign", {"why": "their language", "to": handle})
    assert assigned.json()["assignee"] == agent.staff_id
    told = {"why": "it was so", "outcome": "upheld", "language": "en", "text": "It came back."}
    refused = await agent.post(f"{path}/answer", told)
    assert (refused.status_code, refused.json()["code"]) == (422, "answer_language_differs")
    answered = await agent.post(f"{path}/answer", {**told, "language": "am", "text": ANSWER})
    assert answered.json()["state"] == "answered", answered.text
    assert answered.json()["possible"] == ["close", "reopen"]

    reopened = await shop.post(f"/v1/complaints/{number}/reopen", {"text": WORDS})
    assert (reopened.json()["state"], reopened.json()["reopened"]) == ("open", True)
    closed = await run(
        *("complaint", "close", typed, "--why", "settled by phone"), agent=agent, url=url
    )
    assert closed.exit_code == 0, closed.output
    late = await agent.post(f"{path}/escalate", {"why": "too late"})
    assert (late.status_code, late.json()["code"]) == (409, "complaint_closed")
    file = (await agent.get(path)).json()
    assert [each["by"] for each in file["said"]] == ["customer", "meqenet", "customer"]
    assert [each["deed"] for each in file["deeds"]] == [
        "assign",
        "assign",
        "answer",
        "reopen",
        "close",
    ]
    await _nothing_is_told(databases["marketplace"])


async def _nothing_is_told(marketplace: Database) -> None:
    """What is kept of answers under idempotency keys holds no word of a complaint."""
    row = await marketplace.write_alone(
        statement="SELECT count(*) FROM idempotency_records WHERE position($1 IN "
        "convert_from(body, 'UTF8')) > 0 OR position($2 IN convert_from(body, 'UTF8')) > 0",
        arguments=(WORDS, ANSWER),
    )
    assert row[0] == 0


async def test_another_merchants_complaint_is_not_there(
    shop: Shop, keyholder: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    number = (await complaint_of(shop))["tracking_number"]
    found = await keyholder.get(f"/v1/complaints/{number}")
    assert (found.status_code, found.json()["code"]) == (404, "complaint_unknown")
    finance = await agent_of(http=http, databases=databases, role=Role.FINANCE)
    unread = await finance.get(f"/v1/support/complaints/{number}")
    assert (unread.status_code, unread.json()["code"]) == (403, "role_not_allowed")


async def test_a_month_is_summed_up_by_both_calendars_and_as_a_file(
    shop: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    made = await complaint_of(shop)
    came = addis_date(at=datetime.fromisoformat(made["received_at"]))
    supervisor = await agent_of(http=http, databases=databases, role=Role.SUPERVISOR)
    path = "/v1/support/complaints/summary"
    told = (await supervisor.get(path, month=f"{came:%Y-%m}")).json()
    assert told["by_category"]["collection"]["received"] >= 1
    assert told["by_language"]["am"]["open"] == told["all"]["open"]
    ethiopian = str(to_ethiopian(on=came))[:7]
    file = await supervisor.get(path, ethiopian_month=ethiopian, format="csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert file.text.startswith("calendar,month,group,name,received,reopened,answered_in_time,")
    neither = await supervisor.get(path)
    assert (neither.status_code, neither.json()["code"]) == (422, "month_ambiguous")
    listed = await supervisor.get("/v1/support/complaints", plan=made["plan"])
    assert [each["tracking_number"] for each in listed.json()["complaints"]] == [
        made["tracking_number"]
    ]
