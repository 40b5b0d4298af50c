"""Request signatures: HMAC-SHA256 over ``timestamp.nonce.body``, in lower-case hex."""

import hashlib
import hmac
from datetime import datetime


def signed_headers(
    *, client_id: str, secret: str, at: datetime, nonce: str, body: bytes
) -> dict[str, str]:
    """The headers that prove who sends this body, now and once.

    Args:
        client_id: who we are.
        secret: the shared key.
        at: the present; the bank takes requests within five minutes of it.
        nonce: 16 to 64 letters or digits that were never used before.
        body: the exact bytes that are sent; empty for a question.
    """
    timestamp = str(int(at.timestamp()))
    text = f"{timestamp}.{nonce}.".encode() + body
    return {
        "X-Client-Id": client_id,
        "X-Timestamp": timestamp,
        "X-Nonce": nonce,
        "X-Signature": hmac.new(secret.encode(), text, hashlib.sha256).hexdigest(),
    }
