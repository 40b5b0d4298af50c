"""The payments domain's steps on their store, and a plan that is paid from a Telebirr wallet."""

from datetime import UTC, datetime

import pytest

from activities.contracts.payments import RegisterWallet
from activities.payments import PaymentsActivities
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from meqenet.identity import contract_number
from meqenet.payments.rail import WalletProvider
from tests.backing import Databases

_NOW = datetime(2026, 12, 7, 9, tzinfo=UTC)


@pytest.fixture
def payments(databases: Databases) -> Database:
    return databases["payments"]


@pytest.fixture
def steps(payments: Database, keyring: Keyring) -> PaymentsActivities:
    return PaymentsActivities(database=payments, keyring=keyring)


@pytest.fixture
async def plan_id(steps: PaymentsActivities, unique: str) -> str:
    """A plan that is paid from a Telebirr wallet."""
    plan = f"pln_{unique}"
    await steps.register_wallet(
        RegisterWallet(
            plan_id=plan,
            provider=WalletProvider.TELEBIRR,
            msisdn=f"2519{int(unique, 16) % 10**8:08d}",
            contract_no=contract_number(plan_id=plan),
            at=_NOW,
        )
    )
    return plan
