"""Taking events in, within one transaction: each has its effect once, in the order of its stream.

An event that cannot be taken in goes to the parking table, and what follows it in its stream
waits behind it there. Other streams go on.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from db.analytics.models import Changes, ReadModel
from db.kernel import inbox, parking
from db.kernel.engine import WriteSession
from db.kernel.inbox import InboxEvent
from db.kernel.parking import Failure, ParkedEvent, Queue
from meqenet.errors import Defect, MeqenetError
from workers.receiving import Arrival, inbox_event

PAUSES: Final = (timedelta(seconds=1), timedelta(seconds=10), timedelta(minutes=1))
"""An event that failed is tried again after each of these; then a person has to ask for it."""
QUEUE_MAX: Final = 500
"""How many parked events of one stream are tried in one transaction."""

_OUT_OF_SEQUENCE: Final = Failure(error_type=Defect.__name__, error_code="event_out_of_sequence")
"""The event before it in its stream has not been heard of."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Retried:
    """What came of a queue: how many of its events have had their effect, and whether all did."""

    taken: int
    is_empty: bool


async def take_in(
    *,
    session: WriteSession,
    model: ReadModel,
    arrivals: Sequence[Arrival],
    condemned: Failure | None = None,
    pauses: Sequence[timedelta] = PAUSES,
) -> None:
    """Let the events have their effect, once, or park them. The consumer's lock is the caller's.

    Args:
        session: the transaction; it also moves the position.
        model: the read model.
        arrivals: the events, in the order of each source.
        condemned: why none of them can be taken in, when the database has said so.
        pauses: after which a parked event is tried again.
    """
    events = [arrival.event for arrival in arrivals]
    intake = await _Intake.begin(session=session, model=model, events=events)
    for arrival in arrivals:
        event = arrival.event
        if intake.has(event):
            continue
        failure = None
        if not intake.is_blocked(event):
            failure = condemned or intake.take(event)
            if failure is None:
                continue
            _tell(model, event, failure)
        intake.block(event)
        await parking.park(
            session=session,
            queue=_queue(model, event),
            sequence=event.content.sequence,
            position=event.position,
            event=arrival.told,
            failure=failure,
            try_again_in=_pause(pauses, tries=0) if failure else None,
        )
    await intake.finish()


async def take_parked(
    *,
    session: WriteSession,
    model: ReadModel,
    queue: Queue,
    limit: int = QUEUE_MAX,
    condemned: Failure | None = None,
    pauses: Sequence[timedelta] = PAUSES,
) -> Retried:
    """Try a queue again from its head, until it is empty or one fails.

    Args:
        session: the transaction.
        model: the read model that the queue is of.
        queue: the queue.
        limit: how many of it at most.
        condemned: why its head cannot be taken in, when the database has said so.
        pauses: after which it is tried again by itself.
    """
    await inbox.lock_consumer(session=session, consumer=model.name)
    waiting = await parking.read_queue(session=session, queue=queue, limit=limit)
    events = [_parked_event(parked) for parked in waiting]
    intake = await _Intake.begin(session=session, model=model, events=events)
    taken: list[int] = []
    for parked, event in zip(waiting, events, strict=True):
        failure = None if intake.has(event) else condemned or intake.take(event)
        if failure is not None:
            _tell(model, event, failure)
            await parking.note_failure(
                session=session,
                parked_id=parked.parked_id,
                failure=failure,
                try_again_in=_pause(pauses, tries=parked.tries),
            )
            break
        taken.append(parked.parked_id)
    await intake.finish()
    await parking.release(session=session, parked_ids=taken)
    left = await parking.read_queue(session=session, queue=queue, limit=1)
    return Retried(taken=len(taken), is_empty=not left)


def failure_of(*, error: Exception) -> Failure:
    """What is kept of an error: its text may hold anything."""
    code = error.code if isinstance(error, MeqenetError) else None
    return Failure(error_type=type(error).__name__, error_code=code)


class _Intake:
    """How far each stream has come, and the model's changes, until both are stored."""

    def __init__(self, *, session: WriteSession, model: ReadModel, changes: Changes) -> None:
        self._session = session
        self._model = model
        self._changes = changes
        self._reached: dict[tuple[str, str], int] = {}
        self._moved: set[tuple[str, str]] = set()
        self._blocked: set[tuple[str, str]] = set()

    @classmethod
    async def begin(
        cls, *, session: WriteSession, model: ReadModel, events: Sequence[InboxEvent]
    ) -> "_Intake":
        changes = await model.open(session=session, events=events)
        intake = cls(session=session, model=model, changes=changes)
        for source in sorted({event.source for event in events}):
            streams = {event.content.stream for event in events if event.source == source}
            reached = await inbox.read_sequences(
                session=session, consumer=model.name, source=source, streams=streams
            )
            blocked = await parking.blocked_streams(
                session=session, consumer=model.name, source=source, streams=streams
            )
            intake._reached |= {(source, stream): number for stream, number in reached.items()}
            intake._blocked |= {(source, stream) for stream in blocked}
        return intake

    def has(self, event: InboxEvent) -> bool:
        """Whether the event has had its effect already."""
        return event.content.sequence <= self._reached.get(_stream(event), 0)

    def is_blocked(self, event: InboxEvent) -> bool:
        """Whether events of its stream wait in the parking table."""
        return _stream(event) in self._blocked

    def block(self, event: InboxEvent) -> None:
        """Let what follows in the stream wait."""
        self._blocked.add(_stream(event))

    def take(self, event: InboxEvent) -> Failure | None:
        """Let the event have its effect; what is wrong with it otherwise."""
        stream, sequence = _stream(event), event.content.sequence
        if sequence != self._reached.get(stream, 0) + 1:
            return _OUT_OF_SEQUENCE
        try:
            self._changes.take(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must block its stream only
            return failure_of(error=error)
        self._reached[stream] = sequence
        self._moved.add(stream)
        return None

    async def finish(self) -> None:
        """Store the changes, and how far each stream has come."""
        await self._changes.save(session=self._session)
        for source in sorted({source for source, _ in self._moved}):
            await inbox.store_sequences(
                session=self._session,
                consumer=self._model.name,
                source=source,
                sequences={
                    stream: self._reached[source, stream]
                    for of, stream in sorted(self._moved)
                    if of == source
                },
            )


def _stream(event: InboxEvent) -> tuple[str, str]:
    return event.source, event.content.stream


def _queue(model: ReadModel, event: InboxEvent) -> Queue:
    return Queue(consumer=model.name, source=event.source, stream=event.content.stream)


def _parked_event(parked: ParkedEvent) -> InboxEvent:
    return inbox_event(source=parked.source, position=parked.position, told=parked.event)


def _pause(pauses: Sequence[timedelta], *, tries: int) -> timedelta | None:
    return pauses[tries] if tries < len(pauses) else None


def _tell(model: ReadModel, event: InboxEvent, failure: Failure) -> None:
    _log.error(
        "%s cannot take in event %s of %s (%s): %s %s",
        model.name,
        event.content.sequence,
        event.content.stream,
        event.source,
        failure.error_type,
        failure.error_code or "",
    )
