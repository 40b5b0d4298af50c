"""The one way into the books: a happening, posted once under its id."""

import hashlib
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append
from db.ledger.tables import LedgerAccount, LedgerEntry, LedgerTransaction
from meqenet.errors import Defect, Mender, Refusal
from meqenet.event_chain import canonical_json, plain
from meqenet.ledger.events import PostedEntry, TransactionPosted
from meqenet.ledger.happenings import Happening
from meqenet.ledger.posting_rules import Entry, entries_for


async def post(
    *, session: WriteSession, posting_id: str, happening: Happening, effective_at: datetime
) -> None:
    """Post a happening. The same id with the same happening again changes nothing.

    Args:
        session: the transaction; it is refused at its commit if the entries do not balance.
        posting_id: the plan's id, a hyphen, and what the caller derived.
        happening: what happened; its rule makes the entries.
        effective_at: when it was true. Of a repetition the first instant stands.

    Raises:
        Refusal: ``posting_differs`` when the id stands for another happening.
        Defect: ``posting_id_foreign`` when the id is not of the happening's plan, and those of
            :func:`meqenet.ledger.posting_rules.entries_for`.
    """
    plan_id = happening.plan_id
    if not posting_id.startswith(f"{plan_id}-"):
        raise Defect("posting_id_foreign", f"{posting_id} is not derived from {plan_id}")
    entries = entries_for(happening=happening)
    content_hash = hashlib.sha256(canonical_json(value=happening)).digest()
    # An insert under the same id waits here until the other transaction has ended.
    is_new = await session.scalar(
        upsert(LedgerTransaction)
        .values(
            plan_id=plan_id,
            posting_id=posting_id,
            kind=happening.kind,
            happening=plain(happening),
            content_hash=content_hash,
            effective_at=effective_at,
        )
        .on_conflict_do_nothing()
        .returning(LedgerTransaction.posting_id)
    )
    if is_new is None:
        await _require_same(
            session=session, plan_id=plan_id, posting_id=posting_id, content_hash=content_hash
        )
        return
    await _write_entries(
        session=session,
        plan_id=plan_id,
        posting_id=posting_id,
        entries=entries,
        effective_at=effective_at,
    )
    await append(
        session=session,
        event=NewEvent.of(
            event_id=posting_id,
            stream=plan_id,
            data=TransactionPosted(
                happening=happening,
                entries=tuple(
                    PostedEntry(account=e.account.code, side=e.side, amount=e.amount)
                    for e in entries
                ),
            ),
            at=effective_at,
        ),
    )


async def _require_same(
    *, session: WriteSession, plan_id: str, posting_id: str, content_hash: bytes
) -> None:
    stored = await session.scalar(
        select(LedgerTransaction.content_hash).where(
            LedgerTransaction.plan_id == plan_id, LedgerTransaction.posting_id == posting_id
        )
    )
    if stored != content_hash:
        raise Refusal(
            "posting_differs",
            f"{posting_id} is posted with other content",
            mender=Mender.MEQENET,
        )


async def _write_entries(
    *,
    session: WriteSession,
    plan_id: str,
    posting_id: str,
    entries: tuple[Entry, ...],
    effective_at: datetime,
) -> None:
    # In the order of their codes, so that two transactions never wait for each other's accounts.
    accounts = {entry.account.code: entry.account for entry in entries}
    await session.execute(
        upsert(LedgerAccount)
        .values(
            [
                {
                    "code": code,
                    "name": account.name,
                    "type": account.type,
                    "normal_side": account.type.normal_side,
                    "owner": account.owner,
                    "owner_id": account.owner_id,
                }
                for code, account in sorted(accounts.items())
            ]
        )
        .on_conflict_do_nothing()
    )
    await session.execute(
        insert(LedgerEntry).values(
            [
                {
                    "plan_id": plan_id,
                    "posting_id": posting_id,
                    "line": line,
                    "account_code": entry.account.code,
                    "side": entry.side,
                    "amount_santim": entry.amount,
                    "effective_at": effective_at,
                }
                for line, entry in enumerate(entries, start=1)
            ]
        )
    )
