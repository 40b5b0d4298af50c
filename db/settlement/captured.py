"""What has become of captures: paid out, held for the buyer, or taken from by refunds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from db.kernel.engine import ReadSession, WriteSession
from db.settlement.captures import authorisation_of
from db.settlement.lines import NewLine, add_line, lines_of_plan, lock_merchant, was_taken
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
        left: what of its price has neither gone back nor waits for the end of a dispute.
        kept: what of its price has not gone back.
        is_paid: a payout that is settled has brought it.
    """

    line: SettlementLine
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
    lines = await lines_of_plan(session=session, plan_id=plan_id)
    payouts = {line.payout_id for line in lines if line.payout_id is not None}
    settled = await session.scalars(
        select(MerchantPayout.payout_id).where(
            MerchantPayout.payout_id.in_(payouts), MerchantPayout.state == PayoutState.SETTLED
        )
    )
    paid = set(settled.all())
    return tuple(
        Capture(
            line=line,
            left=line.gross_santim + _gone(lines, of=line),
            kept=line.gross_santim + _returned(lines, of=line),
            is_paid=line.payout_id in paid,
        )
        for line in lines
        if line.kind is LineKind.ORDER
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
    captures = await captures_of(session=session, plan_id=plan_id)
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
            added.append(
                await _take_from(
                    session, each, refund_id=refund_id, amount=part, lines=lines, at=at
                )
            )
            rest -= part
    return tuple(added)


async def releases_of(
    *, session: ReadSession, lines: Sequence[SettlementLine]
) -> Mapping[str, tuple[Release, ...]]:
    """By plan, what is let go with these lines of captures that were held for their buyers.

    What has been let go by a payout that was rejected is told again, under the same id.
    """
    found: dict[str, tuple[Release, ...]] = {}
    for line in lines:
        plan_id = line.plan_id
        is_capture = plan_id is not None and line.line_id != f"{plan_id}-order"
        if plan_id is None or not (is_capture and line.is_protected):
            continue
        if line.kind is not LineKind.ORDER:
            continue
        beside = await lines_of_plan(session=session, plan_id=plan_id)
        amount = line.net_santim + total(
            other.net_santim
            for other in beside
            if other.of_line == line.line_id
            and other.is_protected
            and other.money is LineMoney.PAYABLE
        )
        if amount:
            release = Release(posting_id=f"{line.line_id}-protection", amount=amount)
            found[plan_id] = (*found.get(plan_id, ()), release)
    return found


async def held_lines(*, session: ReadSession, lines: Sequence[SettlementLine]) -> frozenset[str]:
    """Lines of captures whose money is still held for the buyer: no payout has ever had them."""
    held = {
        line.line_id
        for line in lines
        if line.kind is LineKind.ORDER
        and line.is_protected
        and line.line_id != f"{line.plan_id}-order"
        and line.payout_id is None
        and not await was_taken(session=session, line=line)
    }
    beside = {line.line_id for line in lines if line.of_line in held and line.is_protected}
    return frozenset(held | beside)


def _gone(lines: Sequence[SettlementLine], *, of: SettlementLine) -> Money:
    """What refunds and disputes have taken of a capture's price; less than nothing."""
    return total(line.gross_santim for line in lines if line.of_line == of.line_id)


def _returned(lines: Sequence[SettlementLine], *, of: SettlementLine) -> Money:
    """What refunds have taken of a capture's price; less than nothing."""
    refunds = [line for line in lines if line.kind is LineKind.REFUND]
    return _gone(refunds, of=of)


async def _take_from(
    session: WriteSession,
    capture: Capture,
    *,
    refund_id: str,
    amount: Money,
    lines: Sequence[SettlementLine],
    at: datetime,
) -> SettlementLine:
    line = capture.line
    whole = Proceeds(
        gross=line.gross_santim, fee=line.fee_santim, tax=line.tax_santim, net=line.net_santim
    )
    # Of all that has gone back with it, less what has: a dispute's part was priced as the last.
    by_now = share_of(whole=whole, before=Money.zero(), part=amount - _returned(lines, of=line))
    refunds = [each for each in lines if each.kind is LineKind.REFUND]
    refunds = [each for each in refunds if each.of_line == line.line_id]
    fee = max(Money.zero(), by_now.fee + total(each.fee_santim for each in refunds))
    tax = max(Money.zero(), by_now.tax + total(each.tax_santim for each in refunds))
    return await add_line(
        session=session,
        line=NewLine(
            line_id=f"{refund_id}-{line.line_id.rpartition('-')[2]}",
            merchant_id=line.merchant_id,
            plan_id=line.plan_id,
            kind=LineKind.REFUND,
            gross=-amount,
            fee=-fee,
            tax=-tax,
            tax_code=line.tax_code,
            available_at=at,
            of_line=line.line_id,
        ),
        at=at,
    )


async def _take_what_waited(
    session: WriteSession, waited: SettlementLine, *, refund_id: str, at: datetime
) -> SettlementLine:
    """It has come back by a line of its own, whose money this one takes."""
    capture = (waited.of_line or "").rpartition("-")[2]
    return await add_line(
        session=session,
        line=NewLine(
            line_id=f"{refund_id}-{capture}",
            merchant_id=waited.merchant_id,
            plan_id=waited.plan_id,
            kind=LineKind.REFUND,
            gross=waited.gross_santim,
            fee=waited.fee_santim,
            tax=waited.tax_santim,
            tax_code=waited.tax_code,
            available_at=at,
            of_line=waited.of_line,
            follows=f"{waited.line_id.removesuffix(f'-held-{capture}')}-released-{capture}",
        ),
        at=at,
    )
