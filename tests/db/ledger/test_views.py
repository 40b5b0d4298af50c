from datetime import UTC, datetime, timedelta

import pytest

from db.kernel.engine import Database
from db.ledger import store, views
from meqenet.ledger.as_of import AsOf
from meqenet.ledger.happenings import (
    CheckoutPaymentReceived,
    Happening,
    InstallmentCollected,
    MerchantPaidOut,
    PlanBecameActive,
)
from meqenet.money import Money

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def _story(unique: str) -> tuple[tuple[str, Happening], ...]:
    """A plan under a provider, a merchant and a lender of this test's own."""
    plan_id, merchant_id = f"pln_{unique}", f"mrc_{unique}"
    provider, lender = f"prv-{unique}", f"lnd-{unique}"
    return (
        (
            "i01-a1",
            CheckoutPaymentReceived(
                plan_id=plan_id, attempt_id="a1", provider=provider, amount=Money(25_000)
            ),
        ),
        (
            "activation",
            PlanBecameActive(
                plan_id=plan_id,
                merchant_id=merchant_id,
                lender=lender,
                amount=Money(100_000),
                merchant_fee=Money(2_500),
                paid_at_checkout=Money(25_000),
                protected=False,
            ),
        ),
        (
            "i02-a1",
            InstallmentCollected(
                plan_id=plan_id,
                attempt_id="a2",
                provider=provider,
                lender=lender,
                principal=Money(25_000),
                interest=Money(500),
            ),
        ),
        (
            "p1",
            MerchantPaidOut(
                plan_id=plan_id, merchant_id=merchant_id, payout_id="p1", amount=Money(97_500)
            ),
        ),
    )


@pytest.fixture
async def posted(ledger: Database, unique: str) -> str:
    """One happening a day."""
    for day, (suffix, happening) in enumerate(_story(unique)):
        async with ledger.write() as session:
            await store.post(
                session=session,
                posting_id=f"pln_{unique}-{suffix}",
                happening=happening,
                effective_at=_AT + timedelta(days=day),
            )
    return unique


async def test_a_balance_is_the_sum_of_entries_up_to_an_instant(
    ledger: Database, posted: str
) -> None:
    async def at(day: int, prefix: str) -> str:
        async with ledger.read() as session:
            found = await views.balance(
                session=session,
                prefix=prefix,
                as_of=AsOf(effective_until=_AT + timedelta(days=day)),
            )
            return str(found)

    receivable = f"plan_receivable:pln_{posted}"
    assert [await at(day, receivable) for day in range(-1, 4)] == [
        "0.00",
        "0.00",
        "750.00",
        "500.00",
        "500.00",
    ]
    payable = f"merchant_payable:mrc_{posted}"
    assert [await at(day, payable) for day in range(4)] == ["0.00", "975.00", "975.00", "0.00"]
    deposits = f"customer_deposits:pln_{posted}"
    assert [await at(day, deposits) for day in range(3)] == ["250.00", "0.00", "0.00"]
    assert await at(9, f"interest_income:lnd-{posted}") == "5.00"
    assert await at(9, f"provider_clearing:prv-{posted}") == "505.00"


async def test_a_prefix_takes_whole_parts_of_a_code(ledger: Database, posted: str) -> None:
    async with ledger.read() as session:
        one = await views.totals(session=session, prefix=f"provider_clearing:prv-{posted}")
        part = await views.totals(session=session, prefix=f"provider_clearing:prv-{posted[:-1]}")
        every = await views.totals(session=session, prefix="provider_clearing")
        half = await views.totals(session=session, prefix="provider_clear")
    assert [(line.code, str(line.debit), str(line.credit)) for line in one] == [
        (f"provider_clearing:prv-{posted}", "505.00", "0.00")
    ]
    assert part == ()
    assert one[0] in every
    assert {line.code.partition(":")[0] for line in every} == {"provider_clearing"}
    assert half == ()


async def test_a_balance_of_no_account_is_an_error(ledger: Database) -> None:
    with pytest.raises(ValueError, match="not a valid AccountName"):
        async with ledger.read() as session:
            await views.balance(session=session, prefix="cash")


async def test_the_trial_balance_balances_at_every_instant(ledger: Database, posted: str) -> None:
    for day in (-1, 0, 1, 2, 3):
        async with ledger.read() as session:
            found = await views.trial_balance(
                session=session, as_of=AsOf(effective_until=_AT + timedelta(days=day))
            )
        assert found.debit == found.credit
    async with ledger.read() as session:
        whole = await views.trial_balance(session=session)
        income = await views.balance(session=session, prefix="merchant_fee_income")
    by_name = {line.code: line for line in whole.lines}
    assert whole.debit == whole.credit >= Money(25_000 + 100_000 + 25_000 + 25_500 + 97_500)
    assert by_name["merchant_fee_income"].balance == income >= Money(2_500)
    assert posted
