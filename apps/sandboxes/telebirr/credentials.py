"""A merchant's test credentials, and the keys of both sides; made once, kept in the sandbox."""

import base64
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from apps.sandboxes.kernel.keyring import Keyring

_EXPONENT = 65537
_BITS = 2048


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What the provider issued to the one merchant of this sandbox, and its own signing key."""

    fabric_app_id: str
    app_secret: str = field(repr=False)
    merchant_app_id: str
    merchant_code: str
    merchant_private_key: str = field(repr=False)
    merchant_public_key: RSAPublicKey = field(repr=False)
    sp_private_key: RSAPrivateKey = field(repr=False)

    @property
    def sp_public_key(self) -> str:
        """The provider's public key as it is handed out: bare base64 DER."""
        public = self.sp_private_key.public_key()
        return _text(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def keep_credentials(*, keyring: Keyring) -> Credentials:
    """The credentials of this sandbox; they stay the same in the same data directory."""
    merchant_key = keyring.keep(name="merchant_private_key", make=_fresh_key)
    return Credentials(
        fabric_app_id=keyring.keep(name="fabric_app_id", make=_fresh_uuid),
        app_secret=keyring.keep(name="app_secret", make=lambda: secrets.token_hex(16)),
        merchant_app_id=keyring.keep(name="merchant_app_id", make=_digits(count=16)),
        merchant_code=keyring.keep(name="merchant_code", make=_digits(count=6)),
        merchant_private_key=merchant_key,
        merchant_public_key=_private(merchant_key).public_key(),
        sp_private_key=_private(keyring.keep(name="sp_private_key", make=_fresh_key)),
    )


def _fresh_uuid() -> str:
    return str(uuid.uuid4())


def _digits(*, count: int) -> Callable[[], str]:
    def make() -> str:
        first = str(secrets.randbelow(9) + 1)
        return first + "".join(str(secrets.randbelow(10)) for _ in range(count - 1))

    return make


def _fresh_key() -> str:
    key = rsa.generate_private_key(public_exponent=_EXPONENT, key_size=_BITS)
    return _text(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


@lru_cache(maxsize=8)
def _private(text: str) -> RSAPrivateKey:
    key = load_der_private_key(base64.b64decode(text), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the kept key is no RSA key")
    return key


def _text(der: bytes) -> str:
    return base64.b64encode(der).decode("ascii")
