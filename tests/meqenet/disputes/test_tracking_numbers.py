"""Tracking numbers: read as they are heard, and caught when one symbol is wrong."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.disputes.tracking_numbers import (
    PATTERN,
    RANDOM_BYTES,
    read_tracking_number,
    tracking_number,
)
from meqenet.errors import Refusal

RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PLACES = [4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17]
"""Where symbols stand in ``CMP-XXXX-XXXX-XXXX``."""


def code_of(text: str) -> str | None:
    try:
        read_tracking_number(text=text)
    except Refusal as refusal:
        return refusal.code
    return None


@given(randomness=RANDOM)
def test_a_number_is_read_however_it_is_written_down(randomness: bytes) -> None:
    number = tracking_number(randomness=randomness)
    assert re.fullmatch(PATTERN, number)
    bare = number.removeprefix("CMP-").replace("-", "")
    heard = bare.replace("0", "o").replace("1", "l").lower()
    for text in (number, number.lower(), bare, f" cmp {bare[:6]} {bare[6:]} ", heard):
        assert read_tracking_number(text=text) == number


@given(randomness=RANDOM, place=st.sampled_from(PLACES), symbol=st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_noticed(randomness: bytes, place: int, symbol: str) -> None:
    number = tracking_number(randomness=randomness)
    wrong = number[:place] + symbol + number[place + 1 :]
    assert code_of(wrong) == (None if wrong == number else "tracking_number_mistyped")


@given(randomness=RANDOM, places=st.tuples(st.sampled_from(PLACES), st.sampled_from(PLACES)))
def test_two_symbols_that_changed_places_are_noticed(
    randomness: bytes, places: tuple[int, int]
) -> None:
    number = tracking_number(randomness=randomness)
    letters = list(number)
    one, other = places
    letters[one], letters[other] = letters[other], letters[one]
    swapped = "".join(letters)
    assert code_of(swapped) == (None if swapped == number else "tracking_number_mistyped")


@given(one=RANDOM, other=RANDOM)
def test_other_bytes_make_another_number(one: bytes, other: bytes) -> None:
    used = [int.from_bytes(each, "big") % (1 << 55) for each in (one, other)]
    made = [tracking_number(randomness=each) for each in (one, other)]
    assert (made[0] == made[1]) is (used[0] == used[1])


def test_a_number_that_begins_like_the_prefix_is_read_without_it() -> None:
    values = [ALPHABET.index(letter) for letter in "CMP"]
    drawn = sum(value << (5 * place) for place, value in enumerate(values))
    number = tracking_number(randomness=drawn.to_bytes(RANDOM_BYTES, "big"))
    assert number.startswith("CMP-CMP0-")
    assert read_tracking_number(text=number.removeprefix("CMP-")) == number


@pytest.mark.parametrize("text", ["", "CMP", "CMP-7K3M-9QX4-T2H", "CMP-7K3M-9QX4-T2HUU1", "ስልክ"])
def test_what_is_no_number_is_refused(text: str) -> None:
    assert code_of(text) == "tracking_number_malformed"


def test_too_few_bytes_make_none() -> None:
    with pytest.raises(ValueError, match="7 bytes"):
        tracking_number(randomness=b"123456")
