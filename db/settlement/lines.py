"""A merchant's lines: written once under an id that the caller derived."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.kernel.tables import events
from db.settlement.tables import MerchantPayout, Payout, SettlementLine
from meqenet.errors import Mender, Refusal
from meqenet.money import Money
from meqenet.settlement.events import LineAdded, MerchantPayoutOpened
from meqenet.settlement.lines import LineKind, LineMoney
from meqenet.settlement.payouts import PayoutState


@dataclass(frozen=True, kw_only=True)
class NewLine:
    """What adds to a merchant's money, or takes from it: ``gross - fee - tax`` are its net.

    Attributes:
        line_id: derived from its plan's id, or from its payout's.
        clock_id: the test clock by whose time it is available; empty in real time.
        money: where it stands in the books. A plan's line that takes from it may leave this to
            the store (None): payable before the order was taken into a payout, receivable after.
        available_at: when it can be taken; not before the order's own.
        is_protected: held for the buyer until then.
        stream: of its event; None is its plan's.
        follows: the line of the same money that it takes back: where that stands untaken, so does
            this one.
        of_line: the capture's line that it takes from; None: the plan has one order's line.
    """

    line_id: str
    merchant_id: str
    kind: LineKind
    gross: Money
    fee: Money
    tax: Money
    available_at: datetime
    plan_id: str | None = None
    reference: str | None = None
    clock_id: str = ""
    money: LineMoney | None = None
    tax_code: str | None = None
    is_protected: bool = False
    stream: str | None = None
    follows: str | None = None
    of_line: str | None = None


async def lock_merchant(*, session: WriteSession, merchant_id: str) -> None:
    """Let no other transaction add or take lines of this merchant until this one has ended."""
    key = func.hashtextextended(f"settlement-merchant:{merchant_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def add_line(*, session: WriteSession, line: NewLine, at: datetime) -> SettlementLine:
    """Add a line; the same line again is given as it stands.

    The caller holds the merchant's lock where other lines of the plan may come at the same time.

    Raises:
        Refusal: ``line_differs`` when the id stands for another line; ``order_line_missing`` when
            it takes from a plan whose merchant has no line of it.
    """
    stored = await session.get(SettlementLine, (line.merchant_id, line.line_id))
    if stored is not None:
        same = (stored.kind, stored.plan_id, stored.gross_santim, stored.fee_santim)
        if same != (line.kind, line.plan_id, line.gross, line.fee):
            raise Refusal(
                "line_differs",
                f"{line.line_id} is stored with other content",
                mender=Mender.MEQENET,
            )
        return stored
    order = await _order_line(session=session, line=line)
    money, is_protected = await _place_of(session=session, line=line, order=order)
    row = SettlementLine(
        merchant_id=line.merchant_id,
        line_id=line.line_id,
        clock_id=line.clock_id if order is None else order.clock_id,
        plan_id=line.plan_id,
        reference=line.reference if order is None else order.reference,
        kind=line.kind,
        money=line.money or money,
        gross_santim=line.gross,
        fee_santim=line.fee,
        tax_santim=line.tax,
        tax_code=line.tax_code,
        net_santim=line.gross - line.fee - line.tax,
        is_protected=line.is_protected or is_protected,
        available_at=line.available_at
        if order is None
        else max(line.available_at, order.available_at),
        added_at=at,
        of_line=line.of_line,
    )
    session.add(row)
    await session.flush()
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{line.line_id}-line",
            stream=line.stream or line.plan_id or line.merchant_id,
            data=told(line=row),
            at=at,
        ),
    )
    return row


def told(*, line: SettlementLine) -> LineAdded:
    """A line as its event tells it."""
    return LineAdded(
        line_id=line.line_id,
        merchant_id=line.merchant_id,
        kind_of_line=line.kind,
        money=line.money,
        plan_id=line.plan_id,
        reference=line.reference,
        gross=line.gross_santim,
        fee=line.fee_santim,
        tax=line.tax_santim,
        tax_code=line.tax_code,
        net=line.net_santim,
        available_at=line.available_at,
    )


def payout_told(*, payout: MerchantPayout, lines: Iterable[SettlementLine]) -> MerchantPayoutOpened:
    """A payout as the event of its opening tells it, with these lines."""
    return MerchantPayoutOpened(
        payout_id=payout.payout_id,
        merchant_id=payout.merchant_id,
        day=payout.day,
        rail=payout.rail,
        amount=payout.amount_santim,
        shares=payout.shares_santim,
        owed_back=payout.owed_back_santim,
        reserve_held=payout.reserve_held_santim,
        reserve_released=payout.reserve_released_santim,
        line_ids=tuple(line.line_id for line in lines),
    )


async def lines_of_plan(*, session: ReadSession, plan_id: str) -> list[SettlementLine]:
    """All lines of a plan, the oldest first."""
    found = await session.scalars(
        select(SettlementLine)
        .where(SettlementLine.plan_id == plan_id)
        .order_by(SettlementLine.added_at, SettlementLine.line_id)
    )
    return list(found)


async def lines_of_payout(*, session: ReadSession, payout_id: str) -> list[SettlementLine]:
    """The lines of a merchant's payout, in the order of their ids."""
    found = await session.scalars(
        select(SettlementLine)
        .where(SettlementLine.payout_id == payout_id)
        .order_by(SettlementLine.line_id)
    )
    return list(found)


async def _order_line(*, session: WriteSession, line: NewLine) -> SettlementLine | None:
    if line.plan_id is None or line.kind is LineKind.ORDER:
        return None
    # Of several captures, the newest that no payout has taken.
    orders = (
        select(SettlementLine)
        .where(SettlementLine.plan_id == line.plan_id, SettlementLine.kind == LineKind.ORDER)
        .order_by(SettlementLine.payout_id.is_not(None), SettlementLine.added_at.desc())
        .limit(1)
    )
    if line.of_line is not None:
        orders = orders.where(SettlementLine.line_id == line.of_line)
    order: SettlementLine | None = await session.scalar(orders)
    if order is None:
        raise Refusal(
            "order_line_missing",
            f"{line.plan_id}: its merchant has no line of it",
            mender=Mender.MEQENET,
            field="plan_id",
        )
    return order


async def _place_of(
    *, session: WriteSession, line: NewLine, order: SettlementLine | None
) -> tuple[LineMoney, bool]:
    """Where the line's money stands, and whether it is held for the buyer.

    What takes from an order that is in a payout is owed back. What a dispute gives back of one is
    payable: a payout never pays out of what the merchant owes.
    """
    if order is None:
        return LineMoney.PAYABLE, False
    followed = await _untaken(session=session, line=line)
    if followed is not None:
        return followed.money, followed.is_protected
    is_out = order.payout_id is not None
    if is_out and line.kind is not LineKind.DISPUTE_RELEASED:
        return LineMoney.RECEIVABLE, False
    return LineMoney.PAYABLE, await _is_protected(session=session, order=order)


async def _is_protected(*, session: WriteSession, order: SettlementLine) -> bool:
    """What takes from protected money takes it from what is held for the buyer, while it is."""
    if not order.is_protected or order.payout_id is not None:
        return False
    return order.line_id not in await taken_before(session=session, lines=(order,))


async def taken_before(
    *, session: ReadSession, lines: Collection[SettlementLine]
) -> frozenset[str]:
    """Those that a rejected payout has had: what was held of them is let go by then."""
    carriers = await session.scalars(
        select(Payout.carried_by).where(
            Payout.plan_id.in_({line.plan_id for line in lines}),
            Payout.state == PayoutState.REJECTED,
            Payout.carried_by.is_not(None),
        )
    )
    opened = {(str(each).rpartition("-")[0], f"{each}-opened") for each in carriers}
    if not opened:
        return frozenset()
    told = await session.scalars(
        select(events.c.data).where(tuple_(events.c.stream, events.c.id).in_(opened))
    )
    had = {line_id for data in told for line_id in data["line_ids"]}
    return frozenset(line.line_id for line in lines if line.line_id in had)


async def _untaken(*, session: WriteSession, line: NewLine) -> SettlementLine | None:
    """The line that this one follows, while no payout has it."""
    if line.follows is None:
        return None
    followed = await session.get(SettlementLine, (line.merchant_id, line.follows))
    return None if followed is None or followed.payout_id is not None else followed
