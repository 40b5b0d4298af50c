import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.mpesa.spelling import (
    Value,
    birr_number,
    decode,
    encode,
    moment_of,
    money_of,
    pairs_of,
    seconds_of,
    text_of,
)
from meqenet.errors import Defect
from meqenet.money import Money


def test_whole_birr_are_an_integer_and_others_two_digits() -> None:
    assert encode({"Amount": birr_number(amount=Money(172500), whole_only=True)}) == (
        b'{"Amount": 1725}'
    )
    assert encode({"Amount": birr_number(amount=Money(172550), whole_only=False)}) == (
        b'{"Amount": 1725.50}'
    )


@given(santim=st.integers(min_value=1, max_value=10**17))
def test_every_amount_comes_back_exactly(santim: int) -> None:
    fields = decode(encode({"Amount": birr_number(amount=Money(santim), whole_only=False)}))
    assert fields is not None
    text = text_of(fields["Amount"])
    assert text is not None
    assert money_of(text) == Money(santim)


@pytest.mark.parametrize(
    ("amount", "whole_only", "code"),
    [
        (Money(0), False, "mpesa_amount_not_positive"),
        (Money(-100), False, "mpesa_amount_not_positive"),
        (Money(150), True, "mpesa_amount_not_whole"),
    ],
)
def test_an_amount_that_cannot_be_sent_is_a_defect(
    amount: Money, *, whole_only: bool, code: str
) -> None:
    with pytest.raises(Defect) as caught:
        birr_number(amount=amount, whole_only=whole_only)
    assert caught.value.code == code


def test_a_request_is_ordinary_json() -> None:
    fields: dict[str, Value] = {
        "a": 'ሰላም "\n',
        "b": 3,
        "c": Decimal("0.10"),
        "d": [{"Key": "k", "Value": "v"}],
    }
    assert json.loads(encode(fields), parse_float=Decimal) == fields


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"1", b"{", b'{"a":NaN}', b'{"a":Infinity}', b"\xff", b"[" * 100_000]
)
def test_what_is_no_json_object_is_none(body: bytes) -> None:
    assert decode(body) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (0, "0"),
        (Decimal("10.50"), "10.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E+999999999"), None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_text_and_numbers_are_text(value: object, text: str | None) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ([{"Key": "a", "Value": 1}, {"Key": "b"}, {"Value": 2}, "x"], {"a": "1"}),
        ({"Key": "a", "Value": "1"}, {"a": "1"}),
        (None, {}),
        ("x", {}),
    ],
)
def test_pairs_without_a_value_are_left_out(listed: object, found: dict[str, str]) -> None:
    assert pairs_of(listed, key="Key") == found


@pytest.mark.parametrize(
    ("text", "santim"), [("10", 1000), ("10.5", 1050), ("10.50", 1050), ("10.5000", 1050)]
)
def test_birr_in_any_spelling(text: str, santim: int) -> None:
    assert money_of(text) == Money(santim)


@pytest.mark.parametrize("text", ["", "-1", "1,000", "1e3", "10.505", "9" * 19, "9" * 18, "٣"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        money_of(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20260101020304", datetime(2025, 12, 31, 23, 3, 4, tzinfo=UTC)),
        ("01.01.2026 02:03:04", datetime(2025, 12, 31, 23, 3, 4, tzinfo=UTC)),
        ("20261301000000", None),
        ("2026-01-01", None),
        ("", None),
    ],
)
def test_times_are_of_addis_ababa(text: str, moment: datetime | None) -> None:
    assert moment_of(text) == moment


@pytest.mark.parametrize(
    ("text", "duration"),
    [("3599", timedelta(seconds=3599)), ("0", timedelta(0)), ("-1", None), ("1.5", None)],
)
def test_seconds(text: str, duration: timedelta | None) -> None:
    assert seconds_of(text) == duration
