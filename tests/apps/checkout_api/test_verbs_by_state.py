"""Every verb in every state: done where ``docs/verbs.md`` says yes, else refused as it says."""

import httpx

from meqenet.auth.roles import Role
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import FailedPlan, agent_of, applied_plan, failed_plan
from tests.apps.checkout_api.test_interest_payments import require_that_books_agree
from tests.apps.checkout_api.verbs import PAGE, VERBS, Life, lets, refuses
from tests.backing import Databases
from tests.waiting import eventually

_COMPLAINT = {"complaint"}
_REFUNDS = {"refund", "refund preview"}
_DISPUTES = {"dispute", "staff: dispute"}
_REPLAYS = {
    "staff: replay preview",
    "staff: date payment back",
    "staff: repeated payment",
    "staff: reverse payment",
}
_VOIDS = {"void", "void preview", "staff: void"}
_OF_DISPUTE = set(PAGE["none"])


async def _life(plan: FailedPlan, databases: Databases) -> Life:
    boss = await agent_of(http=plan.shop.http, databases=databases, role=Role.SUPERVISOR)
    return Life(plan=plan, boss=boss, databases=databases)


async def _ended(life: Life) -> None:
    """Its process has ended as well."""

    async def code() -> str:
        return str((await VERBS["refund"](life)).json()["code"])

    await eventually(code, lambda found: found == "plan_closed")


async def _disputed_and_withdrawn(life: Life) -> None:
    """By the merchant for its customer, and by staff."""
    for verb in ("dispute", "staff: dispute"):
        await lets(life, verb)
        await lets(life, "withdraw")
        await life.over()


async def test_before_a_plan_is_in_force_it_is_complained_about_alone(
    shop: Shop, databases: Databases
) -> None:
    life = await _life(await applied_plan(shop), databases)
    assert await refuses(life, "none") == set()
    assert await refuses(life, "identity_required") == _COMPLAINT
    await lets(life, "complaint")
    await life.plan.log_in()
    await eventually(life.plan.state, lambda found: found == "offered")
    assert await refuses(life, "offered") == _COMPLAINT
    await lets(life, "complaint")
    cancelled = await shop.post(f"{life.path}/cancel", {"reason": "changed"})
    assert cancelled.json()["state"] == "cancelled", cancelled.text
    await _ended(life)
    assert await refuses(life, "cancelled") == _COMPLAINT
    await lets(life, "complaint")


async def test_what_was_declined_stays_as_it_is(shop: Shop, databases: Databases) -> None:
    minor = await _life(await applied_plan(shop, birthdate="2015-05-14"), databases)
    await minor.plan.log_in()
    await eventually(minor.plan.state, lambda found: found == "declined")
    await _ended(minor)
    assert await refuses(minor, "declined") == _COMPLAINT
    await lets(minor, "complaint")


async def test_what_has_expired_stays_as_it_is(shop: Shop, databases: Databases) -> None:
    late = await _life(await applied_plan(shop), databases)
    await late.plan.days_pass(2)
    await eventually(late.plan.state, lambda found: found == "expired")
    await _ended(late)
    assert await refuses(late, "expired") == _COMPLAINT
    await lets(late, "complaint")


async def test_an_active_plan_is_disputed_and_completed(shop: Shop, databases: Databases) -> None:
    # Shortly before it is due: what it lives through with complaints is lived by each of them too.
    life = await _life(await failed_plan(shop, days=26, balance="5000.00"), databases)
    await life.pay_twice()
    allowed = await refuses(life, "active")
    assert allowed == _COMPLAINT | _REFUNDS | _DISPUTES | _REPLAYS
    await lets(life, "complaint", "staff: replay preview", "staff: date payment back")
    await lets(life, "staff: repeated payment", "staff: reverse payment")
    await lets(life, "refund preview", "refund", "dispute")

    assert await refuses(life, "in dispute") == _COMPLAINT | _REFUNDS
    await lets(life, "complaint", "refund preview", "refund")
    await _through_the_stages(life)
    await require_that_books_agree(databases, plan_id=life.plan.plan_id)

    await life.plan.days_pass(2)
    await life.pay_twice()
    await life.plan.days_pass(15)
    assert await life.plan.state() == "completed"
    allowed = await refuses(life, "completed")
    assert allowed == _COMPLAINT | _REFUNDS | _DISPUTES | _REPLAYS
    await lets(life, "complaint", "refund preview")
    await _disputed_and_withdrawn(life)
    await lets(life, "staff: replay preview", "staff: date payment back")
    # Goods that go back after the end are taken back of the plan below.
    await lets(life, "refund", "staff: reverse payment", seen=True)
    await lets(life, "staff: repeated payment")
    await eventually(life.plan.state, lambda found: found == "past_due")
    await _disputed_and_withdrawn(life)
    await require_that_books_agree(databases, plan_id=life.plan.plan_id)


async def _through_the_stages(life: Life) -> None:
    """The dispute that is open, and three more: each is ended in another way.

    One that is withdrawn before it is answered ends in each of ``_disputed_and_withdrawn``.
    """
    allowed = await refuses(life, "merchant_response")
    assert allowed == _OF_DISPUTE - {"decide"}
    await lets(life, "evidence", "staff: evidence", "answer")
    assert await refuses(life, "review") == _OF_DISPUTE - {"answer"}
    await lets(life, "evidence", "staff: evidence", "decide")
    await _is_decided(life)
    for ends in ("withdraw", "accept"):
        await lets(life, "staff: dispute", "answer", ends)
        await _is_decided(life)
    await lets(life, "dispute", "accept")
    await life.over()


async def _is_decided(life: Life) -> None:
    await life.over()
    life.dispute -= 1
    assert await refuses(life, "decided") == set()
    life.dispute += 1


async def test_a_late_plan_is_given_up(
    shop: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    life = await _life(await failed_plan(shop, days=31), databases)
    await life.plan.customer.set_balance(provider="mpesa", amount="200.00")
    await life.pay_twice()
    assert await life.plan.state() == "past_due"
    allowed = await refuses(life, "past_due")
    assert allowed == _COMPLAINT | _REFUNDS | _DISPUTES | _REPLAYS
    await lets(life, "complaint", "staff: replay preview", "staff: date payment back")
    await lets(life, "staff: repeated payment", "staff: reverse payment")
    await lets(life, "refund preview", "refund")
    # It is disputed in the test above: here each wait would put off what is overdue.
    finance = await agent_of(http=http, databases=databases, role=Role.FINANCE)
    path = life.plan.path

    async def given_up() -> int:
        told = {"why": "has left", "early": True}
        return (await finance.post(f"{path}/charge-off", told)).status_code

    # Once the attempt has ended that is made as its time comes.
    await eventually(given_up, lambda status: status == 200)
    assert await refuses(life, "charged off") == _COMPLAINT
    await lets(life, "complaint")
    written_off = await finance.post(f"{path}/write-off", {"why": "has left"})
    assert written_off.status_code == 200, written_off.text
    await _ended(life)
    assert await refuses(life, "written_off") == _COMPLAINT
    await lets(life, "complaint")
    await require_that_books_agree(databases, plan_id=life.plan.plan_id)


async def test_an_order_is_authorised_captured_in_part_and_its_time_is_over(
    shop: Shop, databases: Databases
) -> None:
    plan = await failed_plan(
        shop, days=23, balance="9000.00", option="pay_in_4", amount="4000.00", capture="manual"
    )
    life = await _life(plan, databases)
    await life.pay_twice()
    assert await refuses(life, "authorised") == _COMPLAINT | _VOIDS | _REPLAYS | {"capture"}
    await lets(life, "complaint", "void preview", "staff: replay preview")
    await lets(life, "staff: date payment back", "staff: repeated payment")
    await lets(life, "staff: reverse payment", "void", "staff: void", "capture")
    more = await shop.post(f"{life.path}/captures", {"reference": "parcel", "amount": "3500.00"})
    assert more.status_code == 200, more.text

    await plan.days_pass(2)
    await life.pay_twice()
    allowed = await refuses(life, "partially captured")
    assert allowed == _COMPLAINT | _VOIDS | _REFUNDS | _DISPUTES | _REPLAYS | {"capture"}
    await lets(life, "complaint", "void preview", "staff: replay preview")
    await lets(life, "staff: date payment back", "staff: repeated payment")
    await lets(life, "staff: reverse payment", "refund preview", "refund")
    await _disputed_and_withdrawn(life)
    await lets(life, "void", "staff: void", "capture")
    await require_that_books_agree(databases, plan_id=life.plan.plan_id)

    await plan.days_pass(6)
    await life.pay_twice()
    allowed = await refuses(life, "time is over")
    assert allowed == _COMPLAINT | _REFUNDS | _DISPUTES | _REPLAYS
    await lets(life, "complaint", "refund preview", "staff: replay preview")
    # Each of these has been done above; done here, the plan would not end as it does.
    seen = ("refund", "staff: repeated payment", "staff: reverse payment")
    await lets(life, *seen, "staff: date payment back", seen=True)
    await _disputed_and_withdrawn(life)
    await plan.days_pass(18)
    assert await plan.state() == "completed"
    allowed = await refuses(life, "completed after")
    assert allowed == _COMPLAINT | _REFUNDS | _DISPUTES | _REPLAYS
    await lets(life, "complaint", "refund preview", "staff: replay preview")
    await lets(life, "staff: repeated payment", "staff: reverse payment", seen=True)
    await lets(life, "staff: date payment back")
    await _disputed_and_withdrawn(life)
    await lets(life, "refund")
    await require_that_books_agree(databases, plan_id=plan.plan_id)
