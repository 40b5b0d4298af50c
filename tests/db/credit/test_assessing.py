import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from sqlalchemy import select, update

from db.credit.assessing import CreditApplication, assess
from db.credit.policies import policy_on
from db.credit.seed import seed
from db.credit.tables import CreditDecision, Policy
from db.credit.views import explain_decision, find_standing
from db.kernel.encryption import Keyring, erase_person
from meqenet.credit.policy import CreditPolicy, Tier, TierRule
from meqenet.errors import Defect, Refusal
from meqenet.money import Money
from tests.backing import Databases, as_admin

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
FIVE_THOUSAND = CreditPolicy(
    version=99,
    effective_from=date(2026, 1, 1),
    adult_age_years=18,
    payment_share_of_income_max=Fraction(1, 3),
    quiet_days_max=40,
    tiers=tuple(
        TierRule(
            tier=tier,
            repaid_on_time_min=0,
            repaid_late_max=None,
            limit=Money.from_birr(5_000),
        )
        for tier in Tier
    ),
)


async def test_six_holds_of_a_thousand_race_for_five_thousand(
    databases: Databases, keyring: Keyring, unique: str
) -> None:
    first = CreditApplication(
        plan_id="",
        customer_id=f"cus_{unique}",
        age_years=30,
        option="pay_in_30",
        amount=Money.from_birr(1_000),
        monthly_payment=Money.from_birr(1_000),
        monthly_income=None,
    )

    async def hold(number: int) -> CreditDecision:
        async with databases["credit"].write() as session:
            return await assess(
                session=session,
                keyring=keyring,
                policy=FIVE_THOUSAND,
                application=replace(first, plan_id=f"pln_{unique}{number}"),
                at=AT,
            )

    decisions = await asyncio.gather(*(hold(number) for number in range(6)))
    assert sorted(decision.approved for decision in decisions) == [False, *[True] * 5]
    (refused,) = [decision for decision in decisions if not decision.approved]
    assert [reason["code"] for reason in refused.reasons] == ["limit_exceeded"]
    async with databases["credit"].read() as session:
        standing = await find_standing(session=session, customer_id=first.customer_id)
    assert standing is not None
    assert standing.held == standing.limit == Money.from_birr(5_000)


async def test_an_erased_customers_decision_stays_but_its_inputs_are_gone(
    databases: Databases, keyring: Keyring, unique: str
) -> None:
    application = CreditApplication(
        plan_id=f"pln_{unique}",
        customer_id=f"cus_{unique}",
        age_years=30,
        option="pay_in_30",
        amount=Money.from_birr(1_000),
        monthly_payment=Money.from_birr(1_000),
        monthly_income=None,
    )
    async with databases["credit"].write() as session:
        await assess(
            session=session,
            keyring=keyring,
            policy=FIVE_THOUSAND,
            application=application,
            at=AT,
        )
        await erase_person(session=session, person_id=application.customer_id)
    async with databases["credit"].read() as session:
        assert await session.get(CreditDecision, application.plan_id) is not None
        with pytest.raises(Refusal) as refusal:
            await explain_decision(session=session, keyring=keyring, plan_id=f"pln_{unique}")
    assert refusal.value.code == "person_erased"


async def test_the_policy_in_force_on_a_day_decides(databases: Databases) -> None:
    async with databases["credit"].read() as session:
        policy = await policy_on(session=session, day=date(2026, 1, 1))
        assert policy.version == 1
        assert policy.tiers[-1].limit >= Money.from_birr(40_000)
        with pytest.raises(Defect) as defect:
            await policy_on(session=session, day=date(2025, 12, 31))
    assert defect.value.code == "policy_missing"


async def test_a_version_that_was_in_force_never_changes(databases: Databases) -> None:
    async with as_admin(databases.admin_url, database="meqenet_credit") as connection:
        await seed(connection)
        found = await connection.execute(select(Policy.document).where(Policy.version == 1))
        await connection.execute(
            update(Policy)
            .where(Policy.version == 1)
            .values(document={**found.scalar_one(), "quiet_days_max": 50})
        )
        with pytest.raises(Defect) as defect:
            await seed(connection)
        await connection.rollback()
    assert defect.value.code == "policy_version_changed"
