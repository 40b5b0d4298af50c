"""Merchants' API keys: ``mqk_test_<key id>_<secret>`` and ``mqk_live_<key id>_<secret>``.

The key id is public and finds the key. The secret is 256 random bits; only its SHA-256 is kept,
which is enough for a secret that nobody can guess. Id and secret are lower-case base32.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from meqenet.errors import Mender, Refusal

_ID_BYTES = 10
_SECRET_BYTES = 32
_GRAMMAR = re.compile(r"mqk_(test|live)_([a-z2-7]{16})_([a-z2-7]{52})", re.ASCII)


class NewKey(NamedTuple):
    """A key as it is made. ``text`` is shown to the merchant once and kept nowhere."""

    text: str
    key_id: str
    secret_hash: str


@dataclass(frozen=True, kw_only=True)
class PresentedKey:
    """A key as a request presents it. ``sandbox`` keys reach no real money."""

    key_id: str
    secret: bytes = field(repr=False)
    sandbox: bool


def new_key(*, randomness: Callable[[int], bytes], sandbox: bool) -> NewKey:
    """Make a key.

    Args:
        randomness: gives that many unpredictable bytes.
        sandbox: whether it is a test key.
    """
    key_id = _letters(randomness(_ID_BYTES))
    secret = randomness(_SECRET_BYTES)
    mode = "test" if sandbox else "live"
    return NewKey(
        text=f"mqk_{mode}_{key_id}_{_letters(secret)}",
        key_id=key_id,
        secret_hash=secret_hash(secret=secret),
    )


def parse_key(*, text: str) -> PresentedKey:
    """Read a key.

    Raises:
        Refusal: ``api_key_malformed``; the key itself is not in the text.
    """
    found = _GRAMMAR.fullmatch(text)
    if found is None:
        raise _malformed()
    try:
        secret = base64.b32decode(found[3].upper() + "====")
    except binascii.Error:
        raise _malformed() from None
    return PresentedKey(key_id=found[2], secret=secret, sandbox=found[1] == "test")


def secret_hash(*, secret: bytes) -> str:
    """SHA-256 of the secret's 32 bytes, in hexadecimal."""
    return hashlib.sha256(secret).hexdigest()


def secret_matches(*, secret: bytes, stored_hash: str) -> bool:
    """Whether the secret is the one, told in the same time either way."""
    return hmac.compare_digest(secret_hash(secret=secret), stored_hash)


def _letters(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _malformed() -> Refusal:
    return Refusal(
        "api_key_malformed",
        "authorization: an API key looks like mqk_test_… or mqk_live_…",
        mender=Mender.MERCHANT,
        field="authorization",
    )
