"""Keys: merchants' ``mqk_test_<key id>_<secret>`` and ``mqk_live_…``, staff's ``mqs_<key id>_…``.

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
_STAFF_GRAMMAR = re.compile(r"mqs_([a-z2-7]{16})_([a-z2-7]{52})", re.ASCII)


class NewKey(NamedTuple):
    """A key as it is made. ``text`` is shown to its holder once and kept nowhere."""

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


@dataclass(frozen=True, kw_only=True)
class PresentedStaffKey:
    """A member of staff's key as a request presents it."""

    key_id: str
    secret: bytes = field(repr=False)


def new_staff_key(*, randomness: Callable[[int], bytes]) -> NewKey:
    """Make a key for a member of staff.

    Args:
        randomness: gives that many unpredictable bytes.
    """
    key_id = _letters(randomness(_ID_BYTES))
    secret = randomness(_SECRET_BYTES)
    return NewKey(
        text=f"mqs_{key_id}_{_letters(secret)}",
        key_id=key_id,
        secret_hash=secret_hash(secret=secret),
    )


def parse_staff_key(*, text: str) -> PresentedStaffKey:
    """Read a member of staff's key.

    Raises:
        Refusal: ``staff_key_malformed``; the key itself is not in the text.
    """
    found = _STAFF_GRAMMAR.fullmatch(text)
    secret = None if found is None else _secret(found[2])
    if found is None or secret is None:
        raise Refusal(
            "staff_key_malformed",
            "authorization: a staff key looks like mqs_…",
            mender=Mender.MEQENET,
            field="authorization",
        )
    return PresentedStaffKey(key_id=found[1], secret=secret)


def parse_key(*, text: str) -> PresentedKey:
    """Read a key.

    Raises:
        Refusal: ``api_key_malformed``; the key itself is not in the text.
    """
    found = _GRAMMAR.fullmatch(text)
    if found is None:
        raise _malformed()
    secret = _secret(found[3])
    if secret is None:
        raise _malformed()
    return PresentedKey(key_id=found[2], secret=secret, sandbox=found[1] == "test")


def secret_hash(*, secret: bytes) -> str:
    """SHA-256 of the secret's 32 bytes, in hexadecimal."""
    return hashlib.sha256(secret).hexdigest()


def secret_matches(*, secret: bytes, stored_hash: str) -> bool:
    """Whether the secret is the one, told in the same time either way."""
    return hmac.compare_digest(secret_hash(secret=secret), stored_hash)


def _letters(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _secret(letters: str) -> bytes | None:
    try:
        return base64.b32decode(letters.upper() + "====")
    except binascii.Error:
        return None


def _malformed() -> Refusal:
    return Refusal(
        "api_key_malformed",
        "authorization: an API key looks like mqk_test_… or mqk_live_…",
        mender=Mender.MERCHANT,
        field="authorization",
    )
