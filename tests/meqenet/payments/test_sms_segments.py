import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.payments.sms_segments import is_gsm7, segment_count

CASES = [
    ("", 0),
    ("a", 1),
    ("a" * 160, 1),
    ("a" * 161, 2),
    ("a" * 306, 2),
    ("a" * 307, 3),
    ("€" * 80, 1),
    ("€" * 81, 2),
    # The escape and its letter stay together: 152 places, then the next segment.
    ("a" * 152 + "€" + "a" * 10, 2),
    ("a" * 152 + "€" + "a" * 152, 3),
    ("ብ" * 70, 1),
    ("ብ" * 71, 2),
    ("ብ" * 134, 2),
    ("ብ" * 135, 3),
    ("a" * 70 + "ብ", 2),
    ("😀" * 35, 1),
    # A pair of surrogates is never split: 33 in each segment.
    ("😀" * 67, 3),
]


@pytest.mark.parametrize(("text", "count"), CASES)
def test_segments(text: str, count: int) -> None:
    assert segment_count(text=text) == count


def test_the_alphabets() -> None:
    assert is_gsm7(text="Meqenet: 1,000.50 birr (6 Tahsas 2019 E.C.) at O'Neil's @ 5 €")
    assert not is_gsm7(text="ብር")
    assert not is_gsm7(text="Meqenet…")


@given(text=st.text(max_size=400), more=st.text(max_size=40))
def test_a_longer_text_never_takes_fewer_segments(text: str, more: str) -> None:
    assert segment_count(text=text) <= segment_count(text=text + more)
