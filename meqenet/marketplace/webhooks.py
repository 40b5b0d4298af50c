"""Where and how a merchant is told of news: Standard Webhooks (standardwebhooks.com)."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from meqenet.errors import Mender, Refusal
from meqenet.event_chain import instant_text
from meqenet.marketplace.endpoints import EndpointRules, check_endpoint

_PREFIX = "whsec_"
_SECRET_BYTES_MIN, _SECRET_BYTES_MAX = 24, 64
"""The range that the specification recommends."""
_SECRET_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A merchant's endpoint and the secret that signs what is sent there."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """News of a plan. ``kind`` for example ``plan.approved``; ``at`` the instant of the news.

    ``sequence`` counts the plan's notices from 1 without a gap; None of those from before that.
    """

    kind: str
    merchant_id: str
    plan_id: str
    reference: str
    at: datetime
    sequence: int | None = None


def check_webhook(*, url: str | None, secret: str | None, rules: EndpointRules) -> Webhook | None:
    """The webhook that a merchant asks for; None when it wants no notices.

    Raises:
        Refusal: as :func:`meqenet.marketplace.endpoints.check_endpoint`;
            ``webhook_secret_invalid``. Either without the other is invalid too.
    """
    if url is None and secret is None:
        return None
    checked = check_endpoint(url=url, rules=rules)
    if secret is None or not _is_secret(secret):
        raise Refusal(
            "webhook_secret_invalid",
            "webhook_secret: whsec_ and base64 of 24 to 64 bytes",
            mender=Mender.MERCHANT,
            field="webhook_secret",
        )
    return Webhook(url=checked, secret=secret)


def notice_body(*, notice: Notice) -> str:
    """The JSON body: ``type``, ``timestamp`` and ``data``, as the specification has it."""
    data: dict[str, str | int] = {
        "plan_id": notice.plan_id,
        "merchant_id": notice.merchant_id,
        "reference": notice.reference,
    }
    if notice.sequence is not None:
        data["sequence"] = notice.sequence
    body = {"type": notice.kind, "timestamp": instant_text(at=notice.at), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def new_secret(*, randomness: Callable[[int], bytes]) -> str:
    """A fresh secret: ``whsec_`` and the base64 of 32 bytes from ``randomness``."""
    return _PREFIX + base64.b64encode(randomness(_SECRET_BYTES)).decode()


def _is_secret(secret: str) -> bool:
    if not secret.startswith(_PREFIX):
        return False
    try:
        raw = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return _SECRET_BYTES_MIN <= len(raw) <= _SECRET_BYTES_MAX
