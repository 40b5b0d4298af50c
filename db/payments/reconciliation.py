"""Statements, orders and postings held to each other, some keys at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Date,
    Text,
    any_,
    case,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.kernel.tables import events
from db.payments.judging import judge_item
from db.payments.our_orders import IS_BILL, TOLD_OF
from db.payments.statements import stream_of
from db.payments.tables import Attempt, ReconciliationItem, Refund
from meqenet.errors import Mender, Refusal
from meqenet.money import Money
from meqenet.payments.events import StatementReconciled
from meqenet.payments.reconciliation import (
    Because,
    Judgement,
    Listed,
    Order,
    Verdict,
    reconcile,
)
from meqenet.payments.statement_document import LineKind

_SETTLED = (Verdict.MATCHED, Verdict.WITHDRAWN)


@dataclass(frozen=True, kw_only=True)
class FoundPayment:
    """Money that the provider has moved, of an order that we do not have as moved or posted."""

    order_id: str
    kind: LineKind
    amount: Money
    receipt: str | None
    moved_at: datetime


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A day's lines by verdict, and how many differences are open at the provider."""

    line_counts: Mapping[str, int]
    open_count: int


async def expect_moved(
    *, session: WriteSession, provider: str, since: datetime, at: datetime
) -> None:
    """Expect on a statement what has been recorded as moved since.

    Args:
        session: the transaction.
        provider: whose orders.
        since: recorded then or later, in real time.
        at: now.
    """
    for kind, mapped, order_id, amount, event in (
        (
            LineKind.PAYMENT,
            Attempt,
            Attempt.attempt_id,
            Attempt.moved_santim,
            "attempt_succeeded",
        ),
        (LineKind.REFUND, Refund, Refund.refund_id, Refund.amount_santim, "refund_succeeded"),
    ):
        moved = (
            select(
                literal(provider).label("provider"),
                order_id.label("item_id"),
                case((IS_BILL, Attempt.receipt), else_=func.translate(order_id, "-_", "")).label(
                    "key"
                )
                if mapped is Attempt
                else func.translate(order_id, "-_", "").label("key"),
                literal(kind.value).label("kind"),
                null().cast(Date).label("day"),
                order_id.label("order_id"),
                amount.label("amount_santim"),
                literal(0).label("charge_santim"),
                mapped.receipt.label("receipt"),
                mapped.moved_at.label("moved_at"),
                events.c.recorded_at.label("since"),
                literal(Verdict.PENDING.value).label("verdict"),
                literal(Because.NOT_ON_STATEMENT.value).label("because"),
                literal(at).label("changed_at"),
                literal(0).label("judgements"),
            )
            .select_from(events)
            .join(
                mapped,
                (mapped.plan_id == events.c.stream)
                & (order_id == events.c.data[TOLD_OF[event]].astext),
            )
            .where(events.c.type == event, events.c.recorded_at >= since)
        )
        if mapped is Refund:
            moved = moved.join(
                Attempt,
                (Attempt.plan_id == Refund.plan_id) & (Attempt.attempt_id == Refund.attempt_id),
            )
        moved = moved.where(Attempt.provider == provider)
        columns = [column.name for column in moved.selected_columns]
        await session.execute(
            insert(ReconciliationItem).from_select(columns, moved).on_conflict_do_nothing()
        )


async def expect_payouts(
    *, session: WriteSession, provider: str, orders: Sequence[Order], at: datetime
) -> None:
    """Expect on a statement what another store has as moved."""
    if orders:
        rows = [_expected(order, provider=provider, at=at) for order in orders]
        await session.execute(insert(ReconciliationItem).on_conflict_do_nothing(), rows)


async def undecided_keys(
    *, session: ReadSession, provider: str, after: str, limit: int
) -> tuple[str, ...]:
    """The next keys with something to judge, in their order."""
    item = ReconciliationItem
    found = await session.scalars(
        select(item.key)
        .where(
            item.provider == provider,
            item.key > after,
            item.verdict.not_in(_SETTLED),
            item.accepted_by.is_(None),
        )
        .distinct()
        .order_by(item.key)
        .limit(limit)
    )
    return tuple(found)


async def judge_keys(
    *,
    session: WriteSession,
    provider: str,
    keys: Sequence[str],
    orders: Sequence[Order],
    posted: Mapping[str, Money],
    at: datetime,
    pending_max: timedelta,
) -> tuple[FoundPayment, ...]:
    """Judge everything of these keys; what the provider has moved and we did not know of.

    An item that a person has closed stays closed.
    """
    items = await _locked(session, provider=provider, keys=keys)
    judged = reconcile(
        lines=[_listed(item) for item in items.values() if _is_line(item)],
        orders=orders,
        posted=posted,
        at=at,
        pending_max=pending_max,
    )
    by_id = {order.order_id: order for order in orders}
    found = []
    for item_id, judgement in judged.lines.items():
        item = items[item_id]
        if item.accepted_by is not None:
            continue
        item.order_id = judgement.partner
        await judge_item(session=session, item=item, judgement=judgement, at=at)
        if _is_found(judgement, kind=item.kind) and item.moved_at is not None:
            found.append(
                FoundPayment(
                    order_id=judgement.partner or "",
                    kind=item.kind,
                    amount=item.amount_santim,
                    receipt=item.receipt,
                    moved_at=item.moved_at,
                )
            )
    for order_id, judgement in judged.orders.items():
        expected = items.get(order_id)
        if expected is None:
            row = _expected(by_id[order_id], provider=provider, at=at)
            expected = ReconciliationItem(**row)
            session.add(expected)
            await session.flush()
        if expected.accepted_by is None:
            await judge_item(session=session, item=expected, judgement=judgement, at=at)
    return tuple(found)


async def accept_item(
    *, session: WriteSession, item_id: str, by: str, reason: str, at: datetime
) -> ReconciliationItem:
    """Close a difference by a person's word, with its partner.

    Raises:
        Refusal: ``item_missing``; ``item_settled``: there is nothing to close.
    """
    found = await session.scalars(
        select(ReconciliationItem).where(ReconciliationItem.item_id == item_id).with_for_update()
    )
    item = found.one_or_none()
    if item is None:
        raise Refusal("item_missing", f"{item_id}: there is no such line", mender=Mender.MEQENET)
    if item.accepted_by is not None or not item.verdict.is_open:
        stands = f"accepted by {item.accepted_by}" if item.accepted_by else item.verdict.value
        raise Refusal(
            "item_settled", f"{item_id}: is {stands}: nothing to accept", mender=Mender.NOBODY
        )
    pair = [item]
    if item.partner is not None:
        partner = await session.get(
            ReconciliationItem, (item.provider, item.partner), with_for_update=True
        )
        # A repeated line names the order too; its word is not the order's.
        if partner is not None and partner.partner == item.item_id and partner.verdict.is_open:
            pair.append(partner)
    for each in pair:
        judgement = Judgement(verdict=each.verdict, because=Because.ACCEPTED, partner=each.partner)
        await judge_item(
            session=session, item=each, judgement=judgement, at=at, judged_by=by, reason=reason
        )
    return item


def _is_found(judgement: Judgement, *, kind: LineKind) -> bool:
    """Told each time: whoever follows it is told once, and again only after it was lost."""
    if judgement.because is Because.NOT_POSTED:
        return kind is LineKind.PAYMENT and judgement.verdict is Verdict.MISSING_HERE
    return judgement.because in (Because.ORDER_OPEN, Because.ORDER_FAILED)


async def _locked(
    session: WriteSession, *, provider: str, keys: Sequence[str]
) -> dict[str, ReconciliationItem]:
    item = ReconciliationItem
    found = await session.scalars(
        select(item)
        .where(
            item.provider == provider,
            item.key == any_(literal(list(keys), ARRAY(Text))),
            item.verdict != Verdict.WITHDRAWN,
        )
        .order_by(item.item_id)
        .with_for_update()
    )
    return {each.item_id: each for each in found}


def _is_line(item: ReconciliationItem) -> bool:
    return item.day is not None


def _listed(item: ReconciliationItem) -> Listed:
    return Listed(
        item_id=item.item_id,
        key=item.key,
        kind=item.kind,
        amount=item.amount_santim,
        receipt=item.receipt,
        at=item.moved_at or item.since,
    )


def _expected(order: Order, *, provider: str, at: datetime) -> dict[str, Any]:
    return {
        "provider": provider,
        "item_id": order.order_id,
        "key": order.key,
        "kind": order.kind,
        "day": None,
        "order_id": order.order_id,
        "amount_santim": order.amount,
        "charge_santim": Money.zero(),
        "receipt": order.receipt,
        "moved_at": order.moved_since,
        "since": order.moved_since or at,
        "verdict": Verdict.PENDING,
        "because": Because.NOT_ON_STATEMENT,
        "changed_at": at,
        "judgements": 0,
    }


async def finish(
    *, session: WriteSession, provider: str, day: date, version: int, at: datetime
) -> Finished:
    """Tell how a day's statement, and everything open at the provider, stand after a run."""
    item = ReconciliationItem
    rows = await session.execute(
        select(item.verdict, func.count())
        .where(item.provider == provider, item.day == day)
        .group_by(item.verdict)
    )
    counts = {verdict.value: int(count) for verdict, count in rows}
    open_count = await session.scalar(
        select(func.count())
        .select_from(item)
        .where(
            item.provider == provider,
            item.verdict.in_([verdict for verdict in Verdict if verdict.is_open]),
            item.accepted_by.is_(None),
            # Of a pair the line is counted.
            (item.day.is_not(None)) | (item.partner.is_(None)),
        )
    )
    stream = stream_of(provider=provider, day=day)
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{stream}-v{version}-{at:%Y%m%dT%H%M%S%f}",
            stream=stream,
            data=StatementReconciled(
                provider=provider,
                day=day,
                statement_version=version,
                line_counts=counts,
                open_count=open_count or 0,
            ),
            at=at,
        ),
    )
    return Finished(line_counts=counts, open_count=open_count or 0)
