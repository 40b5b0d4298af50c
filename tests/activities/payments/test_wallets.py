from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from activities.contracts.payments import (
    FindMandate,
    MandateToCancel,
    PaymentsSteps,
    RecordMandate,
    RegisterWallet,
)
from activities.payments import PaymentsActivities
from db.kernel.encryption import Keyring, erase_person
from db.kernel.engine import Database
from db.kernel.events import read_stream
from meqenet.errors import Defect, Refusal
from meqenet.identity import contract_number
from meqenet.money import Money
from meqenet.payments.rail import MandateAnswer, MandateStatus, WalletProvider
from tests.backing import Databases

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_MSISDN = "251911223344"


@pytest.fixture
def payments(databases: Databases) -> Database:
    return databases["payments"]


@pytest.fixture
def steps(payments: Database, keyring: Keyring) -> PaymentsSteps:
    return PaymentsActivities(database=payments, keyring=keyring)


@pytest.fixture
def wallet(unique: str) -> RegisterWallet:
    plan_id = f"pln_{unique}"
    return RegisterWallet(
        plan_id=plan_id,
        provider=WalletProvider.TELEBIRR,
        msisdn=_MSISDN,
        contract_no=contract_number(plan_id=plan_id),
        at=_AT,
    )


def _word(wallet: RegisterWallet, status: MandateStatus, *, minutes: int) -> RecordMandate:
    return RecordMandate(
        plan_id=wallet.plan_id,
        answer=MandateAnswer(
            contract_no=str(wallet.contract_no),
            status=status,
            mandate_id="M1",
            debit_limit=Money(1_000_000),
        ),
        at=_AT + timedelta(minutes=minutes),
    )


async def test_the_phone_is_nowhere_in_the_store_in_clear(
    steps: PaymentsSteps, payments: Database, wallet: RegisterWallet
) -> None:
    await steps.register_wallet(wallet)
    async with payments.read() as session:
        row = await session.scalar(
            text("SELECT w::text FROM wallets w WHERE plan_id = :plan"), {"plan": wallet.plan_id}
        )
    assert _MSISDN not in str(row)
    assert _MSISDN.encode().hex() not in str(row)


async def test_a_wallet_is_registered_once(
    steps: PaymentsSteps, payments: Database, wallet: RegisterWallet
) -> None:
    await steps.register_wallet(wallet)
    await steps.register_wallet(replace(wallet, at=_AT + timedelta(days=1)))
    async with payments.read() as session:
        count = await session.scalar(
            text("SELECT count(*) FROM wallets WHERE plan_id = :plan"), {"plan": wallet.plan_id}
        )
    assert count == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"msisdn": "251911223345"},
        {"provider": WalletProvider.MPESA},
        {"contract_no": None},
    ],
)
async def test_another_wallet_is_refused_without_naming_a_phone(
    steps: PaymentsSteps, wallet: RegisterWallet, changes: dict[str, object]
) -> None:
    await steps.register_wallet(wallet)
    with pytest.raises(Refusal) as refused:
        await steps.register_wallet(replace(wallet, **changes))  # type: ignore[arg-type]  # any field
    assert refused.value.code == "wallet_differs"
    assert "2519" not in refused.value.text


async def test_the_newest_word_on_a_mandate_counts(
    steps: PaymentsSteps, payments: Database, wallet: RegisterWallet
) -> None:
    await steps.register_wallet(wallet)
    find = FindMandate(plan_id=wallet.plan_id)
    assert await steps.find_mandate(find) == MandateToCancel(contract_no=None, msisdn=_MSISDN)
    await steps.record_mandate(_word(wallet, MandateStatus.ACTIVE, minutes=1))
    active = MandateToCancel(contract_no=wallet.contract_no, msisdn=_MSISDN)
    assert await steps.find_mandate(find) == active
    await steps.record_mandate(_word(wallet, MandateStatus.ABSENT, minutes=0))
    assert await steps.find_mandate(find) == active
    await steps.record_mandate(_word(wallet, MandateStatus.ACTIVE, minutes=2))
    for _ in range(2):
        await steps.record_mandate(_word(wallet, MandateStatus.ENDED, minutes=3))
    assert (await steps.find_mandate(find)).contract_no is None
    async with payments.read() as session:
        events = await read_stream(session=session, stream=wallet.plan_id)
    assert [event.content.data["status"] for event in events] == ["active", "ended"]


async def test_a_mandate_of_another_plan_is_a_defect(
    steps: PaymentsSteps, wallet: RegisterWallet
) -> None:
    await steps.register_wallet(replace(wallet, contract_no=None))
    with pytest.raises(Defect) as broken:
        await steps.record_mandate(_word(wallet, MandateStatus.ACTIVE, minutes=1))
    assert broken.value.code == "mandate_foreign"


async def test_without_its_data_key_a_wallet_is_unreadable(
    steps: PaymentsSteps, payments: Database, wallet: RegisterWallet
) -> None:
    await steps.register_wallet(wallet)
    async with payments.write() as session:
        await erase_person(session=session, person_id=wallet.plan_id)
    with pytest.raises(Refusal) as refused:
        await steps.find_mandate(FindMandate(plan_id=wallet.plan_id))
    assert refused.value.code == "person_erased"
