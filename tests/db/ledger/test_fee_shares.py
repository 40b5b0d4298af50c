"""After a change of the schedule other installments earn the merchant's fee: all of it, once."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from db.kernel.engine import Database
from db.ledger import accruals, store
from meqenet.errors import Defect
from meqenet.ledger.day_counts import DayCount
from meqenet.ledger.financed import FinancedInstallment
from meqenet.ledger.happenings import PlanBecameActive
from meqenet.money import Money

_AT = datetime(2027, 1, 4, 6, tzinfo=UTC)
_ON = date(2027, 1, 4)


def _row(number: int, *, interest: Money) -> FinancedInstallment:
    return FinancedInstallment(
        number=number,
        principal=Money(100_000),
        interest=interest,
        starts_on=_ON,
        ends_on=date(2027, 1, 4 + 7 * number),
    )


def _active(unique: str, *, interest: Money) -> PlanBecameActive:
    return PlanBecameActive(
        plan_id=f"pln_{unique}",
        merchant_id=f"mrc_{unique}",
        lender=f"lender-{unique}",
        amount=Money(300_000),
        merchant_fee=Money(9_000),
        paid_at_checkout=Money.zero(),
        protected=False,
        installments=tuple(_row(number, interest=interest) for number in (1, 2, 3)),
        day_count=DayCount.THIRTY_360,
    )


async def _begin(ledger: Database, active: PlanBecameActive) -> None:
    async with ledger.write() as session:
        await store.post(
            session=session,
            posting_id=f"{active.plan_id}-activation",
            happening=active,
            effective_at=_AT,
        )
        await accruals.begin(session=session, happening=active)


async def _share(ledger: Database, plan_id: str, **shares: int) -> None:
    async with ledger.write() as session:
        await accruals.share_fee(
            session=session,
            plan_id=plan_id,
            shares={int(number[1:]): Money(santim) for number, santim in shares.items()},
        )


async def _shares(ledger: Database, plan_id: str) -> list[int]:
    found = []
    for number in (1, 2, 3, 4, 5):
        async with ledger.write() as session:
            earned = await accruals.accrue_and_close(
                session=session, plan_id=plan_id, number=number, at=_AT
            )
        found.append(earned.merchant_fee.santim)
    return found


async def test_shares_move_to_new_installments_and_again_change_nothing(
    ledger: Database, unique: str
) -> None:
    active = _active(unique, interest=Money.zero())
    await _begin(ledger, active)
    for _ in range(2):
        await _share(ledger, active.plan_id, n1=0, n2=1_000, n3=3_000, n4=5_000)
        assert await _shares(ledger, active.plan_id) == [0, 1_000, 3_000, 5_000, 0]


async def test_shares_that_come_to_more_or_less_are_a_defect(ledger: Database, unique: str) -> None:
    active = _active(unique, interest=Money.zero())
    await _begin(ledger, active)
    with pytest.raises(Defect, match="neither more nor less"):
        await _share(ledger, active.plan_id, n2=3_000, n3=3_001)
    assert await _shares(ledger, active.plan_id) == [3_000, 3_000, 3_000, 0, 0]
    earns = replace(_active(f"{unique}i", interest=Money(100)), lender=f"lender-{unique}")
    await _begin(ledger, earns)
    with pytest.raises(Defect, match="free of interest"):
        await _share(ledger, earns.plan_id, n1=0, n2=9_000)
