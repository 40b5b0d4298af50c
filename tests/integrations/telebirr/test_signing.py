import base64
import json
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from apps.sandboxes.telebirr import signing as sandbox
from integrations.telebirr.signing import (
    canonical_string,
    fresh_nonce,
    load_private_key,
    load_public_key,
    sign,
    verifies,
)
from meqenet.errors import Defect

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NONCE = "6B0TQ4ZJ2M8X1C5V7N9L3K6H0G2F4D8S"

OBSERVED = {
    "timestamp": "1795334443",
    "nonce_str": NONCE,
    "method": "payment.queryorder",
    "version": "1.0",
    "sign_type": "SHA256WithRSA",
    "sign": "not part of it",
    "biz_content": {
        "merch_order_id": "ORD1",
        "appid": "1234567890123456",
        "merch_code": "101011",
    },
}
OBSERVED_TEXT = (
    "appid=1234567890123456&merch_code=101011&merch_order_id=ORD1&method=payment.queryorder"
    f"&nonce_str={NONCE}&timestamp=1795334443&version=1.0"
)
WITH_MANDATE = {
    "nonce_str": NONCE,
    "timestamp": "1795334443",
    "method": "payment.preorder",
    "version": "1.0",
    "app_code": "extra",
    "biz_content": {
        "trade_type": "InApp",
        "title": "ጫማ እና ቦርሳ",
        "total_amount": "10.00",
        "callback_info": "",
        "redirect_url": None,
        "refund_info": "left out",
        "mandate_data": {
            "mctContractNo": "0" * 31 + "1",
            "mandateTemplateId": "207001",
            "executeTime": "2026-12-06",
            "openType": "left out here too",
        },
    },
}
WITH_MANDATE_TEXT = (
    "app_code=extra&executeTime=2026-12-06&mandateTemplateId=207001"
    f"&mctContractNo={'0' * 31}1&method=payment.preorder&nonce_str={NONCE}"
    "&timestamp=1795334443&title=ጫማ እና ቦርሳ&total_amount=10.00&trade_type=InApp&version=1.0"
)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (OBSERVED, OBSERVED_TEXT),
        (WITH_MANDATE, WITH_MANDATE_TEXT),
        ({"b": 1, "B": True, "_": Decimal("10.50"), "a": False}, "B=true&_=10.50&a=false&b=1"),
        ({"transId": "x", "trans_id": "y", "trans_currency": "z"},
         "transId=x&trans_currency=z&trans_id=y"),
        ({"a": "1 +%&=/"}, "a=1 +%&=/"),
        ({}, ""),
    ],
)  # fmt: skip
def test_both_sides_write_the_same_canonical_string(message: dict[str, object], text: str) -> None:
    assert canonical_string(message=message) == text
    assert sandbox.canonical(message=message) == text


def test_nested_objects_can_be_signed_as_json_text() -> None:
    text = canonical_string(message=WITH_MANDATE, nested="stringified")
    assert 'mandate_data={"mctContractNo":"0' in text
    assert "executeTime=" not in text


def test_a_list_cannot_be_signed() -> None:
    with pytest.raises(ValueError, match="wallets: a list"):
        canonical_string(message={"biz_content": {"wallets": []}})


def test_each_side_accepts_the_other() -> None:
    ours = sign(text=canonical_string(message=WITH_MANDATE), private_key=KEY)
    verdict = sandbox.judge(message={**WITH_MANDATE, "sign": ours}, key=KEY.public_key())
    assert verdict.misfit is None
    theirs = sandbox.signature(message=WITH_MANDATE, key=KEY)
    assert verifies(text=WITH_MANDATE_TEXT, signature=theirs, public_key=KEY.public_key())


def test_a_signature_fits_one_text_and_one_key_only() -> None:
    signature = sign(text="a=1", private_key=KEY)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert verifies(text="a=1", signature=signature, public_key=KEY.public_key())
    assert not verifies(text="a=2", signature=signature, public_key=KEY.public_key())
    assert not verifies(text="a=1", signature=signature, public_key=other.public_key())
    assert not verifies(text="a=1", signature="###", public_key=KEY.public_key())
    assert sign(text="a=1", private_key=KEY) != signature, "PSS salts every signature"


def raw_signature(text: str, scheme: padding.AsymmetricPadding) -> str:
    return base64.b64encode(KEY.sign(text.encode(), scheme, hashes.SHA256())).decode()


def pss(salt_length: int) -> padding.PSS:
    return padding.PSS(padding.MGF1(hashes.SHA256()), salt_length)


@pytest.mark.parametrize(
    ("signature", "misfit"),
    [
        (raw_signature(WITH_MANDATE_TEXT, padding.PKCS1v15()), sandbox.Misfit.WRONG_PADDING),
        (raw_signature(WITH_MANDATE_TEXT, pss(222)), sandbox.Misfit.WRONG_SALT),
        (raw_signature(WITH_MANDATE_TEXT + "x", pss(32)), sandbox.Misfit.FORGED),
        ("never base64!", sandbox.Misfit.NOT_BASE64),
        ("", sandbox.Misfit.MISSING),
        (
            sign(
                text=canonical_string(message=WITH_MANDATE, nested="stringified"), private_key=KEY
            ),
            sandbox.Misfit.STRINGIFIED,
        ),
        (
            raw_signature(
                WITH_MANDATE_TEXT.replace("&executeTime", "&callback_info=&executeTime").replace(
                    "&timestamp", "&redirect_url=&timestamp"
                ),
                pss(32),
            ),
            sandbox.Misfit.EMPTY_KEPT,
        ),
    ],
)  # fmt: skip
def test_the_sandbox_says_why_a_signature_does_not_fit(
    signature: str, misfit: sandbox.Misfit
) -> None:
    message = {**WITH_MANDATE, "sign": signature}
    verdict = sandbox.judge(message=message, key=KEY.public_key())
    assert verdict.misfit is misfit
    assert verdict.canonical == WITH_MANDATE_TEXT
    assert not verifies(text=WITH_MANDATE_TEXT, signature=signature, public_key=KEY.public_key())


def der(key: rsa.RSAPrivateKey) -> str:
    return base64.b64encode(
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    ).decode()


def test_keys_are_read_in_every_form_in_which_they_are_handed_out() -> None:
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    folded = "\n".join(der(KEY)[at : at + 64] for at in range(0, len(der(KEY)), 64))
    for text in (pem, pem.replace("\n", "\\n"), der(KEY), folded):
        assert load_private_key(text=text).private_numbers() == KEY.private_numbers()
    public = KEY.public_key()
    public_pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    public_der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for text in (public_pem, json.dumps(public_pem)[1:-1], base64.b64encode(public_der).decode()):
        assert load_public_key(text=text).public_numbers() == public.public_numbers()


def test_what_is_no_rsa_key_is_refused_without_being_shown() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    elliptic = base64.b64encode(
        curve.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    ).decode()
    for text in (elliptic, "c2VjcmV0", "!secret!", "-----BEGIN PRIVATE KEY-----\nsecret"):
        with pytest.raises(Defect) as refused:
            load_private_key(text=text)
        assert refused.value.code == "telebirr_key_unreadable"
        assert text not in str(refused.value)
        with pytest.raises(Defect):
            load_public_key(text=text)


def test_a_nonce_has_the_form_of_the_samples_and_never_comes_twice() -> None:
    nonces = {fresh_nonce() for _ in range(100)}
    assert len(nonces) == 100
    assert all(len(nonce) == 32 and nonce.isalnum() and nonce.isupper() for nonce in nonces)
