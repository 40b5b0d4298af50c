"""Reading the streams that the relays publish: CloudEvents back into events."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from redis.asyncio import Redis

from db.kernel.inbox import InboxEvent
from db.kernel.outbox import Position
from meqenet.errors import Defect
from meqenet.event_chain import EventContent


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """An event with the CloudEvent that it came in."""

    event: InboxEvent
    told: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What came, in the order of each source.

    Attributes:
        arrivals: the events.
        unreadable: sources whose next entry is no event of ours. Nothing behind it is in here.
    """

    arrivals: tuple[Arrival, ...]
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Published:
    """A stream as Redis has it: the newest entry, and how many there have been."""

    newest: Position
    entries: int


_PREFIX: Final = "meqenet."
_NOTHING: Final = Published(newest=Position(0, 0), entries=0)


async def receive(
    *, redis: Redis, after: Mapping[str, Position], limit: int, wait_milliseconds: int | None
) -> Delivery:
    """The next entries of every source.

    Args:
        redis: where the relays publish.
        after: source to the position behind which to read on.
        limit: how many at most, of each source.
        wait_milliseconds: how long to wait for the first one; None does not wait.

    Raises:
        redis.exceptions.RedisError: Redis cannot be reached.
    """
    streams: dict[Any, Any] = {
        stream_of(source=source): _entry_id(position) for source, position in after.items()
    }
    answer: Any = await redis.xread(streams, count=limit, block=wait_milliseconds)
    arrivals: list[Arrival] = []
    unreadable: list[str] = []
    for key, entries in _pairs(answer):
        source = _text(key).removeprefix(_PREFIX)
        for entry_id, fields in entries:
            try:
                arrivals.append(_arrival(source, _text(entry_id), fields))
            except Defect:
                # Its id may be anything, so it must not carry the position away with it.
                unreadable.append(source)
                break
    return Delivery(arrivals=tuple(arrivals), unreadable=tuple(unreadable))


async def published(*, redis: Redis, source: str) -> Published:
    """What Redis holds of a source."""
    stream = stream_of(source=source)
    if not await redis.exists(stream):
        return _NOTHING
    info: Any = await redis.xinfo_stream(stream)
    return Published(
        newest=_position(_text(info["last-generated-id"])), entries=int(info["entries-added"])
    )


def stream_of(*, source: str) -> str:
    """The Redis stream of a domain."""
    return f"{_PREFIX}{source}"


def inbox_event(*, source: str, position: Position, told: Mapping[str, Any]) -> InboxEvent:
    """Read a CloudEvent as :func:`workers.relay.cloud_event` writes it.

    Raises:
        Defect: ``entry_unreadable``: it is none, or another domain's.
    """
    unreadable = Defect(
        "entry_unreadable", f"an entry of {stream_of(source=source)} is no event of ours"
    )
    prefix, kind = f"{_PREFIX}{source}.", str(told.get("type"))
    head = (told.get("specversion"), told.get("source"), kind.startswith(prefix))
    if head != ("1.0", f"/meqenet/{source}", True):
        raise unreadable
    try:
        kind, version = kind.removeprefix(prefix).rsplit(".v", 1)
        return InboxEvent(
            source=source,
            position=position,
            content=EventContent(
                event_id=_of_type(str, told["id"]),
                stream=_of_type(str, told["subject"]),
                sequence=int(told["sequence"]),
                event_type=kind,
                version=int(version),
                data=_of_type(dict, told["data"]),
                effective_at=datetime.fromisoformat(told["time"]),
            ),
            recorded_at=datetime.fromisoformat(told["recordedtime"]),
        )
    except (KeyError, TypeError, ValueError):
        raise unreadable from None


def _arrival(source: str, entry_id: str, fields: Mapping[Any, Any]) -> Arrival:
    position = _position(entry_id)
    try:
        told = json.loads(fields[b"event"], parse_float=_no_fraction)
    except (KeyError, ValueError):
        told = {}
    if not isinstance(told, dict):
        told = {}
    event = inbox_event(source=source, position=position, told=told)
    return Arrival(event=event, told=told)


def _no_fraction(text: str) -> object:
    """Events hold whole numbers only: amounts are santim, rates are text."""
    raise ValueError(text)


def _pairs(answer: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - a list, or in RESP3 a mapping
    if isinstance(answer, Mapping):
        return [(key, found[0]) for key, found in answer.items()]
    return list(answer or ())


def _position(entry_id: str) -> Position:
    xid, _, number = entry_id.partition("-")
    return Position(int(xid), int(number))


def _entry_id(position: Position) -> str:
    return f"{position.xid}-{position.number}"


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _of_type(kind: type[Any], value: object) -> Any:  # noqa: ANN401 - of the type that was asked
    if not isinstance(value, kind):
        raise TypeError(kind.__name__)
    return value
