"""What a client of this sandbox must hold, made at the first start and kept."""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

from apps.sandboxes.kernel.keyring import Keyring

SHORT_CODE = "600998"
"""Six digits: the Python library insists on six, others on four to six."""
INITIATOR = "apitest"
_CERTIFICATE_LIFE = timedelta(days=3650)


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Keys and secrets of the one application and the one short code of this sandbox."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    short_code: str
    passkey: str = field(repr=False)
    initiator_name: str
    initiator_password: str = field(repr=False)
    certificate: str = field(repr=False)
    private_key: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def kept(cls, *, keyring: Keyring, at: datetime) -> Self:
        """Those that the sandbox has, made now if it has none."""
        pem = keyring.keep(name="initiator_private_key", make=_new_private_key)
        private_key = _read(pem)
        return cls(
            consumer_key=keyring.keep(name="consumer_key", make=secrets.token_urlsafe),
            consumer_secret=keyring.keep(name="consumer_secret", make=secrets.token_urlsafe),
            short_code=SHORT_CODE,
            passkey=keyring.keep(name="passkey", make=lambda: secrets.token_hex(32)),
            initiator_name=INITIATOR,
            initiator_password=keyring.keep(name="initiator", make=secrets.token_urlsafe),
            certificate=keyring.keep(
                name="certificate", make=lambda: _new_certificate(private_key, at=at)
            ),
            private_key=private_key,
        )

    def for_clients(self) -> dict[str, str]:
        """By the name of the client's setting."""
        return {
            "consumer_key": self.consumer_key,
            "consumer_secret": self.consumer_secret,
            "short_code": self.short_code,
            "passkey": self.passkey,
            "initiator_name": self.initiator_name,
            "initiator_password": self.initiator_password,
            "certificate": self.certificate,
        }

    def password_fits(self, *, password: str, timestamp: str, kenyan: bool) -> bool:
        """Whether an STK ``Password`` is right: base64 of hex, or of plain text if ``kenyan``."""
        plain = f"{self.short_code}{self.passkey}{timestamp}".encode()
        forms = [hashlib.sha256(plain).hexdigest().encode(), *([plain] if kenyan else [])]
        return any(hmac.compare_digest(base64.b64encode(form), password.encode()) for form in forms)

    def initiator_fits(self, *, name: str, security_credential: str) -> bool:
        """Whether the initiator is ours and the credential holds its password."""
        try:
            sealed = base64.b64decode(security_credential, validate=True)
            password = self.private_key.decrypt(sealed, PKCS1v15())
        except (ValueError, binascii.Error):
            return False
        right = hmac.compare_digest(password, self.initiator_password.encode())
        return right and name == self.initiator_name


@lru_cache(maxsize=8)
def _read(pem: str) -> rsa.RSAPrivateKey:
    private_key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise TypeError("initiator_private_key: the sandbox keeps an RSA key there")
    return private_key


def _new_private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _new_certificate(key: rsa.RSAPrivateKey, *, at: datetime) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "M-PESA sandbox")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + _CERTIFICATE_LIFE)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
