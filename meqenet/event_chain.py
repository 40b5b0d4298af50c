"""The hash chain of a stream of events: a changed, missing or swapped event shows.

Each event's hash is SHA-256 over the canonical JSON of its content and the hash before it, so the
last hash vouches for the whole stream. Canonical JSON is RFC 8785 (JCS) narrowed to what events
hold: object keys sorted and in ASCII, no white space, text as UTF-8 without needless escapes,
whole numbers only. Money, decimals, dates and instants are written as :func:`plain` says.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from meqenet.money import Money

GENESIS = bytes(32)
"""What the first event of a stream has in place of a previous hash."""


@dataclass(frozen=True, kw_only=True)
class EventContent:
    """What the hash covers. When the store took it down is the store's matter and is not in it.

    ``sequence`` counts from 1 within the stream, without a gap; ``effective_at`` is when it was
    true; ``data`` is plain JSON.
    """

    event_id: str
    stream: str
    sequence: int
    event_type: str
    version: int
    data: Mapping[str, Any]
    effective_at: datetime


@dataclass(frozen=True, kw_only=True)
class ChainedEvent:
    """A stored event with its two hashes."""

    content: EventContent
    previous_hash: bytes
    hash: bytes


def plain(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """The JSON form of a value: the one spelling of each thing, so that hashes agree.

    Money is ``{"currency": "ETB", "santim": 125050}``, a Decimal its string, a date ISO 8601, an
    instant RFC 3339 in UTC with microseconds, an enum member its value, a dataclass an object.

    Raises:
        TypeError: a float, or anything else that has no exact form.
        ValueError: an instant without a time zone.
    """
    form: Any
    match value:
        case Enum():
            form = plain(value.value)
        case None | bool() | int() | str():
            form = value
        case Money():
            form = {"currency": value.currency.value, "santim": value.santim}
        case Decimal():
            form = str(value)
        case datetime():
            form = instant_text(at=value)
        case date():
            form = value.isoformat()
        case Mapping():
            form = {_key(key): plain(inner) for key, inner in value.items()}
        case list() | tuple():
            form = [plain(inner) for inner in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            form = {each.name: plain(getattr(value, each.name)) for each in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__}: has no exact JSON form")
    return form


def instant_text(*, at: datetime) -> str:
    """RFC 3339 in UTC with microseconds: ``2026-01-02T03:04:05.000006Z``.

    Raises:
        ValueError: the instant has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("at: an instant needs a time zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical_json(*, value: object) -> bytes:
    """The one spelling in bytes of a value that :func:`plain` can take.

    Raises:
        TypeError, ValueError: as :func:`plain`.
    """
    text = json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def event_hash(*, content: EventContent, previous_hash: bytes) -> bytes:
    """SHA-256 of the previous hash (32 bytes) followed by the content's canonical JSON."""
    if len(previous_hash) != len(GENESIS):
        raise ValueError("previous_hash: 32 bytes")
    return hashlib.sha256(previous_hash + canonical_json(value=content)).digest()


def first_break(*, events: Iterable[ChainedEvent]) -> int | None:
    """The sequence at which a whole stream, given from its first event on, ceases to hold.

    None when every number follows the one before and every hash fits.
    """
    previous_hash = GENESIS
    for sequence, event in enumerate(events, start=1):
        expected = event_hash(content=event.content, previous_hash=previous_hash)
        if (event.content.sequence, event.previous_hash, event.hash) != (
            sequence,
            previous_hash,
            expected,
        ):
            return sequence
        previous_hash = event.hash
    return None


def _key(key: object) -> str:
    if not isinstance(key, str) or not key.isascii():
        raise TypeError("data: object keys are ASCII text")
    return key
