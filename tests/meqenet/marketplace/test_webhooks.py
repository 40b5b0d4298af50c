import base64
import json
from datetime import UTC, datetime

import pytest

from meqenet.errors import Refusal
from meqenet.marketplace.endpoints import STRICT
from meqenet.marketplace.webhooks import Notice, Webhook, check_webhook, notice_body

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
URL = "https://shop.example/hooks?from=meqenet"


@pytest.mark.parametrize("url", [URL, "https://9.9.9.9/hooks", "https://shop.example:8443"])
@pytest.mark.parametrize("length", [24, 64])
def test_a_webhook_is_a_url_and_a_secret(url: str, length: int) -> None:
    secret = "whsec_" + base64.b64encode(bytes(length)).decode()
    assert check_webhook(url=url, secret=secret, rules=STRICT) == Webhook(url=url, secret=secret)


def test_a_merchant_may_want_no_notices() -> None:
    assert check_webhook(url=None, secret=None, rules=STRICT) is None


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "shop.example/hooks",
        "ftp://shop.example/",
        "https://",
        "https:///hooks",
        "https://user:password@shop.example/",
        "https://shop.example/#part",
        "https://shop.example:99999/",
        "https://shop.example:0/",
        "https://shop.example/a b",
        "https://shop.example/\r\nhost: other",
        "https://[::1/",
        "https://shop.example/" + "a" * 2000,
    ],
)
def test_a_malformed_url_is_refused(url: str | None) -> None:
    with pytest.raises(Refusal) as refusal:
        check_webhook(url=url, secret=SECRET, rules=STRICT)
    assert (refusal.value.code, refusal.value.field) == ("webhook_url_invalid", "webhook_url")


@pytest.mark.parametrize(
    "secret",
    [
        None,
        "",
        SECRET.removeprefix("whsec_"),
        SECRET + "!",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_ብር",
    ],
)
def test_a_malformed_secret_is_refused_without_being_shown(secret: str | None) -> None:
    with pytest.raises(Refusal) as refusal:
        check_webhook(url=URL, secret=secret, rules=STRICT)
    assert refusal.value.code == "webhook_secret_invalid"
    assert not secret or secret not in str(refusal.value)


def test_a_secret_is_not_shown() -> None:
    assert SECRET not in repr(check_webhook(url=URL, secret=SECRET, rules=STRICT))


def test_the_body_follows_the_specification() -> None:
    notice = Notice(
        kind="plan.activated",
        merchant_id="mer_a",
        plan_id="pln_a",
        reference="ትዕዛዝ-1",
        at=datetime(2026, 3, 1, 9, tzinfo=UTC),
    )
    assert json.loads(notice_body(notice=notice)) == {
        "type": "plan.activated",
        "timestamp": "2026-03-01T09:00:00.000000Z",
        "data": {"plan_id": "pln_a", "merchant_id": "mer_a", "reference": "ትዕዛዝ-1"},
    }
