"""A merchant's day over the real stores of settlement and ledger, and the rest in memory."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from activities.contracts.settlement import RegisterTerms
from activities.ledger import LedgerActivities
from activities.merchant_books import MerchantBookActivities
from activities.merchant_settlement import MerchantSettlementActivities
from activities.settlement import SettlementActivities
from db.kernel.encryption import Keyring
from db.ledger.views import balance
from meqenet.money import Money
from meqenet.settlement.transfer import PayoutAccount
from tests.backing import Databases
from tests.workflows.conftest import QUEUES, Bench
from tests.workflows.stores import Stores
from workers.queue_worker import worker_for

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Payday:
    """A bench whose settlement and ledger are real."""

    bench: Bench
    databases: Databases
    settlement: MerchantSettlementActivities
    terms: RegisterTerms

    async def left(self) -> dict[str, Money]:
        """What stands on the merchant's accounts."""
        left = {}
        async with self.databases["ledger"].read() as session:
            for name in ("payable", "settling", "reserve", "receivable"):
                account = f"merchant_{name}:{self.terms.merchant_id}"
                left[name] = await balance(session=session, prefix=account)
        return {name: amount for name, amount in left.items() if amount}


@pytest_asyncio.fixture(loop_scope="session")
async def payday(
    env: WorkflowEnvironment, databases: Databases, keyring: Keyring, unique: str
) -> AsyncIterator[Payday]:
    stores, store = Stores(), databases["settlement"]
    real: dict[str, list[object]] = {
        "settlement": [
            SettlementActivities(database=store, keyring=keyring),
            MerchantSettlementActivities(database=store, keyring=keyring),
        ],
        "ledger": [
            LedgerActivities(database=databases["ledger"]),
            MerchantBookActivities(database=databases["ledger"]),
        ],
    }
    terms = RegisterTerms(
        merchant_id=f"mer_{unique}",
        fee_basis_points={"pay_in_full": 150, "pay_in_30": 300},
        delay_days=1,
        account=PayoutAccount(bic="CBETETAA", account_number="1", account_name="Shop"),
        at=_LONG_AGO,
    )
    await SettlementActivities(database=store, keyring=keyring).register_terms(terms)
    async with AsyncExitStack() as stack:
        for queue in QUEUES:
            parts: list[object] = real.get(queue, [stores])
            await stack.enter_async_context(
                worker_for(client=env.client, queue=queue, activities=parts)
            )
        yield Payday(
            bench=Bench(env=env, domains=stores, merchant_id=terms.merchant_id),
            databases=databases,
            settlement=MerchantSettlementActivities(database=store, keyring=keyring),
            terms=terms,
        )


async def test_protected_money_is_released_proven_paid_once_and_posted(payday: Payday) -> None:
    bench = payday.bench
    application = bench.application("pay_in_full", amount="4000.00")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    (payout,) = bench.domains.paid_out
    assert payout.startswith("pay_")
    assert await payday.left() == {}
