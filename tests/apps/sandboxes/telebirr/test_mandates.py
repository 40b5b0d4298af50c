"""The provider's own rules of mandates."""

import pytest

from meqenet.identity import contract_number
from meqenet.money import Money
from meqenet.payments.rail import MandateStatus, RailStatus
from tests.apps.sandboxes.telebirr.merchants import merchant_of
from tests.apps.sandboxes.telebirr.worlds import (
    PAYER,
    PIN,
    World,
    debit_of,
    fresh_order,
    fresh_plan,
)

SUBSCRIPTION = "131001"


def link_of(world: World, plan: str, *, template: str) -> str:
    link = world.client.mandate_link(contract_no=contract_number(plan_id=plan))
    return link.replace(world.settings.mandate_template_id, template)


async def sign(world: World, plan: str, *, template: str, **typed: str) -> tuple[int, object]:
    link = link_of(world, plan, template=template)
    body = {"link": link, "msisdn": PAYER, "pin": PIN, **typed}
    answer = await world.http.post(f"{world.place.control_url}/superapp/sign", json=body)
    return answer.status_code, answer.json()


async def test_one_customer_has_many_plans(world: World) -> None:
    for _ in range(3):
        await world.signed(fresh_plan())


async def test_a_subscription_can_be_held_once_at_a_time(own_world: World) -> None:
    first, second = fresh_plan(), fresh_plan()
    assert (await sign(own_world, first, template=SUBSCRIPTION))[0] == 200
    status, body = await sign(own_world, second, template=SUBSCRIPTION)
    assert (status, "3016" in str(body)) == (409, True)
    other = await sign(own_world, second, template=SUBSCRIPTION, msisdn="251900000007")
    assert other[0] == 200
    contract_no = contract_number(plan_id=first)
    await own_world.control("POST", f"/superapp/mandates/{contract_no}/cancel")
    assert (await sign(own_world, fresh_plan(), template=SUBSCRIPTION))[0] == 200


async def test_the_rule_of_a_template_can_be_changed(own_world: World) -> None:
    known = await own_world.control("GET", "/templates")
    terms = next(template for template in known if template["id"] == SUBSCRIPTION)
    terms["one_per_payer"] = False
    await own_world.control("PUT", f"/templates/{SUBSCRIPTION}", **terms)
    for _ in range(2):
        assert (await sign(own_world, fresh_plan(), template=SUBSCRIPTION))[0] == 200


async def test_a_monthly_mandate_is_debited_once_a_month(own_world: World) -> None:
    plan = fresh_plan()
    await sign(own_world, plan, template=SUBSCRIPTION)

    async def status(installment: int, amount: str = "250.00") -> tuple[RailStatus, str | None]:
        request = debit_of(plan, installment=installment, amount=amount)
        answer = await own_world.client.debit_mandate(request=request)
        return answer.status, answer.failure_code

    assert await status(2, amount="5000.01") == (RailStatus.FAILED, "4004")
    assert await status(3, amount="5000.00") == (RailStatus.SUCCEEDED, None)
    assert await status(4) == (RailStatus.FAILED, "4004")
    own_world.clock.move(days=8, hours=11)
    assert await status(5) == (RailStatus.FAILED, "4004"), "30 November, 23:00 in Addis Ababa"
    own_world.clock.move(hours=1)
    assert await status(6) == (RailStatus.SUCCEEDED, None), "1 December"


async def test_a_daily_mandate_is_debited_once_a_day(own_world: World) -> None:
    plan = fresh_plan()
    await sign(own_world, plan, template="131002")
    found = []
    for installment, hours in ((2, 0), (3, 11), (4, 1)):
        own_world.clock.move(hours=hours)
        request = debit_of(plan, installment=installment)
        found.append((await own_world.client.debit_mandate(request=request)).status)
    assert found == [RailStatus.SUCCEEDED, RailStatus.FAILED, RailStatus.SUCCEEDED]


async def test_a_refused_debit_does_not_use_up_the_month(own_world: World) -> None:
    plan = fresh_plan()
    await sign(own_world, plan, template=SUBSCRIPTION)
    await own_world.control("PUT", f"/wallets/{PAYER}/balance", amount="0.00")
    refused = await own_world.client.debit_mandate(request=debit_of(plan, installment=2))
    assert refused.failure_code == "4003"
    await own_world.control("PUT", f"/wallets/{PAYER}/balance", amount="250.00")
    paid = await own_world.client.debit_mandate(request=debit_of(plan, installment=3))
    assert paid.status is RailStatus.SUCCEEDED
    assert await own_world.balance() == Money.zero()


async def test_a_mandate_expires(own_world: World) -> None:
    plan = fresh_plan()
    contract_no = await own_world.signed(plan)
    own_world.clock.move(days=365 * 5 + 2)
    mandate = await own_world.client.query_mandate(contract_no=contract_no)
    assert mandate.status is MandateStatus.ENDED
    refused = await own_world.client.debit_mandate(request=debit_of(plan))
    assert refused.failure_code == "60330006"


async def test_a_contract_number_is_never_used_twice(own_world: World) -> None:
    plan = fresh_plan()
    first = await own_world.open(fresh_order(plan, attempt=1), plan=plan)
    second = await own_world.open(fresh_order(plan, attempt=2), plan=plan)
    assert (await own_world.pay(first))["result"] == "success"
    before = await own_world.balance()
    failed = await own_world.pay(second)
    assert (failed["result"], failed["code"]) == ("fail", "3016")
    assert await own_world.balance() == before


async def test_the_daily_limit_of_a_wallet(own_world: World) -> None:
    await own_world.control("PATCH", "/rules", daily_limit="500.00")
    await own_world.paid()
    await own_world.signed(plan := fresh_plan())
    assert (
        await own_world.client.debit_mandate(request=debit_of(plan, installment=2))
    ).status is RailStatus.SUCCEEDED
    over = await own_world.client.debit_mandate(
        request=debit_of(plan, installment=3, amount="0.01")
    )
    assert (over.status, over.failure_code) == (RailStatus.FAILED, "4004")
    own_world.clock.move(days=1)
    next_day = await own_world.client.debit_mandate(request=debit_of(plan, installment=4))
    assert next_day.status is RailStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"pin": "000000"}, "2002"),
        ({"msisdn": "251911999999"}, "2001"),
        ({"msisdn": "251700000000"}, "49401024995"),
        ({"link": "merchant://20000000016?x=1"}, "49401024995"),
        ({"link": "merchant://10000000016?mctShortCode=1&thirdAppId=1"}, "60200087"),
    ],
)
async def test_a_link_is_signed_by_a_customer_who_can(
    world: World, typed: dict[str, str], code: str
) -> None:
    status, body = await sign(world, fresh_plan(), template="207001", **typed)
    assert (status, code in str(body)) == (409, True)


async def test_an_unknown_template_cannot_be_signed(world: World) -> None:
    status, body = await sign(world, fresh_plan(), template="999999")
    assert (status, "mandateTemplateId" in str(body)) == (409, True)


async def test_a_debit_names_a_mandate_by_either_id_and_both_must_fit(own_world: World) -> None:
    contract_no = await own_world.signed(fresh_plan())
    other = await own_world.signed(fresh_plan())
    by_contract = {m["contract_no"]: m for m in await own_world.control("GET", "/mandates")}
    mandate = by_contract[contract_no]
    assert (mandate["status"], mandate["payer"]) == ("active", PAYER)
    merchant = await merchant_of(own_world)

    async def code(number: int, **names: str) -> str:
        biz = merchant.debit(merch_order_id=f"{merchant.number}{number}", **names)
        message = merchant.message("payment.disbursement", biz)
        answer = await merchant.post("/merchant/disburseOrder", message)
        return str(answer.json().get("code") or answer.json()["errorCode"])

    assert await code(1, mct_contract_no=contract_no) == "0"
    assert await code(2, mandate_contract_id=mandate["mandate_id"]) == "0"
    both = {"mct_contract_no": contract_no, "mandate_contract_id": mandate["mandate_id"]}
    assert await code(3, **both) == "0"
    assert await code(4, **{**both, "mct_contract_no": other}) == "60330006"
    assert await code(5) == "49401024995"
