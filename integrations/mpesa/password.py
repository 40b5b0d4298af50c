"""The secrets that travel inside an M-PESA request: STK password and security credential."""

import base64
import binascii
import hashlib
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from meqenet.errors import Defect

ADDIS_ABABA = ZoneInfo("Africa/Addis_Ababa")
"""The zone of every M-PESA Ethiopia timestamp (providers.md 2.2): UTC+3, no daylight saving."""


class PasswordForm(StrEnum):
    """How short code, passkey and timestamp become the STK ``Password``."""

    ET = "ET"
    """base64 of the 64 lower-case hex letters of SHA-256, as Ethiopia documents it."""
    KE = "KE"
    """base64 of the plain text, the Kenyan form that some client libraries still send."""


def addis_timestamp(*, moment: datetime) -> str:
    """``yyyyMMddHHmmss`` in Addis Ababa, the form of ``Timestamp`` in an STK push."""
    if moment.tzinfo is None:
        raise ValueError("moment: must be an aware datetime")
    return moment.astimezone(ADDIS_ABABA).strftime("%Y%m%d%H%M%S")


def stk_password(*, short_code: str, passkey: str, timestamp: str, form: PasswordForm) -> str:
    """The STK push ``Password`` for one timestamp (providers.md 2.3)."""
    text = f"{short_code}{passkey}{timestamp}".encode()
    if form is PasswordForm.ET:
        text = hashlib.sha256(text).hexdigest().encode()
    return base64.b64encode(text).decode()


def encrypt_initiator_password(*, password: str, certificate: str) -> str:
    """``SecurityCredential``: the initiator's password under the provider's public key.

    base64 of RSA with PKCS#1 v1.5 padding (providers.md 2.6), different each time.

    Args:
        password: the API initiator's password, as set in the provider's portal.
        certificate: the portal's certificate, as PEM or as base64 of its DER on one line.

    Raises:
        Defect: ``mpesa_certificate_unreadable``; the setting is no RSA certificate.
    """
    key = _certificate(certificate).public_key()
    if not isinstance(key, RSAPublicKey):
        raise Defect("mpesa_certificate_unreadable", "the M-PESA certificate holds no RSA key")
    return base64.b64encode(key.encrypt(password.encode(), PKCS1v15())).decode()


def _certificate(text: str) -> x509.Certificate:
    """Read the certificate in either spelling; settings files like to keep it on one line."""
    try:
        if "BEGIN CERTIFICATE" in text:
            return x509.load_pem_x509_certificate(text.replace("\\n", "\n").encode())
        return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error) as error:
        raise Defect(
            "mpesa_certificate_unreadable", "the M-PESA certificate is neither PEM nor base64 DER"
        ) from error
