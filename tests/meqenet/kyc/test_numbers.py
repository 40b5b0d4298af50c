import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from meqenet.errors import Refusal
from meqenet.kyc.numbers import (
    FaydaNumber,
    FaydaNumberKind,
    check_fayda_number,
    verhoeff_digit,
    verhoeff_holds,
)

STAGING_FANS = ("3126894653473958", "6140798523917519", "6230247319356120")
bodies = st.one_of(
    st.text("0123456789", min_size=11, max_size=11), st.text("0123456789", min_size=15, max_size=15)
)


@pytest.mark.parametrize(("body", "digit"), [("236", "3"), ("12345", "1"), ("142857", "0")])
def test_published_verhoeff_examples(body: str, digit: str) -> None:
    assert verhoeff_digit(digits=body) == digit
    assert verhoeff_holds(digits=body + digit)


@pytest.mark.parametrize("fan", [*STAGING_FANS, "3141592653589790"])
def test_public_fans_hold(fan: str) -> None:
    assert check_fayda_number(text=fan).kind is FaydaNumberKind.FAN


def test_fin_holds() -> None:
    number = check_fayda_number(text="614079852394")
    assert (number.kind, number.digits) == (FaydaNumberKind.FIN, "614079852394")
    assert number.last_four == "2394"


@pytest.mark.parametrize(
    "typed", ["6140 7985 2391 7519", " 6140-7985-2391-7519\n", "6140\u20117985\u00a02391\u20137519"]
)
def test_spaces_and_hyphens_do_not_count(typed: str) -> None:
    assert check_fayda_number(text=typed).digits == "6140798523917519"


@given(bodies)
def test_every_body_has_exactly_one_check_digit(body: str) -> None:
    holding = [digit for digit in "0123456789" if verhoeff_holds(digits=body + digit)]
    assert holding == [verhoeff_digit(digits=body)]


@given(bodies, st.data())
def test_any_single_changed_digit_is_found(body: str, data: st.DataObject) -> None:
    whole = body + verhoeff_digit(digits=body)
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.sampled_from("0123456789".replace(whole[place], "")))
    with pytest.raises(Refusal) as refused:
        check_fayda_number(text=whole[:place] + other + whole[place + 1 :])
    assert refused.value.code == "fayda_number_checksum"


@given(bodies, st.data())
def test_any_adjacent_transposition_is_found(body: str, data: st.DataObject) -> None:
    whole = body + verhoeff_digit(digits=body)
    place = data.draw(st.integers(0, len(whole) - 2))
    assume(whole[place] != whole[place + 1])
    swapped = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]
    with pytest.raises(Refusal) as refused:
        check_fayda_number(text=swapped)
    assert refused.value.code == "fayda_number_checksum"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "61407985239",
        "6140798523917519" + "0",
        "614079852391751",
        "614079852394a",
        "abcdefghijkl",
    ],
)
def test_wrong_length_or_letters_name_the_rule_and_not_the_number(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_fayda_number(text=typed)
    assert refused.value.code == "fayda_number_length"
    assert refused.value.field == "fayda_number"
    assert "16 digits" in refused.value.text
    assert not typed or typed not in refused.value.text


def test_digits_of_other_scripts_are_no_digits() -> None:
    arabic_indic = "6140798523917519".translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    with pytest.raises(Refusal, match="16 digits"):
        check_fayda_number(text=arabic_indic)


def test_number_is_hidden_wherever_it_is_printed() -> None:
    number = check_fayda_number(text="6140798523917519")
    for shown in (repr(number), str(number), f"{number}"):
        assert not any(digit in shown for digit in "0123456789")
    with pytest.raises(Refusal) as refused:
        check_fayda_number(text="6140798523917518")
    assert "6140" not in str(refused.value)


def test_number_cannot_be_made_around_the_rule() -> None:
    with pytest.raises(ValueError, match="checksum") as refused:
        FaydaNumber(kind=FaydaNumberKind.FAN, digits="6140798523917518")
    assert "6140" not in str(refused.value)
    with pytest.raises(ValueError, match="12 digits"):
        FaydaNumber(kind=FaydaNumberKind.FIN, digits="6140798523917519")


def test_check_digit_of_letters_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 to 9"):
        verhoeff_digit(digits="12a")
    assert not verhoeff_holds(digits="")
    assert not verhoeff_holds(digits="12a")
