"""The hash chain of a stream of events: a changed, missing or swapped event shows.

Each event's hash is SHA-256 over the canonical JSON of its content and the hash before it, so the
last hash vouches for the whole stream. Canonical JSON is RFC 8785 (JCS) narrowed to what events
hold: object keys sorted and in ASCII, no white space, text as UTF-8 without needless escapes,
whole numbers only. Money, decimals, dates and instants are written as :func:`plain` says.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from json.encoder import encode_basestring
from typing import Any, Final

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


@dataclass(frozen=True, kw_only=True)
class ChainBreak:
    """The first record of a stream that does not hold, and why."""

    stream: str
    sequence: int
    what: str


@dataclass(kw_only=True)
class ChainWalk:
    """Checks whole streams as a database writes them out: many of them, in text, batch by batch.

    It says of every row what :func:`first_break` says, at a fifth of the cost: the canonical JSON
    is put together from texts, and only ``data`` is read and written again.

    Args:
        parse: reads JSON text; the standard library's own, or a faster one that reads the same.
    """

    parse: Callable[[str], Any] = json.loads
    _stream: str | None = field(default=None, init=False)
    _sequence: int = field(default=0, init=False)
    _previous: bytes = field(default=GENESIS, init=False)

    def first_break(self, rows: Iterable[Sequence[str]]) -> ChainBreak | None:
        """Take the next rows, ordered by stream and sequence; None while everything holds.

        Args:
            rows: the texts of stream, sequence, event id, event type, version, ``data`` (JSON with
                any white space and order of keys), ``effective_at`` as :func:`instant_text` has
                it, previous hash and hash (both in hexadecimal). A stream's first row that is
                ever given is its first event.
        """
        stream, sequence, previous = self._stream, self._sequence, self._previous
        parse, compact, quoted, sha256 = self.parse, _compact, encode_basestring, hashlib.sha256
        previous_hex, quoted_stream = previous.hex(), quoted(stream or "")
        for of, number, event_id, event_type, version, data, at, before_hex, hash_hex in rows:
            if of != stream:
                stream, sequence, previous, previous_hex = of, 0, GENESIS, GENESIS.hex()
                quoted_stream = quoted(of)
            sequence += 1
            if number != str(sequence):
                return _gap(stream=of, expected=sequence, found=number)
            if before_hex != previous_hex:
                what = "previous_hash is not the hash of the event before it"
                return ChainBreak(stream=of, sequence=sequence, what=what)
            try:
                # The names of EventContent in their canonical order.
                text = (
                    f'{{"data":{compact(parse(data))},"effective_at":"{at}",'
                    f'"event_id":{quoted(event_id)},"event_type":{quoted(event_type)},'
                    f'"sequence":{number},"stream":{quoted_stream},"version":{version}}}'
                )
                digest = sha256(previous + text.encode())
            except (ValueError, RecursionError):
                what = "data is not what an event may hold"
                return ChainBreak(stream=of, sequence=sequence, what=what)
            previous_hex = digest.hexdigest()
            if hash_hex != previous_hex:
                what = "hash is not that of its content"
                return ChainBreak(stream=of, sequence=sequence, what=what)
            previous = digest.digest()
        self._stream, self._sequence, self._previous = stream, sequence, previous
        return None


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
    return _compact(plain(value)).encode()


def event_hash(*, content: EventContent, previous_hash: bytes) -> bytes:
    """SHA-256 of the previous hash (32 bytes) followed by the content's canonical JSON."""
    if len(previous_hash) != len(GENESIS):
        raise ValueError("previous_hash: 32 bytes")
    return hashlib.sha256(previous_hash + canonical_json(value=content)).digest()


def around_data_and_sequence(*, content: EventContent) -> tuple[str, str, str]:
    """The content's canonical JSON but for the data and the sequence number, which are left out.

    For whoever learns the number only where the event is stored: the canonical JSON is the first
    text, that of the data, the second text, the number in decimal digits, and the third text.
    """
    between = (
        f',"effective_at":"{instant_text(at=content.effective_at)}",'
        f'"event_id":{encode_basestring(content.event_id)},'
        f'"event_type":{encode_basestring(content.event_type)},"sequence":'
    )
    behind = f',"stream":{encode_basestring(content.stream)},"version":{content.version}}}'
    return '{"data":', between, behind


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


def _gap(*, stream: str, expected: int, found: str) -> ChainBreak:
    what = f"missing: event {found} stands in its place"
    return ChainBreak(stream=stream, sequence=expected, what=what)


def _compact_writer() -> Callable[[Any], str]:
    """Writes plain JSON values canonically.

    CPython makes its encoder in C anew for every text; made once, it is half as costly.
    """
    writer = json.JSONEncoder(
        sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    make: Callable[..., Any] | None = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return writer.encode
    pieces = make(None, writer.default, encode_basestring, None, ":", ",", True, False, False)  # noqa: FBT003 - of C
    return lambda value: "".join(pieces(value, 0))


_compact: Final = _compact_writer()


def _key(key: object) -> str:
    if not isinstance(key, str) or not key.isascii():
        raise TypeError("data: object keys are ASCII text")
    return key
