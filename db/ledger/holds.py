"""Money that is held: placed once, and ended once, as posted, voided or expired.

A hold is a posting that waits. What it takes, and from which account, follows from its happening.
Only accounts of one plan can be held (:data:`meqenet.ledger.accounts.HOLDABLE`), so the lock of the
plan's stream is enough for what is posted and what is held never to be more together than is there.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Numeric, case, func, insert, select

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.ledger import writing
from db.ledger.tables import Hold, HoldEnd, LedgerEntry, LedgerTransaction
from db.ledger.writing import NewTransaction
from meqenet.errors import Defect, Mender, Refusal
from meqenet.event_chain import plain
from meqenet.event_types import EventData
from meqenet.ledger.accounts import HOLDABLE, Account, Side
from meqenet.ledger.entries import Entry
from meqenet.ledger.events import HoldEnded, HoldPlaced
from meqenet.ledger.happenings import Happening
from meqenet.ledger.holds import HoldState
from meqenet.ledger.posting_rules import entries_for
from meqenet.money import Money


async def place(
    *,
    session: WriteSession,
    hold_id: str,
    happening: Happening,
    placed_at: datetime,
    expires_at: datetime | None = None,
) -> None:
    """Hold the money that a happening will take. The same hold again changes nothing.

    Args:
        session: the transaction.
        hold_id: the id under which the happening will be posted, derived from its plan's.
        happening: what is expected; it takes money from one account that can be held.
        placed_at: now.
        expires_at: when it will be too late; None waits for ever.

    Raises:
        Refusal: ``hold_differs``: the id stands for another hold or expiry; ``posting_differs``: it
            is posted already; ``funds_not_free``: less is there, or others hold it.
        Defect: ``posting_id_foreign``; ``hold_takes_nothing``: it takes no money that can be held.
    """
    plan_id = happening.plan_id
    writing.require_own(plan_id=plan_id, made_id=hold_id)
    account, amount = _taken_by(happening)
    await writing.enter(session=session, plan_id=plan_id)
    content_hash = writing.content_hash_of(told=happening)
    stored = await session.get(Hold, (plan_id, hold_id))
    if stored is not None:
        if (stored.content_hash, stored.expires_at) != (content_hash, expires_at):
            raise _differs(hold_id)
        return
    if await session.get(LedgerTransaction, (plan_id, hold_id)) is not None:
        raise writing.differs(posting_id=hold_id)
    await _require_free(session, account=account, amount=amount, plan_id=plan_id, but=hold_id)
    await session.execute(
        insert(Hold).values(
            plan_id=plan_id,
            hold_id=hold_id,
            account_code=account.code,
            amount_santim=amount,
            happening=plain(happening),
            content_hash=content_hash,
            placed_at=placed_at,
            expires_at=expires_at,
        )
    )
    told = HoldPlaced(
        hold_id=hold_id,
        account=account.code,
        amount=amount,
        happening=happening,
        expires_at=expires_at,
    )
    await _tell(session, told, plan_id=plan_id, event_id=f"{hold_id}-held", at=placed_at)


async def void(
    *, session: WriteSession, plan_id: str, hold_id: str, reason: str, at: datetime
) -> None:
    """Free what was held: it will not come about. Again, nothing changes.

    Raises:
        Refusal: ``hold_unknown``; ``hold_ended``: it was posted, or has expired.
    """
    await writing.enter(session=session, plan_id=plan_id)
    if await session.get(Hold, (plan_id, hold_id)) is None:
        raise Refusal(
            "hold_unknown", f"{plan_id} has no hold {hold_id}", mender=Mender.MEQENET, field="hold"
        )
    end = await session.get(HoldEnd, (plan_id, hold_id))
    if end is None:
        await _end(session, plan_id, hold_id, state=HoldState.VOIDED, reason=reason, at=at)
    elif end.state is not HoldState.VOIDED:
        raise _ended(end)


async def expire_due(*, session: WriteSession, at: datetime, limit: int) -> tuple[str, ...]:
    """Free what the next few holds keep whose time is over by ``at``; their ids, none when done."""
    due = await session.execute(
        select(Hold.plan_id, Hold.hold_id)
        .outerjoin(HoldEnd, (HoldEnd.plan_id == Hold.plan_id) & (HoldEnd.hold_id == Hold.hold_id))
        .where(Hold.expires_at <= at, HoldEnd.hold_id.is_(None))
        .order_by(Hold.expires_at, Hold.plan_id, Hold.hold_id)
        .limit(limit)
    )
    # In the order of the plans, as others take several of their locks.
    found = sorted((plan_id, hold_id) for plan_id, hold_id in due)
    expired: list[str] = []
    for plan_id, hold_id in found:
        await writing.enter(session=session, plan_id=plan_id)
        if await session.get(HoldEnd, (plan_id, hold_id)) is None:
            reason = "not posted in time"
            await _end(session, plan_id, hold_id, state=HoldState.EXPIRED, reason=reason, at=at)
            expired.append(hold_id)
    return tuple(expired)


def takes_held_money(*, entries: Sequence[Entry]) -> bool:
    """Whether a transaction takes from an account whose money can be held."""
    return any(entry.account.name in HOLDABLE and entry.side is Side.DEBIT for entry in entries)


async def let_take(*, session: WriteSession, transaction: NewTransaction) -> bool:
    """See that a transaction takes no more than is there and not held by others.

    Call :func:`db.ledger.writing.enter` first.

    Returns:
        Whether it is what a hold of its id has waited for.

    Raises:
        Refusal: ``funds_not_free``; ``hold_differs``: a hold of this id waits for something else;
            ``hold_ended``: what it takes was free again already.
    """
    plan_id, posting_id = transaction.plan_id, transaction.posting_id
    hold = await session.get(Hold, (plan_id, posting_id))
    if hold is not None:
        if hold.content_hash != writing.content_hash_of(told=transaction.happening):
            raise _differs(posting_id)
        end = await session.get(HoldEnd, (plan_id, posting_id))
        if end is not None:
            raise _ended(end)
    for account, amount in _taken(transaction.entries).items():
        await _require_free(
            session, account=account, amount=amount, plan_id=plan_id, but=posting_id
        )
    return hold is not None


async def end_as_posted(*, session: WriteSession, plan_id: str, hold_id: str, at: datetime) -> None:
    """Note that what a hold has waited for is in the books now."""
    await _end(session, plan_id, hold_id, state=HoldState.POSTED, reason="posted", at=at)


async def _end(
    session: WriteSession,
    plan_id: str,
    hold_id: str,
    *,
    state: HoldState,
    reason: str,
    at: datetime,
) -> None:
    if not reason.strip():
        raise Refusal("reason_missing", "reason: say why", mender=Mender.MEQENET, field="reason")
    await session.execute(
        insert(HoldEnd).values(
            plan_id=plan_id,
            hold_id=hold_id,
            state=state,
            posting_id=hold_id if state is HoldState.POSTED else None,
            reason=reason,
            ended_at=at,
        )
    )
    told = HoldEnded(hold_id=hold_id, state=state, reason=reason)
    await _tell(session, told, plan_id=plan_id, event_id=f"{hold_id}-ended", at=at)


async def _tell(
    session: WriteSession, told: EventData, *, plan_id: str, event_id: str, at: datetime
) -> None:
    event = NewEvent.of(event_id=event_id, stream=plan_id, data=told, at=at)
    await append(session=session, event=event)


async def _require_free(
    session: ReadSession, *, account: Account, amount: Money, plan_id: str, but: str
) -> None:
    """Refuse to take more from an account than is there and not held under another id."""
    if account.owner_id != plan_id:
        raise Defect("hold_of_another_plan", f"{account.code} does not belong to {plan_id}")
    signed: Any = case(
        (LedgerEntry.side == account.type.normal_side, LedgerEntry.amount_santim),
        else_=-LedgerEntry.amount_santim,
    )
    there: Any = await session.scalar(
        select(_sum(signed)).where(LedgerEntry.account_code == account.code)
    )
    held: Any = await session.scalar(
        select(_sum(Hold.amount_santim))
        .outerjoin(HoldEnd, (HoldEnd.plan_id == Hold.plan_id) & (HoldEnd.hold_id == Hold.hold_id))
        .where(Hold.account_code == account.code, Hold.hold_id != but, HoldEnd.hold_id.is_(None))
    )
    if amount > Money(int(there)) - Money(int(held)):
        raise Refusal(
            "funds_not_free",
            f"{account.code}: less is there, or other holds keep it; void a hold to free its money",
            mender=Mender.MEQENET,
            field="amount",
        )


def _sum(santim: Any) -> Any:  # noqa: ANN401 - a sum of BIGINT is NUMERIC, not the column's type
    return func.coalesce(func.sum(santim, type_=Numeric()), 0)


def _taken(entries: Sequence[Entry]) -> dict[Account, Money]:
    """What is taken on the whole from each account whose money can be held."""
    taken: dict[Account, Money] = {}
    for entry in entries:
        if entry.account.name in HOLDABLE:
            taken[entry.account] = taken.get(entry.account, Money.zero()) + entry.signed
    return {account: amount for account, amount in taken.items() if amount > Money.zero()}


def _taken_by(happening: Happening) -> tuple[Account, Money]:
    taken = list(_taken(entries_for(happening=happening)).items())
    if len(taken) != 1:
        raise Defect("hold_takes_nothing", f"{happening.kind} takes no money that can be held")
    return taken[0]


def _differs(hold_id: str) -> Refusal:
    return Refusal(
        "hold_differs", f"{hold_id} holds money for something else", mender=Mender.MEQENET
    )


def _ended(end: HoldEnd) -> Refusal:
    return Refusal(
        "hold_ended",
        f"{end.hold_id} was {end.state.value} on {end.ended_at:%Y-%m-%d}: take another id",
        mender=Mender.MEQENET,
    )
