"""Payments of a plan in the books: collected when due, in part, or by the customer's own will."""

from activities.contracts import ledger as l
from meqenet.bnpl.events import PlannedInstallment
from meqenet.bnpl.own_payment import own_payment
from meqenet.bnpl.payment_events import OwnPaymentAllocated
from meqenet.bnpl.servicing.account import InstallmentAccount
from meqenet.errors import Refusal
from meqenet.ledger import happenings as h
from meqenet.ledger.earning import EarningTerms, PaidPart, TakePayment
from meqenet.money import Money, total
from tests.activities.settlement.lived_books import LENDER, NOTHING, WALLET, LivedBooks
from tests.meqenet.bnpl.lived_order import LivedOrder
from workflows.interest_payments import paid_parts
from workflows.repayment import earned_with


async def collect(books: LivedBooks, row: InstallmentAccount, amount: Money) -> None:
    """A due installment is collected, whole or in part."""
    plan, attempt = books.plan, books.plan.next_attempt(row.number)
    if amount < row.left.total:
        share = plan.collect_part(row, amount)
        part = PaidPart(
            number=row.number,
            financed=row.owed.principal,
            returned_before=row.paid.principal,
            principal=share.principal,
            interest=share.interest,
            late_fee=share.late_fee,
            is_whole=False,
        )
        await _take(books, attempt, parts=(part,))
        return
    accrued = await _accrue(books, row.number)
    plan.collect_whole(row)
    await _post_collected(
        books,
        attempt,
        principal=row.left.principal,
        interest=row.left.interest - accrued.interest,
        accrued_interest=accrued.interest,
        merchant_fee=_earned(row, accrued, returned=row.left.principal),
    )


async def pay(books: LivedBooks, amount: Money | None) -> None:
    """The customer pays by their own will; None pays all off; what is refused changes nothing."""
    plan = books.plan
    try:
        asked = own_payment(account=plan.account, policy=plan.policy, amount=amount, on=plan.on)
    except Refusal:
        return
    attempt = f"{plan.plan_id}-x{plan.payments + 1:02d}-a1"
    if plan.bears_interest:
        plan.payments += 1
        before = set(plan.paid)
        told = plan.allocate(attempt, asked.amount)
        plan.came += asked.amount
        await _take_allocated(books, told, paid=before)
        plan.take_allocated(told)
        return
    rows = {row.number: row for row in plan.account.installments}
    parts = {part.number: part.amount for part in asked.parts}
    fees = []
    for number in (*asked.installments, *parts):
        accrued = await _accrue(books, number)
        returned = parts.get(number, rows[number].left.principal)
        fees.append(_earned(rows[number], accrued, returned=returned))
    assert plan.pay_own(amount) == asked.amount
    await _post_collected(books, attempt, principal=asked.amount, merchant_fee=total(fees))


def earning_terms(plan: LivedOrder, *, without: set[int]) -> tuple[EarningTerms, ...]:
    """How installments earn by the schedule in force."""
    return tuple(
        EarningTerms(
            number=row.number,
            interest=row.owed.interest,
            carried=row.carried_interest,
            starts_on=row.starts_on,
            ends_on=row.due_on,
        )
        for row in plan.account.installments
        if row.number not in without
    )


async def _take_allocated(books: LivedBooks, told: OwnPaymentAllocated, *, paid: set[int]) -> None:
    on_time = {
        row.number
        for row in told.installments
        if row.number in paid and told.share_of(number=row.number) is None and row.due_on <= told.on
    }
    earnings = earning_terms(books.plan, without=on_time) if told.interest_saved else ()
    await _take(
        books,
        told.attempt_id,
        parts=paid_parts(told=told, shares=told.shares, history=books.plan.history),
        from_credit=paid_parts(told=told, shares=told.from_credit, history=books.plan.history),
        earnings=earnings,
        overpaid=told.overpaid,
    )


async def _take(
    books: LivedBooks,
    attempt: str,
    *,
    parts: tuple[PaidPart, ...],
    from_credit: tuple[PaidPart, ...] = (),
    earnings: tuple[EarningTerms, ...] = (),
    overpaid: Money = NOTHING,
) -> None:
    await books.steps.ledger.take_payment(
        TakePayment(
            plan_id=books.plan_id,
            posting_id=attempt,
            provider=WALLET,
            lender=LENDER,
            parts=parts,
            from_credit=from_credit,
            overpaid=overpaid,
            earnings=earnings,
            at=books.now,
        )
    )


async def _accrue(books: LivedBooks, number: int) -> l.InstallmentAccrued:
    accrued: l.InstallmentAccrued = await books.steps.ledger.accrue_installment(
        l.AccrueInstallment(plan_id=books.plan_id, number=number, at=books.now)
    )
    return accrued


def _earned(row: InstallmentAccount, accrued: l.InstallmentAccrued, *, returned: Money) -> Money:
    planned = PlannedInstallment(
        number=row.number,
        due_on=row.due_on,
        principal=row.owed.principal,
        interest=row.owed.interest,
    )
    return earned_with(
        planned, accrued=accrued, returned_before=row.paid.principal, returned=returned
    )


async def _post_collected(
    books: LivedBooks,
    attempt: str,
    *,
    principal: Money,
    merchant_fee: Money,
    interest: Money = NOTHING,
    accrued_interest: Money = NOTHING,
) -> None:
    await books.post(
        attempt,
        h.InstallmentCollected(
            plan_id=books.plan_id,
            attempt_id=attempt,
            provider=WALLET,
            lender=LENDER,
            principal=principal,
            interest=interest,
            accrued_interest=accrued_interest,
            merchant_fee=merchant_fee,
        ),
    )
