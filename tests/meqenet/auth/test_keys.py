import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.auth.keys import (
    new_key,
    new_staff_key,
    parse_key,
    parse_staff_key,
    secret_matches,
)
from meqenet.errors import Refusal


def _fixed(length: int) -> bytes:
    return bytes(range(length))


@given(st.binary(min_size=42, max_size=42), st.booleans())
def test_a_new_key_reads_back(raw: bytes, sandbox: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    pieces = {10: raw[:10], 32: raw[10:]}
    key = new_key(randomness=lambda length: pieces[length], sandbox=sandbox)
    presented = parse_key(text=key.text)
    assert (presented.key_id, presented.sandbox) == (key.key_id, sandbox)
    assert presented.secret == raw[10:]
    assert secret_matches(secret=presented.secret, stored_hash=key.secret_hash)
    assert (
        not secret_matches(secret=raw[9:41], stored_hash=key.secret_hash) or raw[9:41] == raw[10:]
    )


def test_the_grammar_and_the_hash_are_fixed() -> None:
    key = new_key(randomness=_fixed, sandbox=True)
    assert key.text == (
        "mqk_test_aaaqeayeaudaocaj_aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"
    )
    assert key.key_id == "aaaqeayeaudaocaj"
    assert key.secret_hash == hashlib.sha256(bytes(range(32))).hexdigest()
    assert new_key(randomness=_fixed, sandbox=False).text.startswith("mqk_live_")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.upper(),
        lambda text: text[:-1],
        lambda text: text + "a",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.replace("test", "prod"),
        lambda text: text.replace("mqk", "sk"),
        lambda text: text[:-1] + "1",
        lambda _: "",
    ],
)
def test_anything_else_is_refused_without_being_shown(change) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a table of small functions
    text = change(new_key(randomness=_fixed, sandbox=True).text)
    with pytest.raises(Refusal) as refusal:
        parse_key(text=text)
    assert refusal.value.code == "api_key_malformed"
    assert not text or text not in str(refusal.value)


def test_a_secret_is_not_shown() -> None:
    presented = parse_key(text=new_key(randomness=_fixed, sandbox=True).text)
    assert "secret" not in repr(presented)


def test_a_staff_key_is_read_back_and_is_no_merchants_key() -> None:
    made = new_staff_key(randomness=lambda count: bytes(range(count)))
    assert made.text.startswith("mqs_")
    read = parse_staff_key(text=made.text)
    assert read.key_id == made.key_id
    assert secret_matches(secret=read.secret, stored_hash=made.secret_hash)
    assert "secret" not in repr(read)
    with pytest.raises(Refusal):
        parse_key(text=made.text)


@pytest.mark.parametrize("text", ["", "mqs_", "mqk_test_a_b", "mqs_" + "a" * 16 + "_" + "1" * 52])
def test_what_is_no_staff_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_staff_key(text=text)
    assert refusal.value.code == "staff_key_malformed"
    assert refusal.value.text == "authorization: a staff key looks like mqs_…"
