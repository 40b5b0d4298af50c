"""Corrections: what was posted wrongly is taken back by a posting that names it."""

from datetime import datetime

from sqlalchemy import select

from db.kernel.engine import WriteSession
from db.ledger import store, writing
from db.ledger.tables import LedgerEntry, LedgerTransaction
from db.ledger.writing import NewTransaction
from meqenet.errors import Mender, Refusal
from meqenet.ledger.accounts import account_of
from meqenet.ledger.entries import Entry
from meqenet.ledger.happenings import PostingReversed
from meqenet.ledger.posting_rules import reversal_entries


async def reverse(
    *,
    session: WriteSession,
    posting_id: str,
    correction: PostingReversed,
    effective_at: datetime,
) -> None:
    """Take a posting back: the same entries on their other sides. Again, nothing changes.

    Args:
        session: the transaction.
        posting_id: the id of the reversal itself, derived from the plan's.
        correction: what is reversed, why, and by whom.
        effective_at: from when on it counts; it need not be when the posting did.

    Raises:
        Refusal: ``posting_unknown``: the plan has no such posting; ``reversal_final``: it is itself
            a reversal (post again what was right); ``already_reversed``; ``reason_missing``;
            ``posting_differs`` when the id stands for something else; ``funds_not_free`` when it
            would take money that is held or gone.
        Defect: ``posting_id_foreign`` when the id is not of the plan.
    """
    plan_id, original_id = correction.plan_id, correction.reverses
    writing.require_own(plan_id=plan_id, made_id=posting_id)
    for name in ("reason", "reversed_by"):
        if not getattr(correction, name).strip():
            raise _refused("reason_missing", f"{name}: say why, and who says it", field=name)
    await writing.enter(session=session, plan_id=plan_id)
    original = await session.get(LedgerTransaction, (plan_id, original_id))
    if original is None:
        raise _refused("posting_unknown", f"{plan_id} has no posting {original_id}")
    if original.reverses is not None:
        raise _refused(
            "reversal_final",
            f"{original_id} is itself a reversal: post again what was right, under another id",
        )
    others = await session.scalar(
        select(LedgerTransaction.posting_id).where(
            LedgerTransaction.plan_id == plan_id, LedgerTransaction.reverses == original_id
        )
    )
    if others not in (None, posting_id):
        raise _refused("already_reversed", f"{original_id} was reversed by {others}")
    transaction = NewTransaction(
        posting_id=posting_id,
        happening=correction,
        entries=reversal_entries(entries=await _entries(session, plan_id, original_id)),
        effective_at=effective_at,
    )
    await store.write(session=session, transaction=transaction)


async def _entries(session: WriteSession, plan_id: str, posting_id: str) -> list[Entry]:
    rows = await session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.plan_id == plan_id, LedgerEntry.posting_id == posting_id)
        .order_by(LedgerEntry.line)
    )
    return [
        Entry(
            account=account_of(code=row.account_code),
            side=row.side,
            amount=row.amount_santim,
        )
        for row in rows
    ]


def _refused(code: str, text: str, *, field: str = "reverses") -> Refusal:
    return Refusal(code, text, mender=Mender.MEQENET, field=field)
