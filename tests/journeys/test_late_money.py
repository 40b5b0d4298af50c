"""A debit of which nobody tells, and a second one that pays: the first is the customer's."""

import asyncio
import secrets
from datetime import datetime
from typing import Any

from db.auth.staff import issue_staff_key
from db.payments.views import lines_of_day
from meqenet.auth.keys import new_staff_key
from meqenet.auth.roles import Role
from meqenet.calendar import addis_date
from meqenet.identity import attempt_id, derived_id, installment_id
from tests.journeys import evidence
from tests.journeys.conftest import Town
from tests.journeys.test_verify import run_verify
from tests.waiting import eventually
from workers.reconciling import reconcile_day

DUE_DAYS = 14
WHY = {"why": "the customer paid twice"}


async def test_a_late_success_after_a_newer_one_is_credit_and_goes_back(town: Town) -> None:
    customer = await town.customer(provider="mpesa")
    clock = await town.clock()
    plan_id = await town.active(customer, town.purchase(customer, "pay_in_4", clock=clock))
    order = attempt_id(installment_id=installment_id(plan_id=plan_id, number=2), number=1)
    await _hide(town, order, phone=customer.phone)
    due = asyncio.create_task(town.days_pass(clock, days=DUE_DAYS))
    await eventually(lambda: _states(town, plan_id), lambda found: found[-1:] == ["unknown"])
    (dropped,) = [row for row in await _callbacks(town, plan_id) if row["reference"] == order]
    await _call_back(town, dropped["url"], _never_reached(order))
    await due
    (await town.http.delete(f"{town.controls['mpesa']}/next")).raise_for_status()
    assert (await _states(town, plan_id))[1:] == ["failed"]

    agent = await _staff(town, Role.SUPERVISOR)
    await _done(town, agent, f"/v1/support/plans/{plan_id}/installments/2/retry")
    await town.shop.until(plan_id, lambda found: found["schedule"][1]["state"] == "paid")
    assert await town.wallet(customer, "mpesa") == "57000.00"
    await _call_back(town, dropped["url"], dropped["body"])
    plan = await town.shop.until(plan_id, lambda found: bool(found["credits"]))
    (credit,) = plan["credits"]
    assert (credit["amount"], credit["provider"], credit["state"]) == ("1000.00", "mpesa", "held")
    await _call_back(town, dropped["url"], dropped["body"])
    await _line_matches(town, order, customer_at=dropped["at"])

    path = f"/v1/support/plans/{plan_id}/credits/i02-a1/return"
    found = await asyncio.gather(*(_post(town, agent, path) for _ in range(2)))
    assert sorted(answer.status_code for answer in found) == [200, 409]
    plan = await town.shop.until(plan_id, lambda at: at["credits"][0]["state"] == "returned")
    assert await town.wallet(customer, "mpesa") == "58000.00"
    again = (await _post(town, agent, path)).json()["code"]
    assert again in ("return_under_way", "credit_returned")

    await town.days_pass(clock, days=30)
    await town.shop.until(plan_id, lambda at: at["state"] == "completed")
    # In the ledger the refund is posted a moment after the wallet has it.
    await eventually(lambda: evidence.left_in_the_books(town, plan_id), lambda left: left == {})
    code, report, told = await run_verify(town, "--plan", plan_id)
    assert (code, told, report["first_bad"]) == (0, "", None)


async def _hide(town: Town, order: str, *, phone: str) -> None:
    """The debit is made, and neither its answer, nor its callback, nor a question tells of it."""
    for outcome in ("timeout_after_commit", "drop_callback"):
        await town.fault("mpesa", operation="stk_push", outcome=outcome, subject=phone)
    await town.fault(
        "mpesa", operation="status", outcome="refuse", code="400", subject=order, times=10_000
    )


def _never_reached(order: str) -> str:
    """What somebody who is not M-PESA may call back: nothing proves a failure, and it counts."""
    return (
        '{"Envelope": {"Body": {"stkCallback": {"MerchantRequestID": "' + order + '", '
        '"CheckoutRequestID": "ws_CO_1", "ResultCode": 1037, "ResultDesc": "unreachable"}}}}'
    )


async def _line_matches(town: Town, order: str, *, customer_at: str) -> None:
    day = addis_date(at=datetime.fromisoformat(customer_at))
    await reconcile_day(
        client=town.temporal, provider="mpesa", day=day, kept=None, pending_hours_max=36
    )
    async with town.store("payments").read() as session:
        lines = await lines_of_day(session=session, provider="mpesa", day=day)
    assert [line.verdict for line in lines if line.order_id == order] == ["matched"]


async def _states(town: Town, plan_id: str) -> list[str]:
    return [each.state.value for each in await evidence.attempts(town, plan_id)]


async def _callbacks(town: Town, plan_id: str) -> list[dict[str, Any]]:
    return await evidence.callbacks_of(town, provider="mpesa", plan_id=plan_id)


async def _call_back(town: Town, url: str, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    (await town.http.post(url, content=body, headers=headers)).raise_for_status()


async def _staff(town: Town, role: Role) -> str:
    """The key of somebody with that role."""
    handle = f"agent-{town.unique}"
    key = new_staff_key(randomness=secrets.token_bytes)
    async with town.store("auth").write() as session:
        await issue_staff_key(
            session=session,
            staff_id=derived_id(prefix="stf", parts=(handle,)),
            handle=handle,
            role=role,
            key_id=key.key_id,
            secret_hash=key.secret_hash,
            at=datetime.fromisoformat("2026-11-01T00:00:00+00:00"),
        )
    return key.text


async def _post(town: Town, key: str, path: str) -> Any:  # noqa: ANN401 - an answer of httpx
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": secrets.token_hex(8)}
    return await town.http.post(f"{town.shop.api_url}{path}", json=WHY, headers=headers)


async def _done(town: Town, key: str, path: str) -> None:
    answer = await _post(town, key, path)
    assert answer.status_code == 200, answer.text
