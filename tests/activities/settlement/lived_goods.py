"""What becomes of an order in the stores: captured, voided, taken back, disputed, paid out."""

from dataclasses import dataclass

from activities.contracts import captures as c
from activities.contracts import ledger as l
from activities.contracts import merchant_books as b
from activities.contracts import merchant_settlement as m
from meqenet.bnpl.dispute_events import DisputedCapture, OrderDisputed
from meqenet.bnpl.refund_events import Gone
from meqenet.calendar import addis_date
from meqenet.identity import capture_id, order_refund_id, order_void_id
from meqenet.ledger import happenings as h
from meqenet.ledger import order_happenings as oh
from meqenet.ledger.accruals import fee_earned
from meqenet.ledger.dispute_happenings import DisputeHeld, DisputeReleased
from meqenet.ledger.earning import RefundOrder
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money, total
from meqenet.settlement.lines import LineKind
from meqenet.settlement.transfer import TransferAnswer, TransferStatus
from tests.activities.settlement.lived_books import LENDER, NOTHING, WALLET, LivedBooks
from tests.activities.settlement.lived_payments import earning_terms
from workflows.dispute_lines import split_over_captures
from workflows.fees_back import fee_back
from workflows.merchant_side import taken_from
from workflows.order_refund import gone_parts

_PLACES = (MerchantMoney.PROTECTED, MerchantMoney.PAYABLE, MerchantMoney.PAID_OUT)


@dataclass(frozen=True, kw_only=True)
class _Side:
    """What the merchant gets less, and where that is."""

    first: MerchantMoney
    also_payable: Money = NOTHING
    also_paid_out: Money = NOTHING
    fee_back: Money = NOTHING


def _side(at: dict[MerchantMoney, Money], *, fee_back: Money = NOTHING) -> _Side:
    first = next((place for place in _PLACES if at.get(place)), MerchantMoney.PAYABLE)
    beside = {place: money for place, money in at.items() if place is not first}
    return _Side(
        first=first,
        also_payable=beside.get(MerchantMoney.PAYABLE, NOTHING),
        also_paid_out=beside.get(MerchantMoney.PAID_OUT, NOTHING),
        fee_back=fee_back,
    )


async def capture(books: LivedBooks, amount: Money) -> None:
    """The merchant has delivered a part."""
    told = books.plan.capture(amount)
    own_id = capture_id(plan_id=books.plan_id, number=told.number)
    made = await books.steps.captures.capture_order(
        c.CaptureOrder(
            plan_id=books.plan_id, capture_id=own_id, amount=amount, on=told.on, at=books.now
        )
    )
    if made.net:
        await books.post(
            own_id,
            oh.OrderCaptured(
                plan_id=books.plan_id,
                merchant_id=books.merchant_id,
                capture_id=own_id,
                amount=made.net,
                protected=made.is_protected,
            ),
        )


async def void(books: LivedBooks, amount: Money) -> None:
    """A part will not be captured."""
    number = len(books.plan.history.voids()) + 1
    told = books.plan.take_off(amount, reference=f"v-{number}", is_void=True)
    own_id = order_void_id(plan_id=books.plan_id, number=number)
    voided = await books.steps.captures.void_order(
        c.VoidOrder(plan_id=books.plan_id, void_id=own_id, amount=amount, at=books.now)
    )
    books.void_net += amount - voided.fee
    side = _Side(first=MerchantMoney.AUTHORISED, fee_back=voided.fee)
    await _post_gone(books, told, own_id, side)


async def refund(books: LivedBooks, amount: Money, *, of: OrderDisputed | None = None) -> None:
    """Goods go back; ``of``: by the end of this dispute."""
    number = len(books.plan.history.goods_back()) + 1
    reference = f"r-{number}" if of is None else of.dispute_id
    told = books.plan.take_off(amount, reference=reference, is_void=False)
    own_id = order_refund_id(plan_id=books.plan_id, number=number)
    if books.is_manual:
        dispute_id = None if of is None else of.dispute_id
        side = await _take_from_captures(books, own_id, amount, dispute_id=dispute_id)
    else:
        back = fee_back(
            history=books.plan.history,
            fee=books.fee,
            price=books.plan.terms.principal,
            number=number,
        )
        follows = None if of is None else f"{of.dispute_id}-released"
        line = await _add_line(books, own_id, LineKind.REFUND, -amount, -back, follows=follows)
        side = _Side(first=taken_from(line), fee_back=back)
    await _post_gone(books, told, own_id, side)


async def dispute(books: LivedBooks, amount: Money) -> None:
    """The customer disputes a part: the merchant's money of it waits."""
    plan = books.plan
    parts: tuple[DisputedCapture, ...] = ()
    if books.is_manual:
        found = await books.steps.captures.find_captures(c.FindCaptures(plan_id=books.plan_id))
        parts = split_over_captures(amount=amount, made=found.captures)
        fee = total(part.fee for part in parts)
    else:
        price = plan.terms.principal
        fee = fee_earned(
            fee=books.fee, financed=price, returned_before=price - amount, returned=amount
        )
    told = plan.dispute(amount, fee=fee, captures=parts)
    if not told.held:
        return
    line_id = f"{told.dispute_id}-held"
    side = await _dispute_lines(books, told, LineKind.DISPUTE, line_id)
    await books.steps.books.hold_disputed(
        b.HoldDisputed(
            posting_id=line_id,
            held=DisputeHeld(
                plan_id=books.plan_id,
                merchant_id=books.merchant_id,
                dispute_id=told.dispute_id,
                amount=told.held,
                taken_from=side.first,
                also_payable=side.also_payable,
                also_paid_out=side.also_paid_out,
            ),
            effective_at=books.now,
        )
    )


async def end_dispute(books: LivedBooks, told: OrderDisputed, *, is_won: bool) -> None:
    """What has waited is the merchant's again; where it went for the customer, it is refunded."""
    if told.held:
        line_id = f"{told.dispute_id}-released"
        side = await _dispute_lines(books, told, LineKind.DISPUTE_RELEASED, line_id)
        await books.post(
            line_id,
            DisputeReleased(
                plan_id=books.plan_id,
                merchant_id=books.merchant_id,
                dispute_id=told.dispute_id,
                amount=told.held,
                is_protected=side.first is MerchantMoney.PROTECTED,
                also_payable=side.also_payable,
            ),
        )
    if is_won:
        await refund(books, told.amount, of=told)
    ended = books.plan.end_dispute(told, outcome="won" if is_won else "lost")
    if ended.installments and books.plan.bears_interest:
        await books.steps.ledger.replan_earnings(
            l.ReplanEarnings(
                plan_id=books.plan_id,
                change_id=f"{told.dispute_id}-again",
                installments=earning_terms(books.plan, without=books.plan.paid),
                at=books.now,
            )
        )


async def take_day(books: LivedBooks) -> None:
    """Close the merchant's day: what is available is in a payout, released, and proven."""
    closed: m.DayClosed = await books.steps.days.close_day(
        m.CloseDay(
            merchant_id=books.merchant_id,
            test_clock_id=None,
            day=addis_date(at=books.now),
            at=books.now,
            run="run",
        )
    )
    payout = books.payout = closed.payout
    if payout is None:
        return
    ended = [
        (each.posting_id, share.plan_id, each.amount)
        for share in payout.shares
        if share.protected or share.releases
        for each in share.releases or (m.Release(posting_id="", amount=share.protected),)
    ]
    own_ids = tuple(own_id for own_id, _, _ in ended)
    await books.steps.books.release_protected(
        b.ReleaseProtected(
            ended=tuple(
                h.ProtectionEnded(plan_id=plan_id, merchant_id=books.merchant_id, amount=amount)
                for _, plan_id, amount in ended
            ),
            effective_at=payout.opened_at,
            posting_ids=own_ids if any(own_ids) else (),
        )
    )
    proven = await books.steps.books.prove_payout(
        b.ProvePayout(
            merchant_id=books.merchant_id,
            owed=tuple((share.plan_id, share.owed) for share in payout.shares),
            owed_back=payout.owed_back,
            reserve_released=payout.reserve_released,
        )
    )
    assert proven.differences == ()


async def end_day(books: LivedBooks, status: TransferStatus) -> None:
    """The bank has settled the payout, or rejected it; staff let it be paid again at once."""
    payout, at = books.payout, books.now
    if payout is None:
        return
    own_id, books.payout = payout.transfer.end_to_end_id, None
    answer = TransferAnswer(end_to_end_id=own_id, status=status, reason_code="AC04")
    await books.steps.days.record_merchant_payout(
        m.RecordMerchantPayout(payout_id=own_id, answer=answer, at=at)
    )
    if status is TransferStatus.SETTLED:
        await _post_payout(books, payout)
    await books.steps.days.finish_merchant_payout(m.FinishMerchantPayout(payout_id=own_id, at=at))
    if status is TransferStatus.REJECTED:
        await books.steps.days.let_retry(
            m.LetRetry(payout_id=own_id, who="stf_1", why="mended", at=at)
        )


async def _post_payout(books: LivedBooks, payout: m.OpenedPayout) -> None:
    own_id = payout.transfer.end_to_end_id
    await books.steps.books.post_shares(
        b.PostShares(
            shares=tuple(
                h.MerchantSharePaid(
                    plan_id=share.plan_id,
                    merchant_id=books.merchant_id,
                    payout_id=share.payout_id or f"{share.plan_id}-{own_id}",
                    carried_by=own_id,
                    amount=max(share.amount, NOTHING),
                    taken_back=max(-share.amount, NOTHING),
                )
                for share in payout.shares
                if share.amount
            ),
            effective_at=payout.opened_at,
        )
    )
    shares = total(share.amount for share in payout.shares)
    await books.steps.books.post_merchant_payout(
        b.PostMerchantPayout(
            settled=h.MerchantPayoutSettled(
                payout_id=own_id,
                merchant_id=books.merchant_id,
                amount=payout.transfer.amount,
                shares=max(shares, NOTHING),
                taken_back=max(-shares, NOTHING),
                owed_back=payout.owed_back,
                reserve_held=payout.reserve_held,
                reserve_released=payout.reserve_released,
            ),
            effective_at=payout.opened_at,
        )
    )
    books.sent[own_id] = payout.transfer.amount
    for share in payout.shares:
        if share.plan_id == books.plan_id and share.payout_id is not None:
            books.shares[share.payout_id] = share.amount


async def _post_gone(books: LivedBooks, told: Gone, own_id: str, side: _Side) -> None:
    """The books, and then what goes back to the customer's wallet."""
    plan = books.plan
    await books.steps.ledger.refund_order(
        RefundOrder(
            plan_id=books.plan_id,
            merchant_id=books.merchant_id,
            posting_id=own_id,
            lender=LENDER,
            amount=told.amount,
            taken_from=side.first,
            fee_back=side.fee_back,
            parts=gone_parts(told),
            interest_back=total(p.amount for p in told.interest_back if p.number in plan.paid),
            earnings=earning_terms(plan, without=plan.paid) if plan.bears_interest else (),
            at=books.now,
            also_payable=side.also_payable,
            also_paid_out=side.also_paid_out,
        )
    )
    if not told.cash_back:
        return
    returned = h.CustomerCreditReturned(
        plan_id=books.plan_id,
        refund_id=f"{own_id}-1",
        provider=WALLET,
        amount=told.cash_back,
    )
    await books.steps.ledger.hold_money(
        l.HoldMoney(hold_id=returned.refund_id, happening=returned, at=books.now)
    )
    await books.post(returned.refund_id, returned)


async def _take_from_captures(
    books: LivedBooks, own_id: str, amount: Money, *, dispute_id: str | None
) -> _Side:
    taken = await books.steps.captures.take_from_captures(
        c.TakeFromCaptures(
            plan_id=books.plan_id,
            refund_id=own_id,
            amount=amount,
            at=books.now,
            dispute_id=dispute_id,
        )
    )
    if not (taken.protected or taken.payable):
        return _Side(first=MerchantMoney.PAID_OUT, fee_back=taken.fee_back)
    return _side(
        {
            MerchantMoney.PROTECTED: taken.protected,
            MerchantMoney.PAYABLE: taken.payable,
            MerchantMoney.PAID_OUT: taken.paid_out,
        },
        fee_back=taken.fee_back,
    )


async def _dispute_lines(
    books: LivedBooks, told: OrderDisputed, kind: LineKind, line_id: str
) -> _Side:
    sign = 1 if kind is LineKind.DISPUTE_RELEASED else -1
    if not told.captures:
        line = await _add_line(
            books,
            line_id,
            kind,
            Money(sign * told.amount.santim),
            Money(sign * told.fee.santim),
        )
        return _Side(first=taken_from(line))
    at = dict.fromkeys(_PLACES, NOTHING)
    for part in told.captures:
        line = await _add_line(
            books,
            f"{line_id}-{part.capture_id.rpartition('-')[2]}",
            kind,
            Money(sign * part.amount.santim),
            Money(sign * part.fee.santim),
            of_line=part.capture_id,
        )
        at[taken_from(line)] += max(line.net, -line.net)
    return _side(at)


async def _add_line(
    books: LivedBooks,
    line_id: str,
    kind: LineKind,
    gross: Money,
    fee: Money,
    *,
    follows: str | None = None,
    of_line: str | None = None,
) -> m.LineAdded:
    added: m.LineAdded = await books.steps.days.add_line(
        m.AddLine(
            line_id=line_id,
            merchant_id=books.merchant_id,
            plan_id=books.plan_id,
            kind=kind,
            gross=gross,
            fee=fee,
            tax=NOTHING,
            available_at=books.now,
            at=books.now,
            follows=follows,
            of_line=of_line,
        )
    )
    return added
