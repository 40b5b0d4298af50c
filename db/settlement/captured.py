"""What has become of captures: paid out, held for the buyer, or taken from by refunds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from db.kernel.engine import ReadSession, WriteSession
from db.settlement.captures import authorisation_of, proceeds_of_order
from db.settlement.lines import NewLine, add_line, lines_of_plan, lock_merchant, taken_before
from db.settlement.tables import MerchantPayout, Payout, SettlementLine
from meqenet.errors import Defect
from meqenet.money import Money, total
from meqenet.settlement.authorisations import share_of
from meqenet.settlement.lines import LineKind, LineMoney
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.terms import Proceeds


@dataclass(frozen=True, kw_only=True)
class Capture:
    """A capture's line, and what was taken from it.

    Attributes:
        line: of the capture.
        refunds: lines of goods that went back from it.
        left: what of its price has neither gone back nor waits for the end of a dispute.
        kept: what of its price has not gone back.
        is_paid: a payout that is settled has brought it.
    """

    line: SettlementLine
    refunds: tuple[SettlementLine, ...]
    left: Money
    kept: Money
    is_paid: bool


@dataclass(frozen=True, kw_only=True)
class Release:
    """What was held for the buyer of a capture and is let go, and the id of its posting."""

    posting_id: str
    amount: Money


async def captures_of(*, session: ReadSession, plan_id: str) -> tuple[Capture, ...]:
    """A plan's captures, the oldest first."""
    return await _captures(session, await lines_of_plan(session=session, plan_id=plan_id))


async def _captures(session: ReadSession, lines: Sequence[SettlementLine]) -> tuple[Capture, ...]:
    payouts = {line.payout_id for line in lines if line.payout_id is not None}
    settled = await session.scalars(
        select(MerchantPayout.payout_id).where(
            MerchantPayout.payout_id.in_(payouts), MerchantPayout.state == PayoutState.SETTLED
        )
    )
    paid = set(settled.all())
    return tuple(
        _capture(line, lines=lines, is_paid=line.payout_id in paid)
        for line in lines
        if line.kind is LineKind.ORDER
    )


def _capture(line: SettlementLine, *, lines: Sequence[SettlementLine], is_paid: bool) -> Capture:
    taking = [each for each in lines if each.of_line == line.line_id]
    refunds = tuple(each for each in taking if each.kind is LineKind.REFUND)
    return Capture(
        line=line,
        refunds=refunds,
        left=line.gross_santim + total(each.gross_santim for each in taking),
        kept=line.gross_santim + total(each.gross_santim for each in refunds),
        is_paid=is_paid,
    )


async def shares_of_plan(*, session: ReadSession, plan_id: str) -> Sequence[Payout]:
    """What the plan has had in its merchant's payouts, the first one first."""
    found = await session.scalars(
        select(Payout)
        .where(Payout.plan_id == plan_id, Payout.carried_by.is_not(None))
        .order_by(Payout.opened_at, Payout.payout_id)
    )
    return found.all()


async def take_back(
    *,
    session: WriteSession,
    plan_id: str,
    refund_id: str,
    amount: Money,
    at: datetime,
    dispute_id: str | None = None,
) -> tuple[SettlementLine, ...]:
    """Take goods that went back from captures: first from those that no payout has.

    The newest first. Each of them has a line of its own, with its share of the capture's fee. Where
    it ends a dispute, just what has waited for that is taken. The same refund again is given as it
    stands.

    Raises:
        Defect: ``authorisation_missing``; ``line_differs``; ``refund_above_captured``.
    """
    order = await authorisation_of(session=session, plan_id=plan_id)
    await lock_merchant(session=session, merchant_id=order.merchant_id)
    lines = await lines_of_plan(session=session, plan_id=plan_id)
    stored = tuple(line for line in lines if line.line_id.startswith(f"{refund_id}-"))
    if stored:
        if -total(line.gross_santim for line in stored) != amount:
            raise Defect("line_differs", f"{refund_id} is stored with other content")
        return stored
    captures = await _captures(session, lines)
    if amount > total(each.left for each in captures):
        raise Defect("refund_above_captured", f"{refund_id} is more than what is left of it")
    waited = [line for line in lines if line.line_id.startswith(f"{dispute_id}-held-")]
    if dispute_id is not None and waited:
        return tuple(
            [await _take_what_waited(session, line, refund_id=refund_id, at=at) for line in waited]
        )
    added: list[SettlementLine] = []
    rest = amount
    free = [each for each in reversed(captures) if each.line.payout_id is None]
    taken = [each for each in reversed(captures) if each.line.payout_id is not None]
    for each in (*free, *taken):
        part = min(rest, each.left)
        if part:
            added.append(await _take_from(session, each, refund_id=refund_id, amount=part, at=at))
            rest -= part
    return tuple(added)


async def releases_of(
    *, session: ReadSession, lines: Sequence[SettlementLine]
) -> Mapping[str, tuple[Release, ...]]:
    """By plan, what is let go with these lines of captures that were held for their buyers.

    What has been let go by a payout that was rejected is told again, under the same id.
    """
    held = [line for line in lines if _is_held_capture(line)]
    if not held:
        return {}
    beside = await session.scalars(
        select(SettlementLine).where(
            SettlementLine.plan_id.in_({line.plan_id for line in held}),
            SettlementLine.of_line.in_({line.line_id for line in held}),
            SettlementLine.is_protected,
            SettlementLine.money == LineMoney.PAYABLE,
        )
    )
    taking = beside.all()
    found: dict[str, tuple[Release, ...]] = {}
    for line in held:
        plan_id = line.plan_id or ""
        amount = line.net_santim + total(
            other.net_santim for other in taking if other.of_line == line.line_id
        )
        if amount:
            release = Release(posting_id=f"{line.line_id}-protection", amount=amount)
            found[plan_id] = (*found.get(plan_id, ()), release)
    return found


async def held_lines(*, session: ReadSession, lines: Sequence[SettlementLine]) -> frozenset[str]:
    """Lines of captures whose money is still held for the buyer: no payout has ever had them."""
    untaken = [line for line in lines if _is_held_capture(line) and line.payout_id is None]
    before = await taken_before(session=session, lines=untaken) if untaken else frozenset()
    held = {line.line_id for line in untaken} - before
    beside = {line.line_id for line in lines if line.of_line in held and line.is_protected}
    return frozenset(held | beside)


def _is_held_capture(line: SettlementLine) -> bool:
    """Whether it is of a capture that is held for the buyer until a payout takes it.

    An order that is captured whole as its plan becomes active is held by the ledger's own hold.
    """
    is_order = line.kind is LineKind.ORDER and line.plan_id is not None
    return is_order and line.is_protected and line.line_id != f"{line.plan_id}-order"


async def _take_from(
    session: WriteSession, capture: Capture, *, refund_id: str, amount: Money, at: datetime
) -> SettlementLine:
    line, refunds = capture.line, capture.refunds
    gone = line.gross_santim - capture.kept
    # Of all that has gone back with it, less what has: a dispute's part was priced as the last.
    whole = proceeds_of_order(order=line)
    by_now = share_of(whole=whole, before=Money.zero(), part=amount + gone)
    fee = max(Money.zero(), by_now.fee + total(each.fee_santim for each in refunds))
    tax = max(Money.zero(), by_now.tax + total(each.tax_santim for each in refunds))
    price = Proceeds(gross=-amount, fee=-fee, tax=-tax, net=fee + tax - amount)
    refund = _refund_of(line, refund_id=refund_id, price=price, at=at)
    return await add_line(session=session, line=refund, at=at)


async def _take_what_waited(
    session: WriteSession, waited: SettlementLine, *, refund_id: str, at: datetime
) -> SettlementLine:
    """It has come back by a line of its own, whose money this one takes."""
    price = proceeds_of_order(order=waited)
    refund = _refund_of(waited, refund_id=refund_id, price=price, at=at)
    capture = (waited.of_line or "").rpartition("-")[2]
    released = f"{waited.line_id.removesuffix(f'-held-{capture}')}-released-{capture}"
    return await add_line(session=session, line=replace(refund, follows=released), at=at)


def _refund_of(line: SettlementLine, *, refund_id: str, price: Proceeds, at: datetime) -> NewLine:
    """Takes so much from a capture: ``line`` is the capture's, or one that takes from it."""
    capture_id = line.of_line or line.line_id
    return NewLine(
        line_id=f"{refund_id}-{capture_id.rpartition('-')[2]}",
        merchant_id=line.merchant_id,
        plan_id=line.plan_id,
        kind=LineKind.REFUND,
        gross=price.gross,
        fee=price.fee,
        tax=price.tax,
        tax_code=line.tax_code,
        available_at=at,
        of_line=capture_id,
    )
