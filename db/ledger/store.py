"""The one way into the books: a happening, posted once under its id."""

from dataclasses import replace
from datetime import datetime

from pydantic import TypeAdapter

from db.kernel.engine import Database, WriteSession
from db.ledger import holds, writing
from db.ledger.tables import Hold
from db.ledger.writing import NewTransaction
from meqenet.errors import Mender, Refusal
from meqenet.ledger.accounts import AccountName
from meqenet.ledger.happenings import Happening, PlanBecameActive, ProtectionEnded
from meqenet.ledger.holds import protection_id
from meqenet.ledger.posting_rules import entries_for
from meqenet.money import total

_HAPPENING: TypeAdapter[Happening] = TypeAdapter(Happening)


async def post(
    *, session: WriteSession, posting_id: str, happening: Happening, effective_at: datetime
) -> None:
    """Post a happening. The same id with the same happening again changes nothing.

    With a protected plan's activation the merchant's money is held for the buyer; the hold ends
    with the posting of its id. What is posted under a hold's id ends that hold.

    Args:
        session: the transaction; it is refused at its commit if the entries do not balance.
        posting_id: the plan's id, a hyphen, and what the caller derived.
        happening: what happened; its rule makes the entries.
        effective_at: when it was true. Of a repetition the first instant stands. In a period that
            is closed it counts from the first open instant on, and this is kept beside that.

    Raises:
        Refusal: ``posting_differs`` when the id stands for another happening, and those of
            :func:`db.ledger.holds.let_take`.
        Defect: ``posting_id_foreign`` when the id is not of the happening's plan, and those of
            :func:`meqenet.ledger.posting_rules.entries_for`.
    """
    transaction = _transaction(posting_id, happening, effective_at)
    await write(session=session, transaction=transaction)


async def post_alone(
    *, database: Database, posting_id: str, happening: Happening, effective_at: datetime
) -> None:
    """Post as :func:`post` does, in a transaction of its own, in one round trip where it can be."""
    transaction = _transaction(posting_id, happening, effective_at)
    if isinstance(happening, PlanBecameActive) or holds.takes_held_money(
        entries=transaction.entries
    ):
        async with database.write() as session:
            await write(session=session, transaction=transaction)
        return
    await writing.write_alone(database=database, transaction=transaction)


async def post_held(
    *, session: WriteSession, plan_id: str, hold_id: str, effective_at: datetime
) -> None:
    """Post what a hold has waited for. Again, nothing changes.

    Raises:
        Refusal: ``hold_unknown``, and those of :func:`post`.
    """
    hold = await session.get(Hold, (plan_id, hold_id))
    if hold is None:
        raise Refusal(
            "hold_unknown", f"{plan_id} has no hold {hold_id}", mender=Mender.MEQENET, field="hold"
        )
    await post(
        session=session,
        posting_id=hold_id,
        happening=_HAPPENING.validate_python(hold.happening),
        effective_at=effective_at,
    )


async def write(*, session: WriteSession, transaction: NewTransaction) -> None:
    """Write a transaction, and whatever becomes of holds by it.

    Raises:
        Refusal, Defect: as of :func:`post`.
    """
    if not holds.takes_held_money(entries=transaction.entries):
        is_new = await writing.write(session=session, transaction=transaction)
        if is_new and isinstance(transaction.happening, PlanBecameActive):
            await _protect(session, transaction, activation=transaction.happening)
        return
    await writing.enter(session=session, plan_id=transaction.plan_id)
    if await writing.is_written(session=session, transaction=transaction):
        return
    ends_hold = await holds.let_take(session=session, transaction=transaction)
    await writing.write(session=session, transaction=replace(transaction, ends_hold=ends_hold))
    if ends_hold:
        await holds.end_as_posted(
            session=session,
            plan_id=transaction.plan_id,
            hold_id=transaction.posting_id,
            at=transaction.effective_at,
        )


def _transaction(posting_id: str, happening: Happening, effective_at: datetime) -> NewTransaction:
    return NewTransaction(
        posting_id=posting_id,
        happening=happening,
        entries=entries_for(happening=happening),
        effective_at=effective_at,
    )


async def _protect(
    session: WriteSession, transaction: NewTransaction, *, activation: PlanBecameActive
) -> None:
    """Hold the merchant's money of a protected plan until the buyer's window is over."""
    protected = total(
        entry.amount
        for entry in transaction.entries
        if entry.account.name is AccountName.MERCHANT_PROTECTED
    )
    if not protected:
        return
    await holds.place(
        session=session,
        hold_id=protection_id(plan_id=activation.plan_id),
        happening=ProtectionEnded(
            plan_id=activation.plan_id, merchant_id=activation.merchant_id, amount=protected
        ),
        placed_at=transaction.effective_at,
    )
