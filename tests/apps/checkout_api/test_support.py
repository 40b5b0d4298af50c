"""What staff see and do over HTTP: by role, once, recorded, and never charging twice."""

import asyncio
import secrets
from typing import Any, Final

import httpx
import pytest

from db.auth.staff import revoke_staff_keys
from db.bnpl.views import events_of
from meqenet.auth.roles import Role
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import WHY, Agent, FailedPlan, agent_of, failed_plan
from tests.backing import Databases
from tests.waiting import eventually
from workers.opening import utc_now

UNKNOWN = "/v1/support/plans/pln_" + "a" * 20
FAILED_THEN: Final = {
    "cause": "no_funds",
    "provider": "mpesa",
    "from": "2026-12-30T00:00:00Z",
    "to": "2027-01-01T00:00:00Z",
}


async def test_a_failed_installment_is_listed_retried_under_a_key_then_by_two_and_debited_once(
    shop: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    plan = await failed_plan(shop)
    first, second, supervisor = [
        await agent_of(http=http, databases=databases, role=role)
        for role in (Role.SUPPORT, Role.SUPPORT, Role.SUPERVISOR)
    ]
    seen = await first.plan(plan.plan_id)
    (row,) = seen["installments"]
    assert row["attempts"][0]["failure"]["cause"] == "no_funds"
    assert "top it up" in row["attempts"][0]["failure"]["english"]
    assert row["attempts"][0]["failure"]["amharic"]
    assert plan.customer.phone not in str(seen)
    (listed,) = await _failed(supervisor, plan)
    assert (listed["number"], listed["amount"]) == (1, "1000.00")
    assert listed["attempt"] == f"{plan.plan_id}-i01-a1"
    await _refused_then_retried_once_under_its_key(plan, first, databases)
    await plan.top_up()
    path = f"{plan.path}/installments/1/retry"
    answers = await asyncio.gather(first.post(path), second.post(path))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["code"] in ("retry_asked_already", "attempt_under_way")
    await eventually(lambda: _failed(supervisor, plan), lambda rows: rows == [])
    done = await eventually(
        lambda: first.plan(plan.plan_id), lambda found: found["state"] == "completed"
    )
    assert [each["state"] for each in done["installments"][0]["attempts"]] == [
        "failed",
        "failed",
        "succeeded",
    ]
    assert [row["amount"] for row in await plan.debits()] == ["1000.00"]
    async with databases["bnpl"].read() as session:
        log = await events_of(session=session, plan_id=plan.plan_id)
    asked = [e.content.data for e in log if e.content.event_type == "installment_retry_asked"]
    assert [each["why"] for each in asked] == [WHY["why"]] * 2
    assert asked[0]["by"] == first.staff_id
    assert asked[1]["by"] in (first.staff_id, second.staff_id)


async def _refused_then_retried_once_under_its_key(
    plan: FailedPlan, agent: Agent, databases: Databases
) -> None:
    """Not while the customer is unreachable; then in vain, for the wallet is empty."""
    path, key = f"{plan.path}/installments/1/retry", secrets.token_hex(8)
    private = await agent.post(path, {"why": "call 0911223344"})
    assert (private.status_code, private.json()["code"]) == (422, "reason_private")
    assert "0911223344" not in private.text
    money = await agent_of(http=agent.http, databases=databases, role=Role.FINANCE)
    payout = await money.post(f"{plan.path}/payout/retry")
    assert (payout.status_code, payout.json()["code"]) == (409, "payout_not_refused")
    late = await agent.post(f"{plan.path}/unreachable", {"why": "away", "until": "2027-12-31"})
    assert (late.status_code, late.json()["field"]) == (422, "until")
    assert "2027-01-14" in late.json()["detail"]
    marked = await agent.post(f"{plan.path}/unreachable", {"why": "away", "until": "2027-01-08"})
    assert marked.json()["hold"]["reason"] == "unreachable"
    refused = await agent.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "customer_unreachable")
    found = {deed["deed"]: deed for deed in (await agent.plan(plan.plan_id))["deeds"]}
    assert found["retry_installment"]["code"] == "customer_unreachable"
    assert found["resume_collection"]["possible"]
    assert (await agent.post(f"{plan.path}/resume")).status_code == 200
    once = await agent.post(path, key=key)
    again = await agent.post(path, key=key)
    assert (once.status_code, again.status_code) == (200, 200), once.text
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == once.json()
    seen = await eventually(lambda: agent.plan(plan.plan_id), _has_failed_twice_and_may_be_retried)
    assert len(seen["installments"][0]["attempts"]) == 2


def _has_failed_twice_and_may_be_retried(seen: dict[str, Any]) -> bool:
    possible = {deed["deed"]: deed["possible"] for deed in seen["deeds"]}
    (row,) = seen["installments"]
    return row["failed_attempts"] == 2 and bool(possible["retry_installment"])


async def _failed(agent: Agent, plan: FailedPlan) -> list[dict[str, Any]]:
    answer = await agent.get("/v1/support/failed-installments", **FAILED_THEN)
    assert answer.status_code == 200, answer.text
    return [row for row in answer.json()["installments"] if row["plan"] == plan.plan_id]


async def test_a_time_without_a_zone_is_refused(
    http: httpx.AsyncClient, databases: Databases
) -> None:
    agent = await agent_of(http=http, databases=databases, role=Role.SUPERVISOR)
    query = {**FAILED_THEN, "to": "2027-01-01"}
    no_zone = await agent.get("/v1/support/failed-installments", **query)
    assert (no_zone.status_code, no_zone.json()["field"]) == (422, "to")


async def test_a_pause_holds_and_resuming_ends_it(
    shop: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    plan = await failed_plan(shop)
    agent = await agent_of(http=http, databases=databases, role=Role.SUPPORT)
    await plan.top_up()
    paused = await agent.post(f"{plan.path}/pause", {"why": "disputed", "until": "2027-01-20"})
    assert paused.status_code == 200, paused.text
    assert paused.json()["hold"] == {
        "reason": "paused",
        "until": {"gregorian": "2027-01-20", "ethiopian": "2019-05-12"},
    }
    one_of_many = await agent.post(
        f"{plan.path}/installments/1/retry", {"why": "outage over", "in_batch": True}
    )
    assert (one_of_many.status_code, one_of_many.json()["code"]) == (409, "collection_paused")
    await plan.days_pass(15)
    assert await plan.debits() == []
    resumed = await agent.post(f"{plan.path}/resume")
    assert (resumed.status_code, resumed.json()["hold"]) == (200, None)
    await plan.days_pass(2)
    found = await agent.plan(plan.plan_id)
    assert found["state"] == "completed"
    assert len(await plan.debits()) == 1


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.SUPPORT, {"", "/installments/1/retry", "/pause", "/resume", "/unreachable"}),
        (
            Role.SUPERVISOR,
            {
                "",
                "/installments/1/retry",
                "/pause",
                "/resume",
                "/unreachable",
                "/refund/retry",
                "/charge-off",
            },
        ),
        (
            Role.FINANCE,
            {"", "/refund/retry", "/payout/retry", "/charge-off", "early", "/write-off"},
        ),
        (Role.OPERATOR, {"", "/installments/1/retry", "/payout/retry"}),
    ],
)
async def test_a_role_is_held_to_what_it_may_do(
    http: httpx.AsyncClient, databases: Databases, role: Role, allowed: set[str]
) -> None:
    agent = await agent_of(http=http, databases=databases, role=role)
    found = {"" for answer in [await agent.get(UNKNOWN)] if answer.status_code == 404}
    deeds: dict[str, dict[str, object]] = {
        "/installments/1/retry": {**WHY},
        "/pause": {**WHY},
        "/resume": {**WHY},
        "/unreachable": {**WHY, "until": "2027-01-01"},
        "/refund/retry": {**WHY},
        "/payout/retry": {**WHY},
        "/charge-off": {**WHY},
        "early": {**WHY, "early": True},
        "/write-off": {**WHY},
    }
    for path, body in deeds.items():
        told = "/charge-off" if path == "early" else path
        answer = await agent.post(UNKNOWN + told, body)
        if answer.status_code == 404:
            found.add(path)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")
            assert "ask one of" in answer.json()["detail"]
    assert found == allowed


async def test_reports_are_for_finance(
    http: httpx.AsyncClient, databases: Databases, working: None
) -> None:
    del working
    finance = await agent_of(http=http, databases=databases, role=Role.FINANCE)
    report = await finance.get("/v1/support/reports/portfolio", at="2026-12-30")
    assert report.status_code == 200, report.text
    assert report.json()["as_of"]["ethiopian"] == "2019-04-21"
    assert isinstance(report.json()["outstanding"], str)
    nobody = await finance.get("/v1/support/reports/exposure/cus_" + "a" * 20)
    assert (nobody.status_code, nobody.json()["code"]) == (404, "customer_unknown")
    agent = await agent_of(http=http, databases=databases, role=Role.SUPPORT)
    refused = await agent.get("/v1/support/reports/portfolio")
    assert refused.status_code == 403
    backwards = await finance.get(
        "/v1/support/reports/portfolio", at="2026-12-01", since="2026-12-30"
    )
    assert (backwards.status_code, backwards.json()["field"]) == (422, "since")


async def test_who_has_no_staff_key_is_told_how_to_send_one(
    http: httpx.AsyncClient, databases: Databases, keyholder: Shop
) -> None:
    assert (await http.get(UNKNOWN)).json()["code"] == "staff_key_missing"
    merchants = await keyholder.get(UNKNOWN)
    assert (merchants.status_code, merchants.json()["code"]) == (401, "staff_key_invalid")
    agent = await agent_of(http=http, databases=databases, role=Role.SUPPORT)
    other = "b" if agent.key[30] != "b" else "c"
    forged = Agent(http=http, staff_id="", key=agent.key[:30] + other + agent.key[31:])
    assert (await forged.get(UNKNOWN)).json()["code"] == "staff_key_invalid"
    async with databases["auth"].write() as session:
        await revoke_staff_keys(session=session, staff_id=agent.staff_id, at=utc_now())
    assert (await agent.get(UNKNOWN)).json()["code"] == "staff_key_revoked"
    quotes = await agent.post("/v1/quotes", {"amount": "1000.00"})
    assert quotes.json()["code"] == "api_key_invalid"
