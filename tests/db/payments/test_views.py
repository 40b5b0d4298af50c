from datetime import UTC, datetime, timedelta

import pytest

from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.payments import attempts, views, wallets
from meqenet.identity import attempt_id, installment_id
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.rail import PaymentAnswer, RailStatus, WalletProvider
from tests.backing import Databases

_LONG_AGO = datetime(2001, 1, 1, 6, 0, tzinfo=UTC)


@pytest.fixture
def payments(databases: Databases) -> Database:
    return databases["payments"]


async def _opened(payments: Database, keyring: Keyring, plan_id: str) -> list[str]:
    """Three installments' attempts, a minute apart, long before any other test's."""
    ids = []
    async with payments.write() as session:
        await wallets.register_wallet(
            session=session,
            keyring=keyring,
            plan_id=plan_id,
            provider=WalletProvider.TELEBIRR,
            msisdn="251911223344",
            contract_no=None,
            at=_LONG_AGO,
        )
        for number in (1, 2, 3):
            parent = installment_id(plan_id=plan_id, number=number)
            ids.append(attempt_id(installment_id=parent, number=1))
            await attempts.open_attempt(
                session=session,
                keyring=keyring,
                new=attempts.NewAttempt(
                    attempt_id=ids[-1],
                    plan_id=plan_id,
                    installment_id=parent,
                    channel="mandate",
                    amount=Money(100 * number),
                    at=_LONG_AGO + timedelta(minutes=number),
                ),
            )
    return ids


async def test_a_plans_attempts_and_those_that_are_open(
    payments: Database, keyring: Keyring, unique: str
) -> None:
    plan_id = f"pln_{unique}"
    ids = await _opened(payments, keyring, plan_id)
    async with payments.write() as session:
        await attempts.record_answer(
            session=session,
            attempt_id=ids[1],
            answer=PaymentAnswer(
                order_id=ids[1], status=RailStatus.FAILED, failure_code="60330006"
            ),
            source="call",
            at=_LONG_AGO + timedelta(hours=1),
        )
    async with payments.read() as session:
        all_of_plan = await views.attempts_of(session=session, plan_id=plan_id)
        still_open = await views.open_attempts(
            session=session, opened_before=_LONG_AGO + timedelta(minutes=3), limit=100
        )
        oldest = await views.open_attempts(
            session=session, opened_before=_LONG_AGO + timedelta(days=1), limit=1
        )
    assert [(a.attempt_id, a.state, a.cause, a.failure_code) for a in all_of_plan] == [
        (ids[0], OrderState.CREATED, None, None),
        (ids[1], OrderState.FAILED, "mandate_missing", "60330006"),
        (ids[2], OrderState.CREATED, None, None),
    ]
    # The second has ended, the third was opened at the very instant.
    assert [a.attempt_id for a in still_open if a.plan_id == plan_id] == [ids[0]]
    # Other tests have opened older ones: they come first.
    opened = [a.opened_at for a in still_open]
    assert opened == sorted(opened)
    assert [a.attempt_id for a in oldest] == [still_open[0].attempt_id]
