"""Idempotency keys of merchants' requests: the same request gets the same answer, for ever."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from db.kernel.engine import WriteSession
from db.kernel.once import insert_once
from db.marketplace.tables import IdempotencyRecord
from meqenet.errors import Defect


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """No answer is on file: carry the request out.

    ``again``: it was claimed before and not answered. Another process may be at it, or died at
    it; carrying it out once more is right, because everything behind it is idempotent too.
    """

    again: bool


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The answer on file."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Differs:
    """The key was used for another request."""


async def claim(
    *, session: WriteSession, merchant_id: str, key: str, request_hash: str, at: datetime
) -> Claimed | Replay | Differs:
    """Take the key for a request, or learn what became of it.

    Args:
        session: a transaction of its own, committed before the request is carried out.
        merchant_id: whose key it is: a merchant's, or a member of staff's by the staff id. Keys of
            different ones have nothing to do with each other.
        key: as the merchant sent it.
        request_hash: of method, path and body.
        at: now.
    """
    values = {
        "merchant_id": merchant_id,
        "key": key,
        "request_hash": request_hash,
        "claimed_at": at,
    }
    if await insert_once(session=session, table=IdempotencyRecord, values=values):
        return Claimed(again=False)
    record = await session.get_one(IdempotencyRecord, (merchant_id, key))
    if record.request_hash != request_hash:
        return Differs()
    return _answer_of(record) or Claimed(again=True)


async def answer(
    *, session: WriteSession, merchant_id: str, key: str, given: Replay, at: datetime
) -> Replay:
    """Keep the answer; the one to give, which is the first where two were at it.

    Raises:
        Defect: ``idempotency_key_unclaimed``.
    """
    record = await session.get(IdempotencyRecord, (merchant_id, key), with_for_update=True)
    if record is None:
        raise Defect("idempotency_key_unclaimed", "an answer without a claim")
    earlier = _answer_of(record)
    if earlier is not None:
        return earlier
    record.status, record.body = given.status, given.body
    record.headers, record.answered_at = dict(given.headers), at
    return given


def _answer_of(record: IdempotencyRecord) -> Replay | None:
    if record.status is None or record.body is None:
        return None
    return Replay(status=record.status, body=record.body, headers=record.headers or {})
