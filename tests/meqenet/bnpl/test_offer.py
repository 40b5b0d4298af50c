import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.apr import AprMeasure
from meqenet.bnpl.offer import NotOffered, Quote, quote
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.products import ProductVersion, product_from_document
from meqenet.money import Money, total

_CATALOGUE = Path(__file__).parents[3] / "db" / "bnpl" / "catalogue"
_DAY = date(2026, 11, 22)


def _product(option: PaymentOption) -> ProductVersion:
    text = (_CATALOGUE / f"{option}-v1.json").read_text(encoding="utf-8")
    return product_from_document(document=json.loads(text, parse_float=Decimal))


_PRODUCTS = {option: _product(option) for option in PaymentOption}
_OVER_TIME = _PRODUCTS[PaymentOption.PAY_OVER_TIME]


def _quoted(
    option: PaymentOption,
    birr: str,
    *,
    on: date = _DAY,
    count: int | None = None,
    tier: str | None = None,
) -> Quote:
    answer = quote(
        product=_PRODUCTS[option],
        amount=Money.from_birr(birr),
        on=on,
        installment_count=count,
        tier=tier,
    )
    assert isinstance(answer, Quote)
    return answer


def _rows(found: Quote) -> list[tuple[str, str]]:
    return [(row.due.isoformat(), str(row.total)) for row in found.schedule.installments]


@pytest.mark.parametrize(
    ("option", "birr", "expected"),
    [
        (
            PaymentOption.PAY_IN_4,
            "4000",
            [
                ("2026-11-22", "1000.00"),
                ("2026-12-06", "1000.00"),
                ("2026-12-20", "1000.00"),
                ("2027-01-03", "1000.00"),
            ],
        ),
        (
            PaymentOption.PAY_IN_4,
            "999.99",
            [
                ("2026-11-22", "250.00"),
                ("2026-12-06", "250.00"),
                ("2026-12-20", "250.00"),
                ("2027-01-03", "249.99"),
            ],
        ),
        (PaymentOption.PAY_IN_30, "1500.50", [("2026-12-22", "1500.50")]),
        (PaymentOption.PAY_IN_FULL, "1500.50", [("2026-11-22", "1500.50")]),
    ],
)
def test_options_free_of_interest_cost_what_the_goods_cost(
    option: PaymentOption, birr: str, expected: list[tuple[str, str]]
) -> None:
    found = _quoted(option, birr)
    assert _rows(found) == expected
    assert found.total_payable == found.amount == Money.from_birr(birr)
    assert found.cost_of_credit == Money.zero()
    assert found.nominal_apr_percent == found.effective_apr_percent == 0
    assert found.nominal_rate_basis_points == 0
    assert not found.rate_is_indicative


@pytest.mark.parametrize(
    ("tier", "basis_points", "nominal", "effective"),
    [
        ("A", 1500, "15.00", "16.08"),
        ("B", 1800, "18.00", "19.56"),
        ("C", 2000, "20.00", "21.94"),
        ("D", 2200, "22.00", "24.36"),
    ],
)
def test_pay_over_time_discloses_both_rates(
    tier: str, basis_points: int, nominal: str, effective: str
) -> None:
    found = _quoted(PaymentOption.PAY_OVER_TIME, "120000", count=12, tier=tier)
    assert found.nominal_rate_basis_points == basis_points
    assert str(found.nominal_apr_percent) == nominal
    assert str(found.effective_apr_percent) == effective
    assert not found.rate_is_indicative
    assert found.cost_of_credit == found.schedule.interest > Money.zero()
    assert [row.due.day for row in found.schedule.installments] == [22] * 12


def test_without_a_tier_the_highest_rate_is_quoted_and_said_to_be_indicative() -> None:
    unknown = _quoted(PaymentOption.PAY_OVER_TIME, "30000", count=6)
    assert unknown.rate_is_indicative
    known = _quoted(PaymentOption.PAY_OVER_TIME, "30000", count=6, tier="D")
    assert replace(unknown, rate_is_indicative=False) == known


def test_without_a_count_the_fewest_installments_are_quoted() -> None:
    assert len(_quoted(PaymentOption.PAY_OVER_TIME, "30000").schedule.installments) == 6


@cache
def _signed(count: int) -> Quote:
    return _quoted(PaymentOption.PAY_OVER_TIME, "45000", count=count, tier="B")


@given(on=st.dates(date(2024, 1, 1), date(2032, 12, 31)), count=st.integers(6, 24))
def test_what_is_signed_does_not_depend_on_the_day_of_activation(on: date, count: int) -> None:
    on_another_day = _quoted(PaymentOption.PAY_OVER_TIME, "45000", on=on, count=count, tier="B")
    found = _signed(count)
    assert [row.total for row in found.schedule.installments] == [
        row.total for row in on_another_day.schedule.installments
    ]
    assert found.nominal_apr_percent == on_another_day.nominal_apr_percent


@pytest.mark.parametrize(
    ("option", "santim", "count", "tier", "code", "text"),
    [
        ("pay_in_4", 49_999, None, None, "amount_below_minimum", "Pay in 4 starts at 500.00 birr."),
        (
            "pay_in_30",
            3_000_001,
            None,
            None,
            "amount_above_maximum",
            "Pay in 30 days ends at 30000.00 birr.",
        ),
        (
            "pay_over_time",
            1_000_000,
            25,
            None,
            "installment_count_not_offered",
            "Pay over time is paid in 6 to 24 installments.",
        ),
        (
            "pay_in_4",
            1_000_000,
            12,
            None,
            "installment_count_not_offered",
            "Pay in 4 is paid in 4 installments.",
        ),
        (
            "pay_over_time",
            1_000_000,
            6,
            "E",
            "tier_not_offered",
            "Pay over time is not offered to this credit tier.",
        ),
    ],
)
def test_an_option_is_not_offered_for_a_reason(
    option: str, santim: int, count: int | None, tier: str | None, code: str, text: str
) -> None:
    found = quote(
        product=_PRODUCTS[PaymentOption(option)],
        amount=Money(santim),
        on=_DAY,
        installment_count=count,
        tier=tier,
    )
    assert found == NotOffered(option=PaymentOption(option), code=code, text=text)


@pytest.mark.parametrize(
    ("measure", "cap", "is_offered"),
    [
        (AprMeasure.NOMINAL, "22.00", True),
        (AprMeasure.NOMINAL, "21.99", False),
        (AprMeasure.EFFECTIVE, "24.36", True),
        (AprMeasure.EFFECTIVE, "24.35", False),
    ],
)
def test_a_cap_holds_by_the_measure_it_names(
    measure: AprMeasure, cap: str, *, is_offered: bool
) -> None:
    product = replace(_OVER_TIME, apr_cap_measure=measure, apr_cap_percent=Decimal(cap))
    found = quote(
        product=product,
        amount=Money.from_birr(120_000),
        on=_DAY,
        installment_count=12,
        tier="D",
    )
    assert isinstance(found, Quote) is is_offered
    if isinstance(found, NotOffered):
        assert found.code == "apr_above_cap"


def test_any_cost_at_all_is_too_much_for_an_option_free_of_interest() -> None:
    priced = replace(_PRODUCTS[PaymentOption.PAY_IN_30], rate_basis_points_by_tier={"A": 1})
    found = quote(
        product=priced, amount=Money.from_birr(30_000), on=_DAY, installment_count=None, tier="A"
    )
    assert isinstance(found, NotOffered)
    assert found.code == "apr_above_cap"


@given(
    option=st.sampled_from(PaymentOption),
    share=st.integers(0, 10_000),
    days=st.integers(0, 2_000),
    tier=st.sampled_from(["A", "B", "C", "D", None]),
)
def test_every_amount_between_the_limits_is_offered_and_adds_up(
    option: PaymentOption, share: int, days: int, tier: str | None
) -> None:
    product = _PRODUCTS[option]
    amount = product.amount_min + (product.amount_max - product.amount_min).portion(
        basis_points=share
    )
    on = _DAY + timedelta(days=days)
    found = quote(product=product, amount=amount, on=on, installment_count=None, tier=tier)
    assert isinstance(found, Quote)
    rows = found.schedule.installments
    assert total(row.principal for row in rows) == amount
    assert total(row.total for row in rows) == found.total_payable == amount + found.cost_of_credit
    assert all(row.total > Money.zero() for row in rows)
    assert rows[-1].balance == Money.zero()
    assert (rows[0].due == on) is (product.down_payment_percent is not None)
