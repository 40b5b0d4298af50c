"""Other wallets of a customer: on file once, asked after the first, and each with its own books."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from activities.contracts.collecting import (
    NO_POLICY,
    NextAttemptPlanned,
    PlanNextAttempt,
    PolicyTerms,
)
from activities.contracts.payments import (
    AnswerSource,
    Channel,
    LoadPayments,
    OpenAttempt,
    OpenRefund,
    RecordAnswer,
    RegisterWallet,
)
from activities.contracts.wallets import FileWallet
from activities.payments import PaymentsActivities
from db.kernel.engine import Database
from db.payments.views.wallets import wallets_of
from meqenet.errors import Defect, Refusal
from meqenet.identity import attempt_id, installment_id, refund_id
from meqenet.money import Money
from meqenet.payments.rail import PaymentAnswer, RailStatus, WalletProvider

NOW = datetime(2026, 12, 7, 9, tzinfo=UTC)
"""Noon of the due date in Addis Ababa."""
AMOUNT = Money.from_birr("1000.00")


def phone(unique: str, number: int) -> str:
    """An M-PESA phone that no other test knows."""
    return f"2517{(int(unique, 16) + number) % 10**8:08d}"


def filing(plan_id: str, msisdn: str) -> FileWallet:
    return FileWallet(plan_id=plan_id, provider=WalletProvider.MPESA, msisdn=msisdn, at=NOW)


def order(plan_id: str, number: int, *, wallet: str | None, amount: Money = AMOUNT) -> OpenAttempt:
    parent = installment_id(plan_id=plan_id, number=2)
    return OpenAttempt(
        attempt_id=attempt_id(installment_id=parent, number=number),
        plan_id=plan_id,
        installment_id=parent,
        channel=Channel.MANDATE if wallet is None else Channel.PUSH,
        amount=amount,
        at=NOW,
        wallet_id=None if wallet is None else f"{plan_id}-{wallet}",
    )


async def end(
    steps: PaymentsActivities, attempt: OpenAttempt, *, code: str | None, at: datetime = NOW
) -> None:
    """Failed with the code; without one, paid."""
    answer = PaymentAnswer(
        order_id=attempt.attempt_id,
        status=RailStatus.SUCCEEDED if code is None else RailStatus.FAILED,
        failure_code=code,
        receipt="ABC123DEF4" if code is None else None,
        occurred_at=at,
    )
    await steps.open_attempt(attempt)
    await steps.record_answer(
        RecordAnswer(attempt_id=attempt.attempt_id, answer=answer, source=AnswerSource.CALL, at=at)
    )


async def planned(
    steps: PaymentsActivities, plan_id: str, *, terms: PolicyTerms | None = None
) -> NextAttemptPlanned:
    usual = PolicyTerms(option="pay_in_4", signed_on=date(2026, 11, 23), due_on=NOW.date())
    told: NextAttemptPlanned = await steps.plan_next_attempt(
        PlanNextAttempt(
            plan_id=plan_id,
            installment_id=installment_id(plan_id=plan_id, number=2),
            amount=AMOUNT,
            terms=terms or usual,
            at=NOW,
        )
    )
    return told


async def test_the_same_phone_is_one_wallet_and_is_nowhere_in_clear(
    steps: PaymentsActivities, payments: Database, plan_id: str, unique: str
) -> None:
    phones = [phone(unique, number) for number in range(4)]
    filed = [await steps.file_wallet(filing(plan_id, phones[n])) for n in (0, 1, 0, 2)]
    ids = [f"{plan_id}-w{number}" for number in (2, 3, 2, 4)]
    assert [each.wallet_id for each in filed] == ids
    with pytest.raises(Refusal) as fifth:
        await steps.file_wallet(filing(plan_id, phones[3]))
    own = f"2519{int(unique, 16) % 10**8:08d}"
    with pytest.raises(Refusal) as same:
        await steps.file_wallet(replace(filing(plan_id, own), provider=WalletProvider.TELEBIRR))
    assert (fifth.value.code, same.value.code) == ("wallets_full", "wallet_is_own")
    assert "2519" not in same.value.text
    async with payments.read() as session:
        rows = await session.scalars(
            text("SELECT w::text FROM further_wallets w WHERE plan_id = :plan"), {"plan": plan_id}
        )
        stored = " ".join(rows)
        views = await wallets_of(session=session, plan_id=plan_id)
    assert stored
    assert not [each for each in phones if each in stored or each.encode().hex() in stored]
    assert [(each.wallet_id[-2:], each.provider, each.is_own) for each in views] == [
        ("w1", "telebirr", True),
        *((f"w{number}", "mpesa", False) for number in (2, 3, 4)),
    ]
    loaded = await steps.load_payments(LoadPayments(plan_id=plan_id))
    assert loaded.further_wallets == tuple(f"{plan_id}-w{number}" for number in (2, 3, 4))


async def test_a_frozen_wallet_leads_to_the_next_one_and_each_fails_for_itself(
    steps: PaymentsActivities, plan_id: str, unique: str
) -> None:
    for number in (0, 1):
        await steps.file_wallet(filing(plan_id, phone(unique, number)))
    await end(steps, order(plan_id, 1, wallet=None), code="3007")
    told = await planned(steps, plan_id)
    assert (told.wallet_id, told.provider, told.channel) == (f"{plan_id}-w2", "mpesa", Channel.PUSH)
    assert (told.way, told.reason, told.contract_no) == ("other_wallet", "another_way", None)
    second = order(plan_id, 2, wallet="w2")
    opened = await steps.open_attempt(second)
    assert (opened.provider, opened.msisdn) == ("mpesa", phone(unique, 0))
    assert opened.contract_no is None
    with pytest.raises(Defect) as differs:
        await steps.open_attempt(replace(second, wallet_id=f"{plan_id}-w3"))
    assert differs.value.code == "attempt_differs"
    await end(steps, second, code="2006")
    assert (await planned(steps, plan_id)).wallet_id == f"{plan_id}-w3"


async def test_a_chosen_wallet_is_asked_at_once_and_stays_though_the_clock_stands_still(
    steps: PaymentsActivities, plan_id: str, unique: str
) -> None:
    await steps.file_wallet(filing(plan_id, phone(unique, 0)))
    await end(steps, order(plan_id, 1, wallet=None), code="4003")
    terms = PolicyTerms(
        option="pay_in_4",
        signed_on=date(2026, 11, 23),
        due_on=NOW.date(),
        mended_at=NOW,
        asked_from=2,
        wallet_id=f"{plan_id}-w2",
    )
    told = await planned(steps, plan_id, terms=terms)
    assert (told.at, told.reason, told.way) == (NOW, "asked_for", "chosen_wallet")
    await end(steps, order(plan_id, 2, wallet="w2"), code="1")
    again = await planned(steps, plan_id, terms=terms)
    assert (again.reason, again.wallet_id) == ("after_no_funds", f"{plan_id}-w2")
    assert again.at is not None
    assert again.at > NOW + timedelta(hours=12)


async def test_before_there_was_a_policy_the_way_to_a_chosen_wallet_is_told_all_the_same(
    steps: PaymentsActivities, plan_id: str, unique: str
) -> None:
    await steps.file_wallet(filing(plan_id, phone(unique, 0)))
    early = PolicyTerms(option="pay_in_4", signed_on=date(2025, 12, 31), due_on=NOW.date())
    told = await planned(steps, plan_id, terms=replace(early, wallet_id=f"{plan_id}-w2"))
    assert (told.at, told.reason) == (None, NO_POLICY)
    assert (told.wallet_id, told.provider, told.channel) == (f"{plan_id}-w2", "mpesa", Channel.PUSH)
    assert (await planned(steps, plan_id, terms=early)).channel is None


async def test_a_return_goes_to_the_wallet_that_has_paid(
    steps: PaymentsActivities, plan_id: str, unique: str
) -> None:
    await steps.file_wallet(filing(plan_id, phone(unique, 0)))
    attempt = order(plan_id, 1, wallet="w2")
    await end(steps, attempt, code=None)
    opened = await steps.open_refund(
        OpenRefund(
            refund_id=refund_id(attempt_id=attempt.attempt_id, number=1),
            attempt_id=attempt.attempt_id,
            amount=AMOUNT,
            reason="paid twice",
            at=NOW,
        )
    )
    assert (opened.provider, opened.order.msisdn) == ("mpesa", phone(unique, 0))


async def test_what_a_phone_has_paid_today_counts_wherever_it_is_on_file(
    steps: PaymentsActivities, plan_id: str, unique: str
) -> None:
    """Of the 300 000 birr of a day another plan has taken all but 500: that much is asked for."""
    shared = phone(unique, 0)
    await steps.file_wallet(filing(plan_id, shared))
    other = f"{plan_id}x"
    await steps.register_wallet(
        RegisterWallet(
            plan_id=other, provider=WalletProvider.MPESA, msisdn=shared, contract_no=None, at=NOW
        )
    )
    much = Money.from_birr("299500.00")
    await end(steps, order(other, 1, wallet="w1", amount=much), code=None)
    chosen = PolicyTerms(
        option="pay_in_4",
        signed_on=date(2026, 11, 23),
        due_on=NOW.date(),
        mended_at=NOW,
        wallet_id=f"{plan_id}-w2",
    )
    told = await planned(steps, plan_id, terms=chosen)
    assert (told.at, told.reason, told.part) == (NOW, "asked_for", Money.from_birr("500.00"))
    alone = await planned(steps, plan_id, terms=replace(chosen, wallet_id=None))
    assert alone.wallet_id == f"{plan_id}-w1"


async def test_an_id_of_another_plan_is_a_defect(steps: PaymentsActivities, plan_id: str) -> None:
    for wallet, code in (("x-w2", "wallet_foreign"), ("-w3", "wallet_missing")):
        foreign = replace(order(plan_id, 1, wallet="w2"), wallet_id=f"{plan_id}{wallet}")
        with pytest.raises(Defect) as broken:
            await steps.open_attempt(foreign)
        assert broken.value.code == code
