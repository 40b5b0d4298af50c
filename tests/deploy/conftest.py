import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc.jwk import RSAKey

from workers.settings import development_keys


@pytest.fixture(scope="session")
def provider_values() -> dict[str, str]:
    """What an operator would write into ``.env``, where any text will not do."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = RSAKey.import_key(private, {"kid": "test"})
    jwk = base64.b64encode(json.dumps(key.as_dict(private=True)).encode()).decode()
    return {
        **development_keys(),
        "MEQENET_ANCHOR_SECONDS": "3600",
        "MEQENET_PUBLIC_URL": "https://pay.example.com",
        "MEQENET_TELEBIRR_BASE_URL": "https://telebirr.example.com",
        "MEQENET_TELEBIRR_PRIVATE_KEY": base64.b64encode(
            private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        ).decode(),
        "MEQENET_TELEBIRR_SP_PUBLIC_KEY": base64.b64encode(
            private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode(),
        "MEQENET_TELEBIRR_STATEMENT_URL": "https://telebirr.example.com/statement",
        "MEQENET_MPESA_STATEMENT_URL": "https://mpesa.example.com/statement",
        "MEQENET_BANK_STATEMENT_URL": "https://bank.example.com/statement",
        "MEQENET_TELEBIRR_MERCHANT_APP_ID": "1234567890123456",
        "MEQENET_TELEBIRR_MERCHANT_CODE": "123456",
        "MEQENET_TELEBIRR_MANDATE_TEMPLATE_ID": "207001",
        "MEQENET_MPESA_BASE_URL": "https://mpesa.example.com",
        "MEQENET_MPESA_SHORT_CODE": "1234",
        "MEQENET_MPESA_CALLBACK_SECRET": "0123456789abcdef",
        "MEQENET_FAYDA_BASE_URL": "https://fayda.example.com",
        "MEQENET_FAYDA_PRIVATE_KEY": jwk,
        "MEQENET_BANK_BASE_URL": "https://bank.example.com",
        "MEQENET_BANK_SECRET": "0123456789abcdef",
        "MEQENET_BANK_DEBTOR_ACCOUNT": "1000123456789",
        "MEQENET_MESSAGES_BASE_URL": "https://messages.example.com",
        "MEQENET_MESSAGES_API_KEY": "0123456789abcdef",
        "MEQENET_MESSAGES_SENDER": "Meqenet",
    }
