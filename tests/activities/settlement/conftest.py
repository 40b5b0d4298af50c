from datetime import date, timedelta

import pytest

from activities.contracts.settlement import RegisterTerms, ScheduleSettlement, SettlementSteps
from activities.settlement import SettlementActivities
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from meqenet.identity import payout_id
from meqenet.money import Money
from tests.activities.settlement.stories import ACCOUNT, AT
from tests.backing import Databases


@pytest.fixture
def settlement(databases: Databases) -> Database:
    return databases["settlement"]


@pytest.fixture
def steps(settlement: Database, keyring: Keyring) -> SettlementSteps:
    return SettlementActivities(database=settlement, keyring=keyring)


@pytest.fixture
def terms(unique: str) -> RegisterTerms:
    return RegisterTerms(
        merchant_id=f"mrc_{unique}",
        fee_basis_points={"pay_in_4": 350, "pay_in_full": 0},
        delay_days=0,
        account=ACCOUNT,
        at=AT - timedelta(days=30),
    )


@pytest.fixture
async def order(steps: SettlementSteps, terms: RegisterTerms, unique: str) -> ScheduleSettlement:
    """An order of a merchant whose terms are on file, activated on a Wednesday."""
    await steps.register_terms(terms)
    return ScheduleSettlement(
        plan_id=f"pln_{unique}",
        merchant_id=terms.merchant_id,
        payout_id=payout_id(plan_id=f"pln_{unique}", number=1),
        option="pay_in_4",
        amount=Money(100_000),
        activated_on=date(2026, 4, 8),
        protection_days=0,
        at=AT,
    )
