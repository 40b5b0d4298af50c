"""Quotes of all options, with both calendars and both rates."""

from decimal import Decimal
from typing import Any

from meqenet.calendar import addis_date, to_ethiopian
from tests.apps.checkout_api.conftest import Shop
from workers.opening import utc_now

OPTIONS = ["pay_in_4", "pay_in_30", "pay_over_time", "pay_in_full"]


async def quoted(shop: Shop, **body: object) -> dict[str, Any]:
    answer = await shop.post("/v1/quotes", body)
    assert answer.status_code == 200, answer.text
    return {option["option"]: option for option in answer.json()["options"]}


async def test_all_four_options_with_schedule_and_rates(keyholder: Shop) -> None:
    found = await quoted(keyholder, amount="12000.00")
    assert list(found) == OPTIONS
    assert all(option["offered"] for option in found.values())
    for option in found.values():
        amounts = [Decimal(row["amount"]) for row in option["schedule"]]
        assert sum(amounts) == Decimal(option["total_payable"])
        principal = sum(Decimal(row["principal"]) for row in option["schedule"])
        assert principal == Decimal("12000.00")
        assert Decimal(option["cost_of_credit"]) == sum(amounts) - principal
    assert [row["amount"] for row in found["pay_in_4"]["schedule"]] == ["3000.00"] * 4
    over_time = found["pay_over_time"]
    assert over_time["rate_is_indicative"] is True
    assert Decimal(over_time["effective_apr_percent"]) > Decimal(over_time["nominal_apr_percent"])
    for free in ("pay_in_4", "pay_in_30", "pay_in_full"):
        assert found[free]["effective_apr_percent"] == "0.00"
        assert found[free]["rate_is_indicative"] is False


async def test_due_dates_stand_in_both_calendars(keyholder: Shop) -> None:
    answer = await keyholder.post("/v1/quotes", {"amount": "1000.00", "option": "pay_in_full"})
    on = addis_date(at=utc_now())
    expected = {"gregorian": on.isoformat(), "ethiopian": str(to_ethiopian(on=on))}
    assert answer.json()["quoted_on"] == expected
    (option,) = answer.json()["options"]
    assert option["schedule"][0]["due_on"] == expected


async def test_an_option_that_is_not_offered_says_why(keyholder: Shop) -> None:
    found = await quoted(keyholder, amount="10.00")
    not_offered = [option for option in found.values() if not option["offered"]]
    assert not_offered
    for option in not_offered:
        assert option["reason"]["code"] == "amount_below_minimum"
        assert option["reason"]["text"].endswith("birr.")
        assert "schedule" not in option


async def test_a_number_of_installments_is_meant_for_options_with_a_choice(
    keyholder: Shop,
) -> None:
    found = await quoted(keyholder, amount="12000.00", installment_count=12)
    assert len(found["pay_over_time"]["schedule"]) == 12
    assert len(found["pay_in_4"]["schedule"]) == 4
    alone = await quoted(keyholder, amount="12000.00", option="pay_in_4", installment_count=12)
    assert list(alone) == ["pay_in_4"]
    assert alone["pay_in_4"]["reason"]["code"] == "installment_count_not_offered"
