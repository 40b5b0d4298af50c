"""Where and how a merchant is told of news: Standard Webhooks (standardwebhooks.com)."""

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from meqenet.errors import Mender, Refusal
from meqenet.event_chain import instant_text

_PREFIX = "whsec_"
_SECRET_BYTES_MIN, _SECRET_BYTES_MAX = 24, 64
"""The range that the specification recommends."""
_URL_LENGTH_MAX = 2000


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A merchant's endpoint and the secret that signs what is sent there."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """News of a plan. ``kind`` for example ``plan.approved``; ``at`` the instant of the news."""

    kind: str
    merchant_id: str
    plan_id: str
    reference: str
    at: datetime


def check_webhook(*, url: str | None, secret: str | None) -> Webhook | None:
    """The webhook that a merchant asks for; None when it wants no notices.

    Raises:
        Refusal: ``webhook_url_invalid``, ``webhook_secret_invalid``; either without the other is
            invalid too.
    """
    if url is None and secret is None:
        return None
    if url is None or not _is_endpoint(url):
        raise Refusal(
            "webhook_url_invalid",
            "webhook_url: an http or https URL with a host, without a password or fragment",
            mender=Mender.MERCHANT,
            field="webhook_url",
        )
    if secret is None or not _is_secret(secret):
        raise Refusal(
            "webhook_secret_invalid",
            "webhook_secret: whsec_ and base64 of 24 to 64 bytes",
            mender=Mender.MERCHANT,
            field="webhook_secret",
        )
    return Webhook(url=url, secret=secret)


def notice_body(*, notice: Notice) -> str:
    """The JSON body: ``type``, ``timestamp`` and ``data``, as the specification has it."""
    body = {
        "type": notice.kind,
        "timestamp": instant_text(at=notice.at),
        "data": {
            "plan_id": notice.plan_id,
            "merchant_id": notice.merchant_id,
            "reference": notice.reference,
        },
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _is_endpoint(url: str) -> bool:
    if len(url) > _URL_LENGTH_MAX or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port != 0
        and parts.username is None
        and not parts.fragment
    )


def _is_secret(secret: str) -> bool:
    if not secret.startswith(_PREFIX):
        return False
    try:
        raw = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return _SECRET_BYTES_MIN <= len(raw) <= _SECRET_BYTES_MAX
