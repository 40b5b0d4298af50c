"""Disputes over HTTP, on real stores: installments wait, money waits, and all books agree."""

import secrets
from typing import Any

import httpx

from apps.checkout_api.request_edge import BODY_BYTES_MAX
from db.ledger.views import balance
from meqenet.auth.roles import Role
from meqenet.disputes.evidence import FILE_BYTES_MAX
from meqenet.ledger.as_of import AsOf
from meqenet.money import Money
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import Agent, agent_of, failed_plan
from tests.apps.checkout_api.test_interest_payments import require_that_books_agree
from tests.apps.checkout_api.test_plans import read
from tests.backing import Databases
from tests.waiting import eventually

_PNG = b"\x89PNG\r\n\x1a\n" + b"what the customer has seen"
_PDF = b"%PDF-1.7 signed for at the door"


async def bring(
    who: Shop | Agent, path: str, content: bytes, *, key: str | None = None
) -> httpx.Response:
    token = who.api_key if isinstance(who, Shop) else who.key
    headers = {
        "Authorization": f"Bearer {token}",
        "Idempotency-Key": key or secrets.token_hex(8),
        "Content-Type": "application/octet-stream",
    }
    return await who.http.post(path, content=content, headers=headers)


async def in_books(databases: Databases, code: str) -> str:
    async with databases["ledger"].read() as session:
        found: Money = await balance(session=session, prefix=code, as_of=AsOf())
    return str(found)


async def settled(shop: Shop, path: str) -> dict[str, Any]:
    async def dispute() -> dict[str, Any]:
        found: dict[str, Any] = (await shop.get(path)).json()
        return found

    return await eventually(dispute, lambda found: found["settled_at"] is not None)


def _refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def _rows(plan: dict[str, Any]) -> list[tuple[str, str, str, str | None]]:
    return [
        (row["due_on"]["gregorian"], row["owed"], row["state"], row["in_dispute"])
        for row in plan["schedule"]
    ]


async def test_a_merchant_that_does_not_answer_has_lost_and_the_customer_is_made_whole(
    shop: Shop, databases: Databases
) -> None:
    plan = await failed_plan(shop, days=3, balance="5000.00", option="pay_in_4", amount="4000.00")
    path = f"/v1/plans/{plan.plan_id}/disputes"
    before = await read(shop, plan.plan_id)
    asked = {"kind": "not_received", "amount": "1500.00"}
    made = await shop.post(path, asked, key="open-1")
    assert made.status_code == 201, made.text
    dispute = made.json()
    assert (dispute["stage"], dispute["amount"]) == ("merchant_response", "1500.00")
    assert (await shop.post(path, asked, key="open-1")).json()["id"] == dispute["id"]
    second = await shop.post(path, {"kind": "duplicate", "amount": "1.00"})
    assert _refusal(second) == (409, "dispute_under_way")
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    # The last two installments would pay the part: both wait, whole.
    waiting = _rows(await read(shop, plan.plan_id))
    assert [row[3] for row in waiting] == [None, None, dispute["id"], dispute["id"]]
    refund = f"/v1/plans/{plan.plan_id}/refunds"
    too_much = await shop.post(refund, {"reference": "r-1", "amount": "2500.01"})
    assert _refusal(too_much) == (422, "refund_above_order")
    reserved = await shop.post(refund, {"reference": dispute["id"], "amount": "1.00"})
    assert _refusal(reserved) == (422, "refund_reference_reserved")

    await plan.days_pass(40)
    over = await settled(shop, f"{path}/1")
    assert (over["outcome"], over["moves"][-1]["move"]) == ("expired", "deadline_passes")
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    refunds = (await shop.get(refund)).json()["refunds"]
    assert [(each["reference"], each["amount"]) for each in refunds] == [(dispute["id"], "1500.00")]
    assert await in_books(databases, f"merchant_disputed:{plan.plan_id}") == "0.00"
    await plan.days_pass(40)
    after = await read(shop, plan.plan_id)
    assert after["state"] == "completed", _rows(after)
    assert before["state"] == "active"
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    late = await shop.post(f"{path}/1/accept", {})
    assert _refusal(late) == (409, "dispute_closed")


async def test_a_dispute_is_lost_after_two_installments_and_what_waited_is_due_again(
    shop: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    plan = await failed_plan(shop, days=20, balance="9000.00", option="pay_in_4", amount="4000.00")
    path = f"/v1/plans/{plan.plan_id}/disputes"
    before = await read(shop, plan.plan_id)
    assert [row["state"] for row in before["schedule"]] == ["paid", "paid", *["scheduled"] * 2]
    agent = await agent_of(http=http, databases=databases, role=Role.SUPPORT)
    boss = await agent_of(http=http, databases=databases, role=Role.SUPERVISOR)
    support = f"{plan.path}/disputes"
    made = await agent.post(support, {"kind": "not_as_described"})
    assert made.status_code == 201, made.text
    assert made.json()["amount"] == "4000.00"
    shown = await _brought(shop, agent, path=path, support=support)
    early = await boss.post(f"{support}/1/decide", {"outcome": "lost", "why": "as it seems"})
    assert _refusal(early) == (409, "dispute_move_impossible")
    answered = await shop.post(f"{path}/1/answer", {})
    assert answered.json()["stage"] == "review", answered.text
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    await plan.days_pass(45)
    # Late is an alarm, and decides nothing; and nothing was collected meanwhile.
    late = (await boss.get(f"{support}/1")).json()
    assert (late["stage"], late["late_since"] is not None) == ("review", True)
    assert shown == [each["sha256"] for each in late["evidence"]]
    waited = await read(shop, plan.plan_id)
    assert (waited["state"], [row["late_fee"] for row in waited["schedule"]]) == (
        "active",
        ["0.00"] * 4,
    )
    unable = await agent.post(f"{support}/1/decide", {"outcome": "lost", "why": "signed for it"})
    assert _refusal(unable) == (403, "role_not_allowed")
    decided = await boss.post(f"{support}/1/decide", {"outcome": "lost", "why": "signed for it"})
    assert decided.status_code == 200, decided.text
    over = await settled(shop, f"{path}/1")
    assert over["outcome"] == "lost"
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    again = await read(shop, plan.plan_id)
    dates = [row["due_on"]["gregorian"] for row in again["schedule"]]
    assert dates[3] > dates[2] > before["schedule"][3]["due_on"]["gregorian"]
    assert [row["in_dispute"] for row in again["schedule"]] == [None] * 4
    await plan.days_pass(35)
    end = await read(shop, plan.plan_id)
    assert (end["state"], end["merchant_paid"]) == ("completed", True)
    assert await in_books(databases, f"merchant_disputed:{plan.plan_id}") == "0.00"
    await require_that_books_agree(databases, plan_id=plan.plan_id)


async def _brought(shop: Shop, agent: Agent, *, path: str, support: str) -> list[str]:
    """Each side adds a file; who may read which."""
    theirs = await bring(agent, f"{support}/1/evidence", _PNG)
    assert (theirs.status_code, theirs.json()["content_type"]) == (201, "image/png"), theirs.text
    ours = await bring(shop, f"{path}/1/evidence", _PDF)
    again = await bring(shop, f"{path}/1/evidence", _PDF)
    assert again.json()["number"] == ours.json()["number"] == 2
    assert _refusal(await bring(shop, f"{path}/1/evidence", b"MZ\x00\x01")) == (
        422,
        "evidence_type_unknown",
    )
    assert _refusal(await bring(shop, f"{path}/1/evidence", b"")) == (422, "evidence_empty")
    large = await bring(shop, f"{path}/1/evidence", _PDF + bytes(FILE_BYTES_MAX))
    assert _refusal(large) == (422, "evidence_too_large")
    larger = await bring(shop, f"{path}/1/evidence", bytes(FILE_BYTES_MAX + BODY_BYTES_MAX + 1))
    assert _refusal(larger) == (413, "request_too_large")
    found = await shop.get(f"{path}/1/evidence/2")
    assert (found.content, found.headers["content-type"]) == (_PDF, "application/pdf")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert _refusal(await shop.get(f"{path}/1/evidence/1")) == (403, "evidence_of_other_side")
    assert _refusal(await shop.get(f"{path}/1/evidence/3")) == (404, "evidence_unknown")
    assert (await agent.get(f"{support}/1/evidence/1")).content == _PNG
    listed = (await shop.get(f"{path}/1/evidence")).json()["evidence"]
    return [each["sha256"] for each in listed]


async def test_what_was_late_is_collected_on_its_new_day_whatever_had_failed_before(
    shop: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    plan = await failed_plan(shop, days=33)
    path = f"/v1/plans/{plan.plan_id}/disputes"
    assert (await shop.post(path, {"kind": "not_received"})).status_code == 201
    agent = await agent_of(http=http, databases=databases, role=Role.SUPPORT)
    withdrawn = await agent.post(f"{plan.path}/disputes/1/withdraw", {"why": "it has come"})
    assert withdrawn.status_code == 200, withdrawn.text
    await settled(shop, f"{path}/1")
    assert [row["state"] for row in (await read(shop, plan.plan_id))["schedule"]] == ["scheduled"]
    await plan.top_up()
    await plan.days_pass(15)
    assert (await read(shop, plan.plan_id))["state"] == "completed"
    await require_that_books_agree(databases, plan_id=plan.plan_id)


async def test_what_never_came_into_force_is_not_disputed_nor_what_is_anothers(
    shop: Shop, keyholder: Shop
) -> None:
    applied = await shop.post("/v1/plans", shop.application())
    plan_id = applied.json()["id"]
    path = f"/v1/plans/{plan_id}/disputes"
    asked = {"kind": "not_received"}
    assert _refusal(await shop.post(path, asked)) == (409, "plan_not_in_force")
    for address in (path, f"{path}/1", f"{path}/1/evidence", f"{path}/1/evidence/1"):
        assert _refusal(await keyholder.get(address)) == (404, "plan_unknown")
    assert _refusal(await keyholder.post(path, asked)) == (404, "plan_unknown")
    assert _refusal(await shop.get(f"{path}/1")) == (404, "dispute_unknown")
    wrong = await shop.post(path, {"kind": "not_liked"})
    assert wrong.status_code == 422
    cancelled = await shop.post(f"/v1/plans/{plan_id}/cancel", {"reason": "changed"})
    assert cancelled.json()["state"] == "cancelled", cancelled.text

    async def refused() -> tuple[int, str]:
        return _refusal(await shop.post(path, asked))

    # Its process ends once the order is closed.
    await eventually(refused, lambda found: found == (409, "plan_closed"))
