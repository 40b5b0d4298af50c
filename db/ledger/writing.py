"""How a transaction gets into the books: locked, dated, written and told in one call.

Whoever posts takes the lock of the periods first, which all who post share, then that of the plan's
stream; only then does it write. So it is the same order everywhere, no two plans wait for each
other, and none is dated into a period that is being closed.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from db.kernel.engine import Database, WriteSession
from db.kernel.events import lock_stream
from db.ledger.tables import LedgerTransaction
from meqenet.errors import Defect, Mender, Refusal, Unavailable
from meqenet.event_chain import (
    EventContent,
    around_data_and_sequence,
    canonical_json,
)
from meqenet.ledger.entries import Entry
from meqenet.ledger.events import PostedEntry, TransactionPosted
from meqenet.ledger.happenings import Happening, PostingReversed

_POST: Final = """
    SELECT outcome, open_from, stored_hash
    FROM post_transaction($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


@dataclass(frozen=True, kw_only=True)
class NewTransaction:
    """What is to be written.

    Attributes:
        posting_id: the plan's id, a hyphen, and what the caller derived.
        happening: why.
        entries: its lines, in order; they balance.
        effective_at: when it was true.
        ends_hold: it is what a hold of this id has waited for; otherwise there is no such hold.
    """

    posting_id: str
    happening: Happening | PostingReversed
    entries: Sequence[Entry]
    effective_at: datetime
    ends_hold: bool = False

    @property
    def plan_id(self) -> str:
        """Whose it is."""
        return self.happening.plan_id


async def enter(*, session: WriteSession, plan_id: str) -> None:
    """Take both locks, for whoever has to look before it writes. What it reads then stands."""
    await session.execute(text("SELECT books_open_from()"))
    await lock_stream(session=session, stream=plan_id)


async def write(*, session: WriteSession, transaction: NewTransaction) -> bool:
    """Write one with its event in the caller's transaction; whether it is new. Again: nothing.

    What was true in a closed period counts from the first open instant on, and says so.

    Raises:
        Refusal: ``posting_differs`` when the id stands for another happening, or a hold of one.
        Defect: ``posting_id_foreign`` when the id is not of the happening's plan.
        Unavailable: ``transaction_overtaken``: see :func:`db.kernel.events.lock_stream`.
    """

    async def call(arguments: tuple[Any, ...]) -> Row[Any]:
        return await session.run_sync(_call, arguments=arguments)

    return await _write(transaction, call)


async def write_alone(*, database: Database, transaction: NewTransaction) -> bool:
    """As :func:`write`, in a database transaction of its own and in one round trip."""

    async def call(arguments: tuple[Any, ...]) -> Row[Any]:
        return await database.write_alone(statement=_POST, arguments=arguments)

    return await _write(transaction, call)


async def _write(
    transaction: NewTransaction, call: Callable[[tuple[Any, ...]], Awaitable[Row[Any]]]
) -> bool:
    plan_id, posting_id = transaction.plan_id, transaction.posting_id
    require_own(plan_id=plan_id, made_id=posting_id)
    content_hash = content_hash_of(told=transaction.happening)
    counts_at = transaction.effective_at
    while True:
        arguments = _arguments(transaction, content_hash=content_hash, counts_at=counts_at)
        row = await call(arguments)
        match row.outcome:
            case "posted":
                return True
            case "closed":
                # Should a later period be closed before this is written, it is told so again.
                counts_at = row.open_from
            case "stored" if row.stored_hash == content_hash:
                return False
            case "stored" | "held":
                raise differs(posting_id=posting_id)
            case _:
                raise Unavailable(
                    "transaction_overtaken",
                    f"{plan_id}: a transaction that began to write later has appended first",
                )


async def is_written(*, session: WriteSession, transaction: NewTransaction) -> bool:
    """Whether it has been written before. Call :func:`enter` first.

    Raises:
        Refusal: ``posting_differs``, as of :func:`write`.
    """
    plan_id, posting_id = transaction.plan_id, transaction.posting_id
    stored = await _stored_hash(session, plan_id=plan_id, posting_id=posting_id)
    if stored is None:
        return False
    if stored != content_hash_of(told=transaction.happening):
        raise differs(posting_id=posting_id)
    return True


async def is_posted(*, session: WriteSession, plan_id: str, posting_id: str) -> bool:
    """Whether anything stands under the id, whatever it tells. Call :func:`enter` first."""
    return await _stored_hash(session, plan_id=plan_id, posting_id=posting_id) is not None


async def _stored_hash(session: WriteSession, *, plan_id: str, posting_id: str) -> bytes | None:
    stored: bytes | None = await session.scalar(
        select(LedgerTransaction.content_hash).where(
            LedgerTransaction.plan_id == plan_id, LedgerTransaction.posting_id == posting_id
        )
    )
    return stored


def content_hash_of(*, told: object) -> bytes:
    """What makes a repetition known: SHA-256 of what was told, in its one spelling."""
    return hashlib.sha256(canonical_json(value=told)).digest()


def differs(*, posting_id: str) -> Refusal:
    """The id stands for something else already."""
    return Refusal(
        "posting_differs", f"{posting_id} is posted with other content", mender=Mender.MEQENET
    )


def require_own(*, plan_id: str, made_id: str) -> None:
    """Let no id stand under another plan than it was derived from.

    Raises:
        Defect: ``posting_id_foreign``.
    """
    if not made_id.startswith(f"{plan_id}-"):
        raise Defect("posting_id_foreign", f"{made_id} is not derived from {plan_id}")


def _call(session: Session, *, arguments: tuple[Any, ...]) -> Row[Any]:
    """Past the ORM and the compiler: this is the most frequent write of the whole store."""
    return session.connection().exec_driver_sql(_POST, arguments).one()


def _arguments(
    transaction: NewTransaction, *, content_hash: bytes, counts_at: datetime
) -> tuple[Any, ...]:
    """As post_transaction takes them: it makes the rows out of the event, so that both agree."""
    content = EventContent(
        event_id=transaction.posting_id,
        stream=transaction.plan_id,
        sequence=0,
        event_type=TransactionPosted.event_type,
        version=TransactionPosted.version,
        data={},
        effective_at=counts_at,
    )
    before, between, behind = around_data_and_sequence(content=content)
    return (
        transaction.plan_id,
        transaction.posting_id,
        content_hash,
        counts_at,
        transaction.ends_hold,
        _accounts(transaction.entries),
        _event_data(transaction, counts_at=counts_at),
        before,
        between,
        behind,
    )


def _event_data(transaction: NewTransaction, *, counts_at: datetime) -> str:
    true_at = transaction.effective_at
    data = TransactionPosted(
        happening=transaction.happening,
        entries=tuple(
            PostedEntry(account=entry.account.code, side=entry.side, amount=entry.amount)
            for entry in transaction.entries
        ),
        backdated_from=None if counts_at == true_at else true_at,
    )
    return canonical_json(value=data).decode()


def _accounts(entries: Sequence[Entry]) -> str:
    accounts = {entry.account.code: entry.account for entry in entries}
    return json.dumps(
        [
            {
                "code": code,
                "name": account.name,
                "type": account.type,
                "normal_side": account.type.normal_side,
                "owner": account.owner,
                "owner_id": account.owner_id,
            }
            for code, account in accounts.items()
        ]
    )
