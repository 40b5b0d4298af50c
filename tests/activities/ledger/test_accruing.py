from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import ActivityEnvironment

from activities.contracts.ledger import (
    ACCRUE_DUE,
    POST,
    AccrueDue,
    AccrueInstallment,
    DueAccrued,
    InstallmentAccrued,
    LedgerSteps,
    Post,
    SetAccrual,
)
from activities.ledger import LedgerActivities
from db.ledger import store, views
from meqenet.ledger.accruals import accrual_id
from meqenet.ledger.day_counts import DayCount
from meqenet.ledger.financed import FinancedInstallment
from meqenet.ledger.happenings import (
    InstallmentCollected,
    InterestAccrued,
    PlanBecameActive,
    ProtectionEnded,
)
from meqenet.money import Money
from tests.backing import Databases

_START, _DUE = date(2026, 11, 23), date(2026, 12, 23)
_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_NIGHT = datetime(2026, 11, 23, 21, 5, tzinfo=UTC)
_DUE_AT = datetime(2026, 12, 23, 7, 0, tzinfo=UTC)


@pytest.fixture
def steps(databases: Databases) -> LedgerSteps:
    return LedgerActivities(database=databases["ledger"])


def _activation(plan_id: str) -> Post:
    return Post(
        posting_id=f"{plan_id}-activation",
        happening=PlanBecameActive(
            plan_id=plan_id,
            merchant_id=f"mrc_{plan_id}",
            lender="lender-1",
            amount=Money(50_000),
            merchant_fee=Money(1_500),
            paid_at_checkout=Money.zero(),
            protected=True,
            installments=(
                FinancedInstallment(
                    number=1,
                    principal=Money(50_000),
                    interest=Money(900),
                    starts_on=_START,
                    ends_on=_DUE,
                ),
            ),
            day_count=DayCount.THIRTY_360,
        ),
        effective_at=_AT,
    )


async def test_what_was_accrued_is_paid_and_a_plan_that_is_over_leaves_nothing(
    steps: LedgerSteps, databases: Databases, unique: str
) -> None:
    plan_id = f"pln_{unique}"
    await steps.post(_activation(plan_id))
    command = AccrueInstallment(plan_id=plan_id, number=1, at=_DUE_AT)
    for _ in range(2):
        accrued = await ActivityEnvironment().run(steps.accrue_installment, command)
        assert accrued == InstallmentAccrued(interest=Money(900), merchant_fee=Money(1_500))
    await steps.post(
        Post(
            posting_id=f"{plan_id}-i01-a1",
            happening=InstallmentCollected(
                plan_id=plan_id,
                attempt_id=f"{plan_id}-i01-a1",
                provider="mpesa",
                lender="lender-1",
                principal=Money(50_000),
                interest=Money.zero(),
                accrued_interest=Money(900),
                merchant_fee=Money(1_500),
            ),
            effective_at=_DUE_AT,
        )
    )
    await steps.post(
        Post(
            posting_id=f"{plan_id}-protection",
            happening=ProtectionEnded(
                plan_id=plan_id, merchant_id=f"mrc_{plan_id}", amount=Money(48_500)
            ),
            effective_at=_DUE_AT,
        )
    )
    async with databases["ledger"].read() as session:
        for name in (
            "plan_receivable",
            "interest_receivable",
            "merchant_fee_deferred",
            "merchant_protected",
        ):
            left = await views.balance(session=session, prefix=f"{name}:{plan_id}")
            assert left == Money.zero(), name


async def test_the_night_accrues_plans_page_by_page(
    steps: LedgerSteps, databases: Databases, unique: str
) -> None:
    plans = [f"pln_{unique}_{letter}" for letter in "abc"]
    for plan_id in plans:
        await steps.post(_activation(plan_id))
    first = AccrueDue(until=_NIGHT, after_plan=f"pln_{unique}", limit=2)
    told = await ActivityEnvironment().run(steps.accrue_due, first)
    assert told == DueAccrued(count=2, failed=(), last_plan=plans[1])
    second = AccrueDue(until=_NIGHT, after_plan=plans[1], limit=1)
    told = await ActivityEnvironment().run(steps.accrue_due, second)
    assert told == DueAccrued(count=1, failed=(), last_plan=plans[2])
    for plan_id in plans:
        assert await _receivable(databases, plan_id) == Money(30)


async def test_one_plan_that_cannot_be_accrued_keeps_no_other_waiting(
    steps: LedgerSteps, databases: Databases, unique: str
) -> None:
    plans = [f"pln_{unique}_{letter}" for letter in "abc"]
    for plan_id in plans:
        await steps.post(_activation(plan_id))
    broken = plans[1]
    async with databases["ledger"].write() as session:
        await store.post(
            session=session,
            posting_id=accrual_id(plan_id=broken, number=1, day=date(2026, 11, 24)),
            happening=InterestAccrued(
                plan_id=broken,
                lender="lender-1",
                number=1,
                day=date(2026, 11, 24),
                amount=Money(7),
            ),
            effective_at=_AT,
        )
    command = AccrueDue(
        until=datetime(2026, 11, 25, 9, tzinfo=UTC), after_plan=f"pln_{unique}", limit=3
    )
    told = await ActivityEnvironment().run(steps.accrue_due, command)
    assert told == DueAccrued(count=2, failed=(broken,), last_plan=plans[2])
    assert [str(await _receivable(databases, plan_id)) for plan_id in plans] == [
        "0.60",
        "0.07",
        "0.60",
    ]


async def test_the_commands_survive_the_wire(unique: str) -> None:
    activation = _activation(f"pln_{unique}")
    payloads = await pydantic_data_converter.encode([activation])
    assert await pydantic_data_converter.decode(payloads, [POST.command]) == [activation]
    told = DueAccrued(count=2, failed=("pln_a",), last_plan=None)
    payloads = await pydantic_data_converter.encode([told])
    assert await pydantic_data_converter.decode(payloads, [ACCRUE_DUE.result]) == [told]


async def _receivable(databases: Databases, plan_id: str) -> Money:
    async with databases["ledger"].read() as session:
        return await views.balance(session=session, prefix=f"interest_receivable:{plan_id}")


async def test_a_plan_that_does_not_perform_earns_nothing_until_it_does_again(
    steps: LedgerSteps, databases: Databases, unique: str
) -> None:
    plan_id = f"pln_{unique}"
    await steps.post(_activation(plan_id))

    async def nights(day: int) -> Money:
        at = datetime(2026, 12, day, 21, 5, tzinfo=UTC)
        due = AccrueDue(until=at, after_plan=plan_id[:-1], limit=1)
        await ActivityEnvironment().run(steps.accrue_due, due)
        return await _receivable(databases, plan_id)

    stop = SetAccrual(
        plan_id=plan_id, is_accruing=False, at=datetime(2026, 12, 2, 21, 0, tzinfo=UTC)
    )
    before = await nights(1)
    for _ in range(2):
        await steps.set_accrual(stop)
        assert await _receivable(databases, plan_id) == before + Money(30)
    assert await nights(12) == before + Money(30)

    go_on = replace(stop, is_accruing=True, at=datetime(2026, 12, 12, 21, 5, tzinfo=UTC))
    for _ in range(2):
        await steps.set_accrual(go_on)
        assert await _receivable(databases, plan_id) == before + Money(330)
    assert await nights(13) == before + Money(360)
