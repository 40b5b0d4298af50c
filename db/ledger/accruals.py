"""What active plans still have to earn, and how far each has come: days are posted once over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypedDict

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.kernel.engine import WriteSession
from db.ledger import store
from db.ledger.tables import EarningInstallment
from db.ledger.writing import enter
from meqenet.errors import Defect
from meqenet.ledger.accruals import (
    accrual_id,
    end_of_day,
    fees_of,
    first_day_not_over,
    interest_by_day,
)
from meqenet.ledger.happenings import NOTHING, InterestAccrued, PlanBecameActive
from meqenet.ledger.order_happenings import OrderAuthorised
from meqenet.money import Money, total


@dataclass(frozen=True, kw_only=True)
class Earned:
    """What the books say of an installment that is paid: nothing of one that they do not know.

    Attributes:
        interest: accrued, not paid by a part, and receivable until the payment is posted.
        merchant_fee: deferred at activation; earned with this installment's principal.
    """

    interest: Money
    merchant_fee: Money


NOTHING_EARNED: Final = Earned(interest=NOTHING, merchant_fee=NOTHING)


class _Untouched(TypedDict):
    """Where every installment begins: nothing is earned of it, paid or carried to it."""

    accrued_until: date
    accrued_santim: Money
    paid_santim: Money
    carried_santim: Money
    carried_earned_santim: Money
    base_on: date
    base_santim: Money
    idle_days: list[str]


async def begin(*, session: WriteSession, happening: PlanBecameActive | OrderAuthorised) -> None:
    """Note what a plan's installments will earn, in the transaction that posts its activation."""
    fees = fees_of(fee=happening.merchant_fee, installments=happening.installments)
    rows = [
        {
            "plan_id": happening.plan_id,
            "number": planned.number,
            "lender": happening.lender,
            "interest_santim": planned.interest,
            "merchant_fee_santim": fee,
            "day_count": happening.day_count,
            "starts_on": planned.starts_on,
            "ends_on": planned.ends_on,
            "on_test_clock": happening.on_test_clock,
            "is_done": not planned.interest or planned.ends_on <= planned.starts_on,
            "is_suspended": False,
            **_untouched(from_day=planned.starts_on),
        }
        for planned, fee in zip(happening.installments, fees, strict=True)
    ]
    if rows:
        await session.execute(upsert(EarningInstallment).values(rows).on_conflict_do_nothing())


async def accrue(*, session: WriteSession, plan_id: str, until: datetime) -> Money:
    """Post the interest of every day of a plan that was over by ``until`` and is not posted yet.

    Each day is a transaction of its own under its own id, effective at that day's end.

    Returns:
        What was earned by it; nothing when it had been done before.
    """
    # Whoever else accrues the same plan waits here, and then finds it done.
    await enter(session=session, plan_id=plan_id)
    day = first_day_not_over(at=until)
    behind = await session.scalars(
        select(EarningInstallment)
        .where(
            EarningInstallment.plan_id == plan_id,
            EarningInstallment.is_done.is_(False),
            EarningInstallment.is_suspended.is_(False),
            EarningInstallment.accrued_until < day,
        )
        .order_by(EarningInstallment.number)
    )
    earned = [
        await _accrue_installment(session=session, row=row, until=day) for row in behind.all()
    ]
    return total(earned)


async def accrue_and_close(
    *, session: WriteSession, plan_id: str, number: int, at: datetime
) -> Earned:
    """Accrue a plan; the installment is paid, so that it accrues nothing more. Again: the same."""
    await accrue(session=session, plan_id=plan_id, until=at)
    paid = await session.get(EarningInstallment, (plan_id, number))
    if paid is None:
        return NOTHING_EARNED
    paid.is_done = True
    return Earned(
        interest=paid.accrued_santim - paid.paid_santim, merchant_fee=paid.merchant_fee_santim
    )


async def set_accruing(
    *, session: WriteSession, plan_id: str, is_accruing: bool, at: datetime
) -> None:
    """Have a plan's days earn interest, or not. Days that are over at ``at`` are posted either way.

    When it goes on, the days on which it was stopped are posted with the others.
    """
    await enter(session=session, plan_id=plan_id)
    if not is_accruing:
        await accrue(session=session, plan_id=plan_id, until=at)
    await session.execute(
        update(EarningInstallment)
        .where(EarningInstallment.plan_id == plan_id, EarningInstallment.is_done.is_(False))
        .values(is_suspended=not is_accruing)
        .execution_options(synchronize_session="fetch")
    )
    if is_accruing:
        await accrue(session=session, plan_id=plan_id, until=at)


async def share_fee(*, session: WriteSession, plan_id: str, shares: Mapping[int, Money]) -> None:
    """Have installments of a plan that is free of interest earn the merchant's fee otherwise.

    Raises:
        Defect: ``shares_differ``: the shares would come to more or less than before, or the plan's
            installments earn interest.
    """
    await enter(session=session, plan_id=plan_id)
    rows = await installments_of(session=session, plan_id=plan_id)
    if any(row.interest_santim for row in rows.values()) or not rows:
        raise Defect("shares_differ", f"{plan_id}: only a plan that is free of interest is changed")
    last = rows[max(rows)]
    known = total(rows[number].merchant_fee_santim for number in shares if number in rows)
    for number in sorted(set(shares) - set(rows)):
        row = further_installment(
            like=last,
            number=number,
            starts_on=last.ends_on,
            ends_on=last.ends_on,
            is_suspended=False,
        )
        session.add(row)
        rows[number] = row
    for number, share in shares.items():
        rows[number].merchant_fee_santim = share
    if total(shares.values()) != known:
        raise Defect("shares_differ", f"{plan_id}: the merchant's fee is neither more nor less")


async def installments_of(*, session: WriteSession, plan_id: str) -> dict[int, EarningInstallment]:
    """A plan's installments as the books earn them, by number and in their order."""
    found = await session.scalars(
        select(EarningInstallment)
        .where(EarningInstallment.plan_id == plan_id)
        .order_by(EarningInstallment.number)
    )
    return {row.number: row for row in found}


def further_installment(
    *,
    like: EarningInstallment,
    number: int,
    starts_on: date,
    ends_on: date,
    is_suspended: bool,
) -> EarningInstallment:
    """One that a change of the schedule adds to a plan: it has nothing to earn until it is told."""
    return EarningInstallment(
        plan_id=like.plan_id,
        number=number,
        lender=like.lender,
        interest_santim=NOTHING,
        merchant_fee_santim=NOTHING,
        day_count=like.day_count,
        starts_on=starts_on,
        ends_on=ends_on,
        on_test_clock=like.on_test_clock,
        is_done=True,
        is_suspended=is_suspended,
        **_untouched(from_day=starts_on),
    )


async def take_plans_behind(
    *, session: WriteSession, until: datetime, after_plan: str, limit: int
) -> Sequence[str]:
    """Plans in real time with a day over and not accrued, in the order of their ids.

    They are locked at once, before anything is written of any of them.
    """
    found = await session.scalars(
        select(EarningInstallment.plan_id)
        .distinct()
        .where(
            EarningInstallment.is_done.is_(False),
            EarningInstallment.is_suspended.is_(False),
            EarningInstallment.on_test_clock.is_(False),
            EarningInstallment.accrued_until < first_day_not_over(at=until),
            EarningInstallment.plan_id > after_plan,
        )
        .order_by(EarningInstallment.plan_id)
        .limit(limit)
    )
    plans = found.all()
    for plan_id in plans:
        await enter(session=session, plan_id=plan_id)
    return plans


def _untouched(*, from_day: date) -> _Untouched:
    return _Untouched(
        accrued_until=from_day,
        accrued_santim=NOTHING,
        paid_santim=NOTHING,
        carried_santim=NOTHING,
        carried_earned_santim=NOTHING,
        base_on=from_day,
        base_santim=NOTHING,
        idle_days=[],
    )


async def _accrue_installment(
    *, session: WriteSession, row: EarningInstallment, until: date
) -> Money:
    earned = NOTHING
    through = min(until, row.ends_on)
    for daily in interest_by_day(
        interest=row.interest_santim - row.base_santim,
        starts_on=row.base_on,
        ends_on=row.ends_on,
        day_count=row.day_count,
        idle=frozenset(date.fromisoformat(day) for day in row.idle_days),
    ):
        if row.accrued_until <= daily.day < through:
            await store.post(
                session=session,
                posting_id=accrual_id(plan_id=row.plan_id, number=row.number, day=daily.day),
                happening=InterestAccrued(
                    plan_id=row.plan_id,
                    lender=row.lender,
                    number=row.number,
                    day=daily.day,
                    amount=daily.amount,
                ),
                effective_at=end_of_day(day=daily.day),
            )
            earned += daily.amount
    row.accrued_until = through
    row.accrued_santim += earned
    row.is_done = through == row.ends_on
    return earned
