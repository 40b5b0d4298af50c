"""Installments that earn otherwise after a change of the schedule, or after a payment.

What was earned stays posted. The days to come earn the rest, from the first one that is not over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.kernel.engine import WriteSession
from db.ledger import accruals, store
from db.ledger.tables import EarningInstallment
from db.ledger.writing import enter, is_posted
from meqenet.errors import Defect
from meqenet.ledger.earning import Earning, EarningTerms, PaidPart, TakePayment, replanned
from meqenet.ledger.happenings import (
    NOTHING,
    CustomerCreditApplied,
    InstallmentCollected,
    InterestRefunded,
)
from meqenet.money import Money, total

_NOT_OWED: Final = "interest"
"""What follows the id of a change, where it takes interest back."""
_FROM_CREDIT: Final = "credit"
"""What follows the id of a payment, beside which interest that is given back pays."""


@dataclass(frozen=True, kw_only=True)
class _Booked:
    """What parts pay, as the books post them."""

    principal: Money
    accrued_interest: Money
    interest: Money
    late_fee: Money
    merchant_fee: Money


async def replan(
    *,
    session: WriteSession,
    plan_id: str,
    change_id: str,
    installments: Sequence[EarningTerms],
    at: datetime,
) -> None:
    """Have installments earn otherwise from ``at`` on. Again, nothing changes.

    Interest that was earned and is not owed of its installment any more counts as earned of those
    to which it was carried; the rest of it is taken back.

    Args:
        session: the transaction.
        plan_id: the plan.
        change_id: what is taken back is posted under it.
        installments: those that earn otherwise; one that the books do not know is new.
        at: the days that are over then are posted first, as they were agreed.

    Raises:
        Defect: ``shares_differ``: of the merchant's fee more or less would be earned.
    """
    await accruals.accrue(session=session, plan_id=plan_id, until=at)
    await replan_accrued(
        session=session, plan_id=plan_id, change_id=change_id, installments=installments, at=at
    )


async def replan_accrued(
    *,
    session: WriteSession,
    plan_id: str,
    change_id: str,
    installments: Sequence[EarningTerms],
    at: datetime,
) -> None:
    """As :func:`replan`, for whoever has accrued the plan until ``at`` in the same transaction."""
    rows = await accruals.installments_of(session=session, plan_id=plan_id)
    if not rows:
        raise Defect("shares_differ", f"{plan_id}: the books know no installment of it")
    fee_before = total(row.merchant_fee_santim for row in rows.values())
    excess = returned = NOTHING
    for terms in installments:
        row = rows.get(terms.number)
        if row is None:
            first = rows[min(rows)]
            row = accruals.further_installment(
                like=first,
                number=terms.number,
                starts_on=terms.starts_on,
                ends_on=terms.ends_on,
                is_suspended=first.is_suspended,
            )
            session.add(row)
            rows[terms.number] = row
        freed, back = _replan_row(row, terms=terms)
        excess, returned = excess + freed, returned + back
    for terms in installments:
        excess -= _carry(rows[terms.number], excess=excess)
    if total(row.merchant_fee_santim for row in rows.values()) != fee_before:
        raise Defect("shares_differ", f"{plan_id}: the merchant's fee is neither more nor less")
    if excess or returned:
        await store.post(
            session=session,
            posting_id=f"{change_id}-{_NOT_OWED}",
            happening=InterestRefunded(
                plan_id=plan_id,
                refund_id=f"{change_id}-{_NOT_OWED}",
                lender=rows[min(rows)].lender,
                unpaid=excess,
                paid=returned,
            ),
            effective_at=at,
        )
    await session.flush()


async def take_payment(*, session: WriteSession, payment: TakePayment) -> None:
    """Post a payment, once by its posting id, and what it changes of what is earned.

    Raises:
        Refusal, Defect: as of :func:`replan` and :func:`db.ledger.store.post`.
    """
    plan_id = payment.plan_id
    await enter(session=session, plan_id=plan_id)
    if await is_posted(session=session, plan_id=plan_id, posting_id=payment.posting_id):
        return
    await accruals.accrue(session=session, plan_id=plan_id, until=payment.at)
    if payment.earnings:
        await replan_accrued(
            session=session,
            plan_id=plan_id,
            change_id=payment.posting_id,
            installments=payment.earnings,
            at=payment.at,
        )
    rows = await accruals.installments_of(session=session, plan_id=plan_id)
    if payment.from_credit:
        await _post_from_credit(session, payment, _book(rows, parts=payment.from_credit))
    booked = _book(rows, parts=payment.parts)
    await store.post(
        session=session,
        posting_id=payment.posting_id,
        happening=InstallmentCollected(
            plan_id=plan_id,
            attempt_id=payment.posting_id,
            provider=payment.provider,
            lender=payment.lender,
            principal=booked.principal,
            interest=booked.interest,
            accrued_interest=booked.accrued_interest,
            late_fee=booked.late_fee,
            overpaid=payment.overpaid,
            merchant_fee=booked.merchant_fee,
        ),
        effective_at=payment.at,
    )
    await session.flush()


async def _post_from_credit(session: WriteSession, payment: TakePayment, booked: _Booked) -> None:
    await store.post(
        session=session,
        posting_id=f"{payment.posting_id}-{_FROM_CREDIT}",
        happening=CustomerCreditApplied(
            plan_id=payment.plan_id,
            lender=payment.lender,
            principal=booked.principal,
            interest=booked.interest,
            accrued_interest=booked.accrued_interest,
            late_fee=booked.late_fee,
            merchant_fee=booked.merchant_fee,
        ),
        effective_at=payment.at,
    )


def _replan_row(row: EarningInstallment, *, terms: EarningTerms) -> tuple[Money, Money]:
    """Returns what was earned and is free now, and what was paid and goes back."""
    changed = replanned(
        earning=Earning(
            interest=row.interest_santim, earned=row.accrued_santim, paid=row.paid_santim
        ),
        interest=terms.interest,
    )
    row.starts_on, row.ends_on = terms.starts_on, terms.ends_on
    row.accrued_until = max(row.accrued_until, terms.starts_on)
    row.idle_days = [day.isoformat() for day in terms.idle_days]
    row.interest_santim = changed.earning.interest
    row.accrued_santim = changed.earning.earned
    row.paid_santim = changed.earning.paid
    row.carried_santim = min(terms.carried, row.interest_santim)
    row.carried_earned_santim = min(
        row.carried_earned_santim, row.carried_santim, row.accrued_santim
    )
    _rebase(row)
    row.is_done = row.base_santim == row.interest_santim or row.base_on >= row.ends_on
    if terms.merchant_fee is not None:
        row.merchant_fee_santim = terms.merchant_fee
    return changed.excess, changed.returned


def _carry(row: EarningInstallment, *, excess: Money) -> Money:
    """What was earned on a date that is over counts for where it went; returns how much that is."""
    room = min(
        row.carried_santim - row.carried_earned_santim, row.interest_santim - row.accrued_santim
    )
    moved = min(room, excess)
    row.accrued_santim += moved
    row.carried_earned_santim += moved
    return moved


def _rebase(row: EarningInstallment) -> None:
    """The days to come earn what is neither earned by now nor carried."""
    row.base_on = row.accrued_until
    of_period = row.accrued_santim - row.carried_earned_santim
    row.base_santim = min(row.interest_santim, row.carried_santim + of_period)


def _book(rows: dict[int, EarningInstallment], *, parts: Sequence[PaidPart]) -> _Booked:
    """Note in the rows what the parts pay; what is paid before its day is earned with it."""
    accrued = earned_now = fee = NOTHING
    for part in parts:
        row = rows[part.number]
        from_accrued = min(part.interest, row.accrued_santim - row.paid_santim)
        ahead = part.interest - from_accrued
        row.paid_santim += part.interest
        if ahead:
            carried = min(ahead, row.carried_santim - row.carried_earned_santim)
            row.accrued_santim += ahead
            row.carried_earned_santim += carried
            _rebase(row)
        row.is_done = row.is_done or part.is_whole or row.base_santim == row.interest_santim
        accrued, earned_now = accrued + from_accrued, earned_now + ahead
        if part.principal:
            fee += part.fee_earned(fee=row.merchant_fee_santim)
    return _Booked(
        principal=total(part.principal for part in parts),
        accrued_interest=accrued,
        interest=earned_now,
        late_fee=total(part.late_fee for part in parts),
        merchant_fee=fee,
    )
