"""Telebirr's signature: RSASSA-PSS, SHA-256, MGF1-SHA-256, salt of 32 bytes (providers.md 1.5)."""

import base64
import binascii
import json
import secrets
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from meqenet.errors import Defect

SIGN_TYPE: Final = "SHA256WithRSA"
Nesting: TypeAlias = Literal["flattened", "stringified"]

_UNSIGNED: Final = frozenset(
    {
        "sign",
        "sign_type",
        "header",
        "refund_info",
        "openType",
        "raw_request",
        "biz_content",
        "wallet_reference_data",
    }
)
_PSS: Final = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


def fresh_nonce() -> str:
    """32 upper-case letters and digits that nobody can guess; the form of every sample."""
    return secrets.token_hex(16).upper()


def canonical_string(*, message: Mapping[str, object], nested: Nesting = "flattened") -> str:
    """The text that is signed: ``key=value`` of every signed field, sorted, joined with ``&``.

    Children of ``biz_content`` stand beside the top-level fields, and so do, ``flattened``,
    those of objects inside it (``mandate_data``). Null and empty values do not take part.

    Raises:
        ValueError: a value is a list, which the wire does not know.
    """
    lifted = dict(_fields(message, nested=nested))
    content = message.get("biz_content")
    if isinstance(content, Mapping):
        lifted.update(_fields(content, nested=nested))
    pairs = sorted(lifted.items(), key=lambda pair: pair[0].encode())
    return "&".join(f"{key}={text}" for key, text in pairs)


def sign(*, text: str, private_key: RSAPrivateKey) -> str:
    """The signature in standard base64."""
    return base64.b64encode(private_key.sign(text.encode(), _PSS, hashes.SHA256())).decode("ascii")


def verifies(*, text: str, signature: str, public_key: RSAPublicKey) -> bool:
    """Whether the base64 ``signature`` is the key holder's over ``text``."""
    try:
        public_key.verify(
            base64.b64decode(signature, validate=True), text.encode(), _PSS, hashes.SHA256()
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


@lru_cache(maxsize=8)
def load_private_key(*, text: str) -> RSAPrivateKey:
    """Read our key from PEM or bare base64 DER; kept as read, for the check of it takes a while.

    Raises:
        Defect: it is no RSA private key; the key itself is never in the text.
    """
    try:
        if "-----BEGIN" in text:
            key = serialization.load_pem_private_key(_pem(text), password=None)
        else:
            key = serialization.load_der_private_key(_der(text), password=None)
    except (ValueError, TypeError):
        raise Defect("telebirr_key_unreadable", "private_key: neither PEM nor base64 DER") from None
    if not isinstance(key, RSAPrivateKey):
        raise Defect("telebirr_key_unreadable", "private_key: not an RSA key")
    return key


def load_public_key(*, text: str) -> RSAPublicKey:
    """Read Telebirr's key from PEM or bare base64 DER.

    Raises:
        Defect: it is no RSA public key.
    """
    try:
        if "-----BEGIN" in text:
            key = serialization.load_pem_public_key(_pem(text))
        else:
            key = serialization.load_der_public_key(_der(text))
    except ValueError:
        raise Defect(
            "telebirr_key_unreadable", "sp_public_key: neither PEM nor base64 DER"
        ) from None
    if not isinstance(key, RSAPublicKey):
        raise Defect("telebirr_key_unreadable", "sp_public_key: not an RSA key")
    return key


def _fields(level: Mapping[str, object], *, nested: Nesting) -> Iterator[tuple[str, str]]:
    for key, value in level.items():
        if key in _UNSIGNED or value is None or value == "":
            continue
        if not isinstance(value, Mapping):
            yield key, _plain(value, key=key)
        elif nested == "flattened":
            yield from _fields(value, nested=nested)
        else:
            yield key, json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _plain(value: object, *, key: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | Decimal():
            return str(value)
        case _:
            raise ValueError(f"{key}: a {type(value).__name__} cannot be signed")


def _pem(text: str) -> bytes:
    r"""PEM as bytes; environment files often keep its line ends as the two characters ``\n``."""
    return text.replace("\\n", "\n").encode()


def _der(text: str) -> bytes:
    return base64.b64decode("".join(text.split()), validate=True)
