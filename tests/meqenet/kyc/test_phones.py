from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.errors import Refusal
from meqenet.kyc.phones import age_years, normalise_msisdn


@pytest.mark.parametrize(
    ("typed", "msisdn"),
    [
        ("0911223344", "251911223344"),
        ("911223344", "251911223344"),
        ("+251911223344", "251911223344"),
        ("251911223344", "251911223344"),
        ("00251911223344", "251911223344"),
        ("+251 (0) 91 122-33.44", "251911223344"),
        ("0700000001", "251700000001"),
        ("+251\u00a0700 00 00 01", "251700000001"),
    ],
)
def test_every_common_form_becomes_one(typed: str, msisdn: str) -> None:
    assert normalise_msisdn(text=typed) == msisdn


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0111223344",
        "0811223344",
        "091122334",
        "09112233445",
        "+254711223344",
        "09112233a4",
        "٠٩١١٢٢٣٣٤٤",
    ],
)
def test_anything_else_is_refused_without_echo(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        normalise_msisdn(text=typed)
    assert (refused.value.code, refused.value.field) == ("phone_format", "phone")
    assert not typed or typed not in refused.value.text


@given(st.from_regex(r"251[97][0-9]{8}", fullmatch=True))
def test_normal_form_is_its_own_normal_form(msisdn: str) -> None:
    assert normalise_msisdn(text=msisdn) == msisdn


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(2000, 6, 15), date(2018, 6, 14), 17),
        (date(2000, 6, 15), date(2018, 6, 15), 18),
        (date(2004, 2, 29), date(2022, 2, 28), 17),
        (date(2004, 2, 29), date(2022, 3, 1), 18),
        (date(2004, 2, 29), date(2024, 2, 29), 20),
        (date(2026, 1, 1), date(2026, 1, 1), 0),
    ],
)
def test_age_turns_on_the_birthday(born: date, on: date, age: int) -> None:
    assert age_years(birth_date=born, on=on) == age


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 40_000))
def test_age_never_falls_and_grows_by_at_most_one_a_day(born: date, days: int) -> None:
    day = born + timedelta(days=days)
    assert (
        0
        <= age_years(birth_date=born, on=day + timedelta(days=1))
        - age_years(birth_date=born, on=day)
        <= 1
    )


def test_the_unborn_have_no_age() -> None:
    with pytest.raises(ValueError, match="birth date"):
        age_years(birth_date=date(2026, 1, 2), on=date(2026, 1, 1))
