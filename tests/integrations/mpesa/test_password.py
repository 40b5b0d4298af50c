"""The published vectors of the Ethiopian password, and what an initiator seals."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from integrations.mpesa.password import (
    PasswordForm,
    addis_timestamp,
    encrypt_initiator_password,
    stk_password,
)
from meqenet.errors import Defect

AT = datetime(2026, 1, 1, tzinfo=UTC)
INITIATOR = "open sesame"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certify(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "portal")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(AT)
        .not_valid_after(AT + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


PEM = certify(KEY).public_bytes(serialization.Encoding.PEM).decode()
DER = base64.b64encode(certify(KEY).public_bytes(serialization.Encoding.DER)).decode()


def test_the_ethiopian_password_is_base64_of_hex() -> None:
    sent = stk_password(
        short_code="1020", passkey="PASSKEY", timestamp="20240918055823", form=PasswordForm.ET
    )
    assert sent == (
        "ZWQ0YmQ4ZDYxMWZhMjVkMjRlYjRkMTk3NmQzNTI0YWM5ODRmMzc1NDhjYTEwOTFmMzQ1MzEyNTEzZDM2Mzk4YQ=="
    )


def test_the_kenyan_password_is_base64_of_plain_text() -> None:
    password = stk_password(
        short_code="554433", passkey="PK", timestamp="20260101120000", form=PasswordForm.KE
    )
    assert base64.b64decode(password) == b"554433PK20260101120000"


def test_the_timestamp_is_the_time_in_addis_ababa() -> None:
    assert addis_timestamp(moment=datetime(2026, 12, 31, 21, 0, 9, tzinfo=UTC)) == "20270101000009"


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        addis_timestamp(moment=datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize("certificate", [PEM, PEM.replace("\n", "\\n"), DER])
def test_the_credential_opens_with_the_private_key_only(certificate: str) -> None:
    sealed = encrypt_initiator_password(password=INITIATOR, certificate=certificate)
    assert KEY.decrypt(base64.b64decode(sealed), PKCS1v15()) == INITIATOR.encode()
    assert sealed != encrypt_initiator_password(password=INITIATOR, certificate=certificate)


@pytest.mark.parametrize(
    "certificate",
    [
        "",
        "not base64!",
        base64.b64encode(b"no certificate").decode(),
        PEM.replace("MII", "XXX"),
        certify(ec.generate_private_key(ec.SECP256R1()))
        .public_bytes(serialization.Encoding.PEM)
        .decode(),
    ],
)
def test_what_is_no_rsa_certificate_is_a_defect(certificate: str) -> None:
    with pytest.raises(Defect) as caught:
        encrypt_initiator_password(password=INITIATOR, certificate=certificate)
    assert caught.value.code == "mpesa_certificate_unreadable"
