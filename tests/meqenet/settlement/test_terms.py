from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.calendar import addis_date
from meqenet.errors import Defect, Refusal
from meqenet.money import Money
from meqenet.settlement.terms import (
    Proceeds,
    check_account,
    check_terms,
    payout_due,
    proceeds_of,
)
from meqenet.settlement.transfer import PayoutAccount

_NONE: frozenset[date] = frozenset()
# providers.md 4.4: 2026, around Genna and Fasika.
_HOLIDAYS = frozenset({date(2026, 1, 7), date(2026, 4, 10), date(2026, 4, 12), date(2026, 5, 1)})


@pytest.mark.parametrize(
    ("gross", "basis_points", "fee", "net"),
    [
        ("1000.00", 250, "25.00", "975.00"),
        ("1000.00", 0, "0.00", "1000.00"),
        ("0.20", 250, "0.00", "0.20"),  # 0.5 santim: to the even
        ("0.60", 250, "0.02", "0.58"),  # 1.5 santim: to the even
        ("33.33", 333, "1.11", "32.22"),  # 110.9889 santim
        ("0.01", 4_999, "0.00", "0.01"),
    ],
)
def test_the_fee_is_rounded_half_even(gross: str, basis_points: int, fee: str, net: str) -> None:
    found = proceeds_of(gross=Money.from_birr(gross), fee_basis_points=basis_points)
    assert (str(found.fee), str(found.net)) == (fee, net)


@given(
    # Of less than ten santim, nine tenths can round to all of it: see the test below.
    gross=st.integers(10, 2**60).map(Money),
    basis_points=st.integers(0, 9_000),
)
def test_fee_and_net_are_the_gross(gross: Money, basis_points: int) -> None:
    found = proceeds_of(gross=gross, fee_basis_points=basis_points)
    assert found == Proceeds(gross=gross, fee=found.fee, net=gross - found.fee)
    assert Money.zero() <= found.fee < gross


@pytest.mark.parametrize(
    ("gross", "basis_points"),
    [(Money.zero(), 250), (Money(-100), 250), (Money(1), 9_999), (Money(100), -1)],
)
def test_a_merchant_who_would_get_nothing_is_a_defect(gross: Money, basis_points: int) -> None:
    if (gross, basis_points) == (Money(100), -1):
        gross = Money(100_000)
    with pytest.raises(Defect) as broken:
        proceeds_of(gross=gross, fee_basis_points=basis_points)
    assert broken.value.code == "proceeds_impossible"


@pytest.mark.parametrize(
    ("activated", "delay", "protection", "paid"),
    [
        ("2026-04-06", 0, 0, "2026-04-07"),  # Monday, the next morning
        ("2026-04-06", 1, 0, "2026-04-08"),
        ("2026-04-06", 1, 14, "2026-04-21"),  # the longer span
        ("2026-04-06", 20, 14, "2026-04-27"),
        ("2026-04-03", 0, 0, "2026-04-06"),  # Friday: past the weekend
        ("2026-04-09", 0, 0, "2026-04-13"),  # past Siklet, the weekend and Fasika
        ("2026-01-06", 0, 0, "2026-01-08"),  # past Genna
        ("2026-04-30", 0, 0, "2026-05-04"),  # past Labour Day and the weekend
    ],
)
def test_paid_on_the_first_banking_morning(
    activated: str, delay: int, protection: int, paid: str
) -> None:
    due = payout_due(
        activated_on=date.fromisoformat(activated),
        delay_days=delay,
        protection_days=protection,
        closed_on=_HOLIDAYS,
    )
    day = date.fromisoformat(paid)
    assert due == datetime(day.year, day.month, day.day, 6, 0, tzinfo=UTC)  # 09:00 in Addis


@given(
    activated=st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 1, 1)),
    delay=st.integers(0, 90),
    protection=st.integers(0, 60),
    offsets=st.frozensets(st.integers(0, 100), max_size=10),
)
def test_never_before_the_window_has_passed_nor_on_a_closed_day(
    activated: date, delay: int, protection: int, offsets: frozenset[int]
) -> None:
    closed = {activated + timedelta(days=offset) for offset in offsets}
    due = payout_due(
        activated_on=activated, delay_days=delay, protection_days=protection, closed_on=closed
    )
    day = addis_date(at=due)
    assert day > activated + timedelta(days=max(delay, protection))
    assert day.weekday() < 5
    assert day not in closed


@pytest.mark.parametrize(("delay", "protection"), [(-1, 0), (0, -1)])
def test_a_span_is_not_negative(delay: int, protection: int) -> None:
    with pytest.raises(ValueError, match="not negative"):
        payout_due(
            activated_on=date(2026, 4, 6),
            delay_days=delay,
            protection_days=protection,
            closed_on=_NONE,
        )


def test_banks_that_never_open_are_a_defect() -> None:
    closed = {date(2026, 4, 6) + timedelta(days=day) for day in range(60)}
    with pytest.raises(Defect) as broken:
        payout_due(activated_on=date(2026, 4, 6), delay_days=0, protection_days=0, closed_on=closed)
    assert broken.value.code == "banks_never_open"


@pytest.mark.parametrize(
    ("fees", "delay", "field"),
    [
        ((250, -1), 1, "fee_basis_points"),
        ((10_000,), 1, "fee_basis_points"),
        ((250,), -1, "delay_days"),
        ((250,), 91, "delay_days"),
    ],
)
def test_impossible_terms_are_refused_by_name(
    fees: tuple[int, ...], delay: int, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        check_terms(fee_basis_points=fees, delay_days=delay)
    assert (refused.value.code, refused.value.field) == ("merchant_terms_invalid", field)


def test_possible_terms_pass() -> None:
    check_terms(fee_basis_points=(0, 9_999), delay_days=90)


@pytest.mark.parametrize("bic", ["CBETETAA", "CBETETAAXXX"])
def test_a_payable_account_passes(bic: str) -> None:
    check_account(
        account=PayoutAccount(bic=bic, account_number="1000123456789", account_name="ሱቅ ኃ.የተ.የግ.ማ")
    )


@pytest.mark.parametrize(
    ("bic", "number", "name", "field"),
    [
        ("CBETETA", "1000123456789", "Shop", "bic"),
        ("cbetetaa", "1000123456789", "Shop", "bic"),
        ("CBETETAA", "", "Shop", "account_number"),
        ("CBETETAA", "ET12 3456", "Shop", "account_number"),
        ("CBETETAA", "1" * 35, "Shop", "account_number"),
        ("CBETETAA", "1000123456789", "", "account_name"),
        ("CBETETAA", "1000123456789", " Shop", "account_name"),
        ("CBETETAA", "1000123456789", "S" * 141, "account_name"),
    ],
)
def test_an_account_no_bank_can_pay_is_refused_without_naming_it(
    bic: str, number: str, name: str, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        check_account(account=PayoutAccount(bic=bic, account_number=number, account_name=name))
    assert (refused.value.code, refused.value.field) == ("merchant_account_invalid", field)
    assert "Shop" not in refused.value.text
