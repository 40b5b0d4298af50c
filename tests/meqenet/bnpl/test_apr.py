import json
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.apr import (
    UnitPeriodFlow,
    YearFlow,
    effective_apr_percent,
    nominal_apr_percent,
)
from meqenet.bnpl.interval import IntervalUnit, effective_years
from meqenet.errors import Refusal
from meqenet.money import Money

_VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "apr.json").read_text(encoding="utf-8"),
    parse_float=Decimal,
)
_HUNDREDTH = Decimal("0.01")


def _flow(birr: str | int | Decimal, years: Decimal | int = 0) -> YearFlow:
    return YearFlow(amount=Money.from_birr(birr), years=Decimal(years))


def _shown(percent: Decimal) -> str:
    return str(percent.quantize(_HUNDREDTH, rounding=ROUND_HALF_UP))


@pytest.mark.parametrize("case", _VECTORS["nominal"], ids=lambda case: case["id"])
def test_regulation_z_examples(case: Mapping[str, Any]) -> None:
    apr = nominal_apr_percent(
        advances=[
            UnitPeriodFlow(amount=Money.from_birr(case["advance"]["amount"]), full_unit_periods=0)
        ],
        payments=[
            UnitPeriodFlow(
                amount=Money.from_birr(payment["amount"]),
                full_unit_periods=payment["full_unit_periods"],
                fraction=Decimal(payment["fraction"]),
            )
            for payment in case["payments"]
        ],
        unit_periods_per_year=Decimal(case["unit_periods_per_year"]),
    )
    assert _shown(apr) == case["expected_apr_percent"]
    assert abs(apr - case["recomputed"]) < Decimal("0.000001")


@pytest.mark.parametrize("case", _VECTORS["effective"], ids=lambda case: case["id"])
def test_european_examples(case: Mapping[str, Any]) -> None:
    drawdowns, repayments = (
        [_flow(flow["amount"], Decimal(flow["years"])) for flow in case[side]]
        for side in ("drawdowns", "repayments")
    )
    apr = effective_apr_percent(drawdowns=drawdowns, repayments=repayments)
    assert _shown(apr) == case["expected_apr_percent"]
    assert abs(apr - case["recomputed"]) < Decimal("0.000001")


@pytest.mark.parametrize("case", _VECTORS["effective_intervals"], ids=lambda case: case["to"])
def test_published_intervals(case: Mapping[str, Any]) -> None:
    years = effective_years(
        start=date.fromisoformat(case["from"]),
        end=date.fromisoformat(case["to"]),
        unit=IntervalUnit(case["unit"]),
    )
    exact = Decimal(case["whole"]) / 12 + Decimal(case["days"]) / case["year_days"]
    assert abs(years - exact) < Decimal("1e-25")
    assert abs(years - case["years"]) < Decimal("1e-12")


@pytest.mark.parametrize(
    ("start", "end", "unit", "whole", "days"),
    [
        ("2025-01-31", "2025-02-28", "months", Decimal(1) / 12, "0/365"),  # no 31 February
        ("2024-01-31", "2024-02-29", "months", Decimal(1) / 12, "0/365"),
        ("2024-02-29", "2025-02-28", "years", Decimal(1), "0/365"),
        ("2024-01-15", "2026-01-15", "years", Decimal(2), "0/365"),
        ("2024-01-10", "2026-01-15", "years", Decimal(2), "5/365"),
        ("2024-03-10", "2026-03-15", "years", Decimal(2), "5/366"),  # the year up to 15 March 2024
        ("2024-01-20", "2026-01-15", "years", Decimal(1), "361/366"),  # 15 January 2024 to 2025
        ("2025-03-10", "2025-03-31", "months", Decimal(0), "21/365"),
        ("2025-01-01", "2025-01-15", "weeks", Decimal(2) / 52, "0/365"),
        (
            "2025-01-01",
            "2025-01-17",
            "weeks",
            Decimal(2) / 52,
            "2/366",
        ),  # 3 January 2024 to 2025
        ("2025-01-01", "2025-01-01", "months", Decimal(0), "0/365"),
    ],
)
def test_whole_periods_never_use_days(
    start: str, end: str, unit: str, whole: Decimal, days: str
) -> None:
    left, year_days = days.split("/")
    years = effective_years(
        start=date.fromisoformat(start), end=date.fromisoformat(end), unit=IntervalUnit(unit)
    )
    assert abs(years - (whole + Decimal(left) / Decimal(year_days))) < Decimal("1e-25")


def test_an_interval_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="end"):
        effective_years(start=date(2025, 1, 2), end=date(2025, 1, 1), unit=IntervalUnit.MONTHS)


@given(
    start=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    days=st.integers(0, 1500),
    unit=st.sampled_from(IntervalUnit),
)
def test_an_interval_is_close_to_its_days(start: date, days: int, unit: IntervalUnit) -> None:
    years = effective_years(start=start, end=start + timedelta(days=days), unit=unit)
    # A twelfth of a year and a month differ by at most three days, a year and 52 weeks by two each.
    assert abs(years * 365 - days) <= 4 + days // 150


@pytest.mark.parametrize(
    ("repayments", "expected"),
    [
        # The same flows by two conventions of time.
        ([("270", Decimal(1) / 12), ("270", Decimal(2) / 12)], "85.59"),
        ([("270", Decimal(31) / 365), ("270", Decimal(61) / 365)], "84.63"),
        ([("2670", Decimal(1))], "434.00"),
        ([("250", Decimal(1))], "-50.00"),
        ([("500", Decimal(0))], "0.00"),
        ([("125", Decimal(0)), ("375", Decimal(1))], "0.00"),
    ],
)
def test_flows_of_500_birr(repayments: list[tuple[str, Decimal]], expected: str) -> None:
    apr = effective_apr_percent(
        drawdowns=[_flow(500)], repayments=[_flow(birr, years) for birr, years in repayments]
    )
    assert _shown(apr) == expected


def test_half_as_much_again_after_one_day_has_a_rate_too() -> None:
    apr = effective_apr_percent(drawdowns=[_flow(500)], repayments=[_flow(750, Decimal(1) / 365)])
    assert abs(apr / (Decimal("1.5") ** 365 * 100) - 1) < Decimal("1e-15")


def test_a_fee_of_50_birr_on_a_pay_in_4_of_4000_is_24_and_a_half_percent() -> None:
    fortnight = Decimal(14) / 365
    repayments = [_flow(1_050)] + [_flow(1_000, fortnight * number) for number in (1, 2, 3)]
    apr = effective_apr_percent(drawdowns=[_flow(4_000)], repayments=repayments)
    assert apr.quantize(Decimal("0.1")) == Decimal("24.5")


@pytest.mark.parametrize(("nominal", "effective"), [("18", "19.56"), ("22", "24.36")])
def test_a_nominal_rate_paid_monthly_is_less_than_its_effective_rate(
    nominal: str, effective: str
) -> None:
    lent = Money.from_birr(12_000)
    interest = Money(lent.santim * int(nominal) // 1200)
    flows = [(interest, 1), (interest + lent, 2)]
    assert (
        _shown(
            nominal_apr_percent(
                advances=[UnitPeriodFlow(amount=lent, full_unit_periods=0)],
                payments=[
                    UnitPeriodFlow(amount=amount, full_unit_periods=month)
                    for amount, month in flows
                ],
                unit_periods_per_year=Decimal(12),
            )
        )
        == f"{nominal}.00"
    )
    assert (
        _shown(
            effective_apr_percent(
                drawdowns=[_flow(lent.birr)],
                repayments=[
                    YearFlow(amount=amount, years=Decimal(month) / 12) for amount, month in flows
                ],
            )
        )
        == effective
    )


@pytest.mark.parametrize(
    ("drawdowns", "repayments"),
    [
        ([_flow(100)], [_flow(110)]),
        ([_flow(100)], [_flow(90)]),
        ([_flow(100)], []),
        ([], [_flow(100, 1)]),
        ([_flow(100)], [_flow(110), _flow(10, 1)]),
        ([_flow(100, 1)], [_flow(110)]),
    ],
)
def test_flows_that_no_rate_balances_are_refused(
    drawdowns: list[YearFlow], repayments: list[YearFlow]
) -> None:
    with pytest.raises(Refusal) as refused:
        effective_apr_percent(drawdowns=drawdowns, repayments=repayments)
    assert refused.value.code == "apr_undefined"
    with pytest.raises(Refusal) as refused:
        nominal_apr_percent(
            advances=[_in_unit_periods(flow) for flow in drawdowns],
            payments=[_in_unit_periods(flow) for flow in repayments],
            unit_periods_per_year=Decimal(1),
        )
    assert refused.value.code == "apr_undefined"


def _in_unit_periods(flow: YearFlow) -> UnitPeriodFlow:
    return UnitPeriodFlow(amount=flow.amount, full_unit_periods=int(flow.years))


_AMOUNTS = st.lists(st.integers(1, 10**9), min_size=1, max_size=24)


@given(_AMOUNTS)
def test_repaying_exactly_what_was_drawn_costs_nothing(amounts: list[int]) -> None:
    repayments = [
        YearFlow(amount=Money(santim), years=Decimal(month) / 12)
        for month, santim in enumerate(amounts)
    ]
    drawdown = YearFlow(amount=Money(sum(amounts)), years=Decimal(0))
    assert effective_apr_percent(drawdowns=[drawdown], repayments=repayments) == 0


@given(_AMOUNTS, st.integers(1, 10**8))
def test_the_rate_found_balances_the_flows(amounts: list[int], cost: int) -> None:
    drawn = sum(amounts)
    repayments = [
        UnitPeriodFlow(amount=Money(santim), full_unit_periods=month)
        for month, santim in enumerate([*amounts, cost], start=1)
    ]
    percent = nominal_apr_percent(
        advances=[UnitPeriodFlow(amount=Money(drawn), full_unit_periods=0)],
        payments=repayments,
        unit_periods_per_year=Decimal(12),
    )
    growth = 1 + percent / 1200
    worth = sum(
        (flow.amount.santim / growth**flow.full_unit_periods for flow in repayments), Decimal(0)
    )
    assert percent > 0
    assert abs(worth - drawn) < Decimal("0.01")
