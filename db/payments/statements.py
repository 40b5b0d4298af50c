"""Providers' statements as they came: every version of every day, and the lines that it has."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append, lock_stream
from db.payments.judging import judge_item
from db.payments.tables import ReconciliationItem, Statement
from db.payments.tables import StatementLine as Row
from meqenet.calendar import at_addis
from meqenet.errors import Defect
from meqenet.payments.events import StatementReceived
from meqenet.payments.reconciliation import Because, Judgement, Verdict
from meqenet.payments.statement_document import StatementForm, StatementLine, read_document

_CONTENT: Final = EncryptedColumn(table="statements", name="content_sealed")
"""Sealed as Latin-1, which gives every byte a character."""
_DAYS_MAX: Final = 31
"""So far back a missed day is made up for."""
_PER_INSERT: Final = 1000
_ANEW: Final = Judgement(verdict=Verdict.PENDING, because=Because.NOT_JUDGED)
_GONE: Final = Judgement(verdict=Verdict.WITHDRAWN, because=Because.NO_LONGER_LISTED)


@dataclass(frozen=True, kw_only=True)
class KeptStatement:
    """A version of a day's statement. ``is_new``: it differs from the one before."""

    version: int
    line_count: int
    is_new: bool


async def keep_statement(
    *,
    session: WriteSession,
    keyring: Keyring,
    provider: str,
    day: date,
    form: StatementForm,
    content: bytes,
    source: str,
    at: datetime,
) -> KeptStatement:
    """Keep the document; the content that the day has already is no version of its own.

    Args:
        session: the transaction.
        keyring: seals the document.
        provider: whose.
        day: the day in Addis Ababa that it is of.
        form: how it is written.
        content: the bytes as they came.
        source: where it came from: ``provider`` or ``file``.
        at: when it came.

    Raises:
        Refusal: ``statement_malformed``; nothing is kept of it.
    """
    lines = read_document(content=content, form=form)
    stream = stream_of(provider=provider, day=day)
    await lock_stream(session=session, stream=stream)
    newest = await newest_version(session=session, provider=provider, day=day)
    digest = hashlib.sha256(content).digest()
    if newest is not None and newest.content_hash == digest:
        return KeptStatement(version=newest.version, line_count=newest.line_count, is_new=False)
    version = 1 if newest is None else newest.version + 1
    key = await make_data_key(session=session, keyring=keyring, person_id=_person(provider))
    session.add(
        Statement(
            provider=provider,
            day=day,
            version=version,
            form=form,
            source=source,
            content_hash=digest,
            content_sealed=_CONTENT.seal(key=key, text=content.decode("latin-1")),
            line_count=len(lines),
            received_at=at,
        )
    )
    await session.flush()
    await _keep_lines(session, provider=provider, day=day, version=version, lines=lines)
    await _lay_out(session, provider=provider, day=day, lines=lines, at=at)
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{stream}-v{version}",
            stream=stream,
            data=StatementReceived(
                provider=provider,
                day=day,
                statement_version=version,
                form=form,
                content_hash=digest.hex(),
                line_count=len(lines),
            ),
            at=at,
        ),
    )
    return KeptStatement(version=version, line_count=len(lines), is_new=True)


async def read_content(
    *, session: ReadSession, keyring: Keyring, provider: str, day: date, version: int
) -> bytes:
    """The document as it came.

    Raises:
        Defect: ``statement_missing``.
    """
    kept = await session.get(Statement, (provider, day, version))
    if kept is None:
        raise Defect("statement_missing", f"{provider} has no version {version} of {day}")
    key = await find_data_key(session=session, keyring=keyring, person_id=_person(provider))
    return _CONTENT.open(key=key, sealed=kept.content_sealed).encode("latin-1")


async def newest_version(*, session: ReadSession, provider: str, day: date) -> Statement | None:
    """The newest version of a day's statement."""
    found = await session.scalars(
        select(Statement)
        .where(Statement.provider == provider, Statement.day == day)
        .order_by(Statement.version.desc())
        .limit(1)
    )
    return found.one_or_none()


async def days_due(*, session: ReadSession, provider: str, until: date) -> tuple[date, ...]:
    """Days up to ``until``, oldest first, whose statement has not come since they were over.

    Begins with the first day that has one; at a provider that never gave any, ``until`` alone.
    """
    rows = await session.execute(
        select(Statement.day, func.max(Statement.received_at))
        .where(Statement.provider == provider, Statement.day > until - timedelta(days=_DAYS_MAX))
        .group_by(Statement.day)
    )
    received: dict[date, datetime] = dict(iter(rows))
    first = min(received, default=until)
    days = (first + timedelta(days=ahead) for ahead in range((until - first).days + 1))
    return tuple(
        day
        for day in days
        if day not in received or received[day] < at_addis(on=day + timedelta(days=1), hour=0)
    )


def stream_of(*, provider: str, day: date) -> str:
    """The stream of events of a day's statement."""
    return f"statement-{provider}-{day:%Y%m%d}"


def line_item(*, provider: str, day: date, line_id: str) -> str:
    """The name under which a line is judged, in all versions of its day's statement."""
    return f"{provider}-{day:%Y%m%d}-{line_id}"


async def _keep_lines(
    session: WriteSession,
    *,
    provider: str,
    day: date,
    version: int,
    lines: Sequence[StatementLine],
) -> None:
    for some in _batches(lines):
        await session.execute(
            insert(Row),
            [
                {
                    "provider": provider,
                    "day": day,
                    "version": version,
                    "line_id": line.line_id,
                    "kind": line.kind,
                    "reference": line.reference,
                    "receipt": line.receipt,
                    "amount_santim": line.amount,
                    "charge_santim": line.charge,
                    "moved_at": line.at,
                }
                for line in some
            ],
        )


async def _lay_out(
    session: WriteSession,
    *,
    provider: str,
    day: date,
    lines: Sequence[StatementLine],
    at: datetime,
) -> None:
    """Lay the lines out to be judged; what an older version said of a line gives way."""
    item = ReconciliationItem
    listed = {line_item(provider=provider, day=day, line_id=line.line_id): line for line in lines}
    known = {
        found.item_id: found
        for found in await session.scalars(
            select(item).where(item.provider == provider, item.day == day).with_for_update()
        )
    }
    fresh = [
        _item(line, item_id=item_id, provider=provider, day=day, at=at)
        for item_id, line in listed.items()
        if item_id not in known
    ]
    for some in _batches(fresh):
        await session.execute(insert(item), list(some))
    for item_id, found in known.items():
        line = listed.get(item_id)
        if line is None:
            await _ask_again(session, found, at=at)
            await judge_item(session=session, item=found, judgement=_GONE, at=at)
        elif _said(found) != (line.key, line.kind, line.amount, line.charge, line.receipt):
            await _ask_again(session, found, at=at)
            found.key, found.kind, found.receipt = line.key, line.kind, line.receipt
            found.amount_santim, found.charge_santim = line.amount, line.charge
            found.moved_at = line.at
            await judge_item(session=session, item=found, judgement=_ANEW, at=at)
        elif found.verdict is Verdict.WITHDRAWN:
            await judge_item(session=session, item=found, judgement=_ANEW, at=at)


async def _ask_again(session: WriteSession, found: ReconciliationItem, *, at: datetime) -> None:
    """Whatever met this line is judged anew."""
    item = ReconciliationItem
    met = await session.scalars(
        select(item)
        .where(
            item.provider == found.provider,
            item.key == found.key,
            item.verdict != Verdict.WITHDRAWN,
            item.accepted_by.is_(None),
        )
        .with_for_update()
    )
    for each in met.all():
        await judge_item(session=session, item=each, judgement=_ANEW, at=at)


def _item(
    line: StatementLine, *, item_id: str, provider: str, day: date, at: datetime
) -> dict[str, Any]:
    return {
        "provider": provider,
        "item_id": item_id,
        "key": line.key,
        "kind": line.kind,
        "day": day,
        "order_id": None,
        "amount_santim": line.amount,
        "charge_santim": line.charge,
        "receipt": line.receipt,
        "moved_at": line.at,
        "since": at,
        "verdict": Verdict.PENDING,
        "because": Because.NOT_JUDGED,
        "changed_at": at,
        "judgements": 0,
        "partner": None,
        "accepted_by": None,
    }


def _said(found: ReconciliationItem) -> tuple[object, ...]:
    return (found.key, found.kind, found.amount_santim, found.charge_santim, found.receipt)


def _batches(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[start : start + _PER_INSERT] for start in range(0, len(rows), _PER_INSERT))


def _person(provider: str) -> str:
    return f"statements-of-{provider}"
