"""Plans from application to the end, each step once, and each merchant with its own."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from apps.checkout_api.app import create_app
from apps.checkout_api.applying import application_of, start_plan
from apps.checkout_api.authentication import Merchant
from apps.checkout_api.parts import ApiParts
from apps.checkout_api.plan_process import ProcessGone
from apps.checkout_api.wire import PlanRequest
from meqenet.identity import plan_id as plan_id_of
from tests.apps.checkout_api.conftest import Shop, with_key
from tests.backing import Databases
from workflows.messages import plan_workflow_id

ACCEPT = {"agreement_version": "2026-11"}


async def applied(shop: Shop, **changes: object) -> dict[str, Any]:
    answer = await shop.post("/v1/plans", shop.application(**changes))
    assert answer.status_code == 201, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


async def offered(shop: Shop, **changes: object) -> dict[str, Any]:
    plan = await applied(shop, **changes)
    await shop.customer().log_in(plan["next_action"])
    return await read(shop, plan["id"])


async def read(shop: Shop, plan_id: str) -> dict[str, Any]:
    answer = await shop.get(f"/v1/plans/{plan_id}")
    assert answer.status_code == 200, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


async def test_a_plan_from_application_to_activation(shop: Shop) -> None:
    plan = await applied(shop)
    assert plan["id"] == plan_id_of(merchant_id=shop.merchant_id, reference=f"order-{shop.unique}")
    assert (plan["state"], plan["amount"], plan["schedule"]) == (
        "identity_required",
        "1000.00",
        [],
    )
    assert plan["next_action"]["kind"] == "visit"
    assert plan["next_action"]["url"].startswith("http")
    await shop.customer().log_in(plan["next_action"])
    plan = await read(shop, plan["id"])
    assert (plan["state"], plan["next_action"]["kind"]) == ("offered", "accept_offer")
    assert plan["offer"]["total_payable"] == "1000.00"
    assert plan["offer"]["effective_apr_percent"] == "0.00"
    (row,) = plan["schedule"]
    assert (row["amount"], row["state"]) == ("1000.00", "scheduled")
    assert set(row["due_on"]) == {"gregorian", "ethiopian"}
    accepted = await shop.post(f"/v1/plans/{plan['id']}/accept", ACCEPT)
    assert accepted.status_code == 200
    plan = accepted.json()
    assert (plan["state"], plan["next_action"]) == ("active", None)
    assert plan["activated_on"]["gregorian"]


async def test_the_same_application_again_is_the_same_plan_and_no_private_word_comes_back(
    shop: Shop,
) -> None:
    application = shop.application()
    answer = await shop.post("/v1/plans", application)
    plan, phone = answer.json(), application["wallet"]["phone"][1:]
    assert phone not in answer.text
    assert application["customer"]["fayda_number"] not in answer.text

    spelled = shop.application()
    spelled["wallet"]["phone"] = "+251 " + spelled["wallet"]["phone"][1:]
    spelled["amount"] = "1000"
    for body in (shop.application(), spelled):
        again = await shop.post("/v1/plans", body)
        assert (again.status_code, again.json()["id"]) == (200, plan["id"])

    other = await shop.post("/v1/plans", shop.application(amount="2000.00"))
    problem = other.json()
    assert (other.status_code, problem["code"], problem["field"]) == (
        409,
        "reference_reused",
        "reference",
    )


async def test_two_checkouts_of_one_order_at_once_are_one_plan(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.post("/v1/plans", shop.application()) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_refused_application_names_the_field_and_leaves_the_reference_free(
    shop: Shop,
) -> None:
    answer = await shop.post("/v1/plans", shop.application(amount="1.00"))
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422,
        "amount_below_minimum",
        "amount",
    )
    await applied(shop)


async def test_a_merchant_sees_its_own_plans_only_and_none_is_accepted_without_an_offer(
    shop: Shop, databases: Databases, unique: str
) -> None:
    plan = await applied(shop)
    other = await with_key(http=shop.http, databases=databases, unique=f"{unique}0")
    path = f"/v1/plans/{plan['id']}"
    for answer in (
        await other.get(path),
        await other.post(f"{path}/accept", ACCEPT),
        await other.post(f"{path}/cancel", {"reason": "none of mine"}),
        await shop.get(f"/v1/plans/pln_{'a' * 20}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "plan_unknown")
    answer = await shop.post(f"{path}/accept", ACCEPT)
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_not_offered")


async def test_accepting_twice_under_one_key_is_accepting_once(shop: Shop) -> None:
    plan = await offered(shop)
    path = f"/v1/plans/{plan['id']}/accept"
    answers = await asyncio.gather(*(shop.post(path, ACCEPT, key="k") for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    other = await shop.post(path, ACCEPT)
    assert (other.status_code, other.json()["code"]) == (409, "plan_not_offered")


async def test_a_cancelled_plan_stays_cancelled(shop: Shop, parts: ApiParts) -> None:
    plan = await offered(shop)
    path = f"/v1/plans/{plan['id']}"
    first = await shop.post(f"{path}/cancel", {"reason": "changed their mind"})
    assert (first.status_code, first.json()["state"]) == (200, "cancelled")
    await parts.temporal.get_workflow_handle(plan_workflow_id(plan_id=plan["id"])).result()
    again = await shop.post(f"{path}/cancel", {"reason": "changed their mind"})
    assert (again.status_code, again.json()["state"]) == (200, "cancelled")
    answer = await shop.post(f"{path}/accept", ACCEPT)
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_closed")
    same = await shop.post("/v1/plans", shop.application())
    assert (same.status_code, same.json()["state"]) == (200, "cancelled")
    assert same.json()["order"]["status"] == "cancelled"
    said = await shop.post("/v1/plans", shop.application(capture="automatic"))
    assert said.status_code == 200, "what is so by default is no other application"
    for change in ({"amount": "2000.00"}, {"capture": "manual"}):
        changed = await shop.post("/v1/plans", shop.application(**change))
        assert (changed.status_code, changed.json()["code"]) == (409, "reference_reused")


async def test_an_active_plan_cannot_be_cancelled(shop: Shop) -> None:
    plan = await offered(shop)
    await shop.post(f"/v1/plans/{plan['id']}/accept", ACCEPT)
    answer = await shop.post(f"/v1/plans/{plan['id']}/cancel", {"reason": "too late"})
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_not_cancellable")


async def test_a_plan_whose_process_is_lost_is_still_shown(shop: Shop, parts: ApiParts) -> None:
    plan = await offered(shop)
    handle = parts.temporal.get_workflow_handle(plan_workflow_id(plan_id=plan["id"]))
    await handle.terminate("lost")
    assert (await read(shop, plan["id"]))["state"] == "offered"
    same = await shop.post("/v1/plans", shop.application())
    assert (same.status_code, same.json()["id"]) == (200, plan["id"])
    answer = await shop.post(f"/v1/plans/{plan['id']}/accept", ACCEPT)
    assert (answer.status_code, answer.json()["code"], answer.json()["mender"]) == (
        409,
        "plan_process_missing",
        "meqenet",
    )


async def test_an_answer_that_takes_too_long_is_202_and_not_the_last_word(
    shop: Shop, parts: ApiParts
) -> None:
    plan = await offered(shop)
    path = f"/v1/plans/{plan['id']}/accept"
    hasty = create_app(parts=replace(parts, answer_seconds_max=0))
    transport = httpx.ASGITransport(app=hasty)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        slow = await replace(shop, http=http).post(path, ACCEPT, key="k")
    assert (slow.status_code, slow.json()["id"]) == (202, plan["id"])
    again = await shop.post(path, ACCEPT, key="k")
    assert (again.status_code, again.json()["state"]) == (200, "active")


async def test_an_application_that_nobody_answers_may_be_sent_again(
    shop: Shop, parts: ApiParts
) -> None:
    hasty = create_app(parts=replace(parts, answer_seconds_max=0))
    transport = httpx.ASGITransport(app=hasty)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        slow = await replace(shop, http=http).post("/v1/plans", shop.application(), key="k")
    assert (slow.status_code, slow.json()["code"]) == (503, "plan_not_ready")
    again = await shop.post("/v1/plans", shop.application(), key="k")
    assert again.status_code == 201


async def test_a_process_that_has_ended_is_not_started_anew(shop: Shop, parts: ApiParts) -> None:
    body = PlanRequest.model_validate(shop.application())
    merchant = Merchant(merchant_id=shop.merchant_id, sandbox=True)
    application = application_of(body=body, merchant=merchant, parts=parts)
    plan = await applied(shop)
    await shop.post(f"/v1/plans/{plan['id']}/cancel", {"reason": "changed their mind"})
    await parts.temporal.get_workflow_handle(plan_workflow_id(plan_id=plan["id"])).result()
    with pytest.raises(ProcessGone):
        await start_plan(application=application, parts=parts)


@pytest.mark.parametrize("plan_id", ["1", "pln_UPPER", "pln_" + "a" * 21])
async def test_what_is_no_plan_id_is_told_so(shop: Shop, plan_id: str) -> None:
    answer = await shop.get(f"/v1/plans/{plan_id}")
    assert (answer.status_code, answer.json()["field"]) == (422, "plan_id")
