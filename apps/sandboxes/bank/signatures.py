"""Checks who is calling: client id, timestamp, nonce and an HMAC over the body."""

import hashlib
import hmac
from datetime import timedelta

from fastapi import Request
from sqlalchemy import Column, Integer, MetaData, String, Table, delete
from sqlalchemy.dialects.sqlite import insert

from apps.sandboxes.kernel.book import Book
from apps.sandboxes.kernel.clock import Clock

WINDOW = timedelta(minutes=5)
metadata = MetaData()
nonces = Table(
    "nonces",
    metadata,
    Column("nonce", String(64), primary_key=True),
    Column("seen_s", Integer, nullable=False),
)


class NotAuthenticated(Exception):
    """The caller did not prove who it is. ``code`` says which check failed."""

    def __init__(self, *, code: str) -> None:
        super().__init__(code)
        self.code = code


class SignatureCheck:
    """HMAC-SHA256 in lower-case hex over ``timestamp.nonce.body`` with the client's secret.

    Headers: ``X-Client-Id``, ``X-Timestamp`` (epoch seconds, within five minutes), ``X-Nonce``
    (16 to 64 letters or digits, used once), ``X-Signature``.
    """

    def __init__(self, *, book: Book, client_id: str, secret: str, clock: Clock) -> None:
        book.add_tables(metadata=metadata)
        self._book = book
        self._client_id = client_id
        self._secret = secret.encode()
        self._clock = clock

    async def require(self, *, request: Request) -> bytes:
        """The body of an authentic request.

        Raises:
            NotAuthenticated: a header is missing or wrong, or the request is old or repeated.
        """
        body = await request.body()
        sent = request.headers
        timestamp, nonce = sent.get("X-Timestamp", ""), sent.get("X-Nonce", "")
        if not _same(sent.get("X-Client-Id", ""), self._client_id):
            raise NotAuthenticated(code="UNKNOWN_CLIENT")
        text = f"{timestamp}.{nonce}.".encode() + body
        wanted = hmac.new(self._secret, text, hashlib.sha256).hexdigest()
        if not _same(sent.get("X-Signature", ""), wanted):
            raise NotAuthenticated(code="BAD_SIGNATURE")
        now_s = int(self._clock().timestamp())
        grammatical = timestamp.isdecimal() and nonce.isalnum() and 16 <= len(nonce) <= 64  # noqa: PLR2004 - the header's grammar
        if not grammatical or abs(now_s - int(timestamp)) > WINDOW.total_seconds():
            raise NotAuthenticated(code="STALE_REQUEST")
        if not self._first_use(nonce=nonce, now_s=now_s):
            raise NotAuthenticated(code="REPEATED_NONCE")
        return body

    def _first_use(self, *, nonce: str, now_s: int) -> bool:
        forgotten_s = now_s - 2 * int(WINDOW.total_seconds())
        row = insert(nonces).values(nonce=nonce, seen_s=now_s).on_conflict_do_nothing()
        with self._book.transaction() as connection:
            connection.execute(delete(nonces).where(nonces.c.seen_s < forgotten_s))
            return bool(connection.execute(row).rowcount)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
