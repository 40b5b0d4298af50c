"""The provider's side of the signature: what is signed, by whom, and why it does not fit.

Written from the protocol (providers.md 1.5), apart from the client's own, so that each tests the
other.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

SIGN_TYPE: Final = "SHA256WithRSA"
_SHA256: Final = hashes.SHA256()
_SALT_BYTES: Final = 32
_LEFT_OUT: Final = {
    *("sign", "sign_type", "header", "biz_content"),
    *("refund_info", "openType", "raw_request", "wallet_reference_data"),
}
_SPOKEN: Final = {True: "true", False: "false"}


class Misfit(StrEnum):
    """Why a signature is refused. The value is what a developer reads."""

    MISSING = "there is no signature"
    """No ``sign`` field."""
    NOT_BASE64 = "the signature is not base64"
    """It cannot be decoded."""
    WRONG_PADDING = "valid signature, wrong padding: PKCS#1 v1.5 instead of PSS"
    """The habit of the provider's own Python sample."""
    WRONG_SALT = "valid signature, wrong salt length: PSS needs a salt of 32 bytes"
    """A library's default of the longest salt."""
    STRINGIFIED = "valid signature over nested objects as JSON text; they must be flattened"
    """The habit of the provider's own JavaScript sample."""
    EMPTY_KEPT = "valid signature over empty values too; they must be left out"
    """``key=`` in the canonical string."""
    FORGED = "the signature does not fit the canonical string and the key"
    """Another key, or another text."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of a verification; ``misfit`` is None when the signature is good."""

    canonical: str
    misfit: Misfit | None


class Canon:
    """One way to write the canonical string; the variants exist to recognise mistakes."""

    def __init__(self, *, stringify_nested: bool = False, keep_empty: bool = False) -> None:
        self._stringify_nested = stringify_nested
        self._keep_empty = keep_empty

    def text(self, *, message: Mapping[str, object]) -> str:
        """``key=value&…`` of the message, ``biz_content`` lifted, sorted by the keys' bytes."""
        found: dict[str, str] = {}
        self._collect(message, into=found)
        content = message.get("biz_content")
        if isinstance(content, dict):
            self._collect(content, into=found)
        return "&".join(f"{key}={found[key]}" for key in sorted(found, key=str.encode))

    def _collect(self, level: Mapping[str, object], *, into: dict[str, str]) -> None:
        for key in level.keys() - _LEFT_OUT:
            value = level[key]
            if isinstance(value, dict) and not self._stringify_nested:
                self._collect(value, into=into)
            elif value not in (None, ""):
                into[key] = _spelled(value)
            elif self._keep_empty:
                into[key] = ""


_CANON: Final = Canon()


def canonical(*, message: Mapping[str, object]) -> str:
    """The text that must have been signed."""
    return _CANON.text(message=message)


def signature(*, message: Mapping[str, object], key: RSAPrivateKey) -> str:
    """The provider's own signature over a message."""
    padding = PSS(MGF1(_SHA256), _SALT_BYTES)
    signed = key.sign(canonical(message=message).encode("utf-8"), padding, _SHA256)
    return base64.b64encode(signed).decode()


def judge(*, message: Mapping[str, object], key: RSAPublicKey) -> Verdict:
    """Verify a message's own ``sign``, and when it does not fit, find out why."""
    text = canonical(message=message)
    sign = message.get("sign")
    if not isinstance(sign, str) or not sign:
        return Verdict(canonical=text, misfit=Misfit.MISSING)
    try:
        raw = base64.b64decode(sign, validate=True)
    except (binascii.Error, ValueError):
        return Verdict(canonical=text, misfit=Misfit.NOT_BASE64)
    return Verdict(canonical=text, misfit=_misfit(message, text=text, raw=raw, key=key))


def _misfit(
    message: Mapping[str, object], *, text: str, raw: bytes, key: RSAPublicKey
) -> Misfit | None:
    pss = PSS(MGF1(_SHA256), _SALT_BYTES)
    if _fits(text, raw=raw, key=key, padding=pss):
        return None
    if _fits(text, raw=raw, key=key, padding=PKCS1v15()):
        return Misfit.WRONG_PADDING
    if _fits(text, raw=raw, key=key, padding=PSS(MGF1(_SHA256), PSS.AUTO)):
        return Misfit.WRONG_SALT
    mistakes = {
        Misfit.STRINGIFIED: Canon(stringify_nested=True),
        Misfit.EMPTY_KEPT: Canon(keep_empty=True),
    }
    for misfit, canon in mistakes.items():
        if _fits(canon.text(message=message), raw=raw, key=key, padding=pss):
            return misfit
    return Misfit.FORGED


def _fits(text: str, *, raw: bytes, key: RSAPublicKey, padding: AsymmetricPadding) -> bool:
    try:
        key.verify(raw, text.encode("utf-8"), padding, _SHA256)
    except InvalidSignature:
        return False
    return True


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return _SPOKEN[value]
    if isinstance(value, str | int | Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
