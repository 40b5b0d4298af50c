"""Payments that are replayed in the books: afterwards they are as if the payment never was."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from db.kernel.engine import Database
from db.ledger import accruals, clearing, earning, replays, store
from db.ledger.books import read_postings
from meqenet.errors import Defect
from meqenet.ledger.day_counts import DayCount
from meqenet.ledger.earning import PaidPart, TakePayment
from meqenet.ledger.financed import FinancedInstallment
from meqenet.ledger.happenings import LateFeeCharged, PlanBecameActive
from meqenet.ledger.replays import (
    FeeMoved,
    InterestPaid,
    PostedAnew,
    ReplayedEarning,
    ReplayPayments,
)
from meqenet.money import Money

_START, _FIRST_DUE, _LAST_DUE = date(2026, 11, 23), date(2026, 12, 23), date(2027, 1, 23)
_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_FIRST_PAYMENT = datetime(2026, 12, 3, 9, 0, tzinfo=UTC)
_SECOND_PAYMENT = datetime(2026, 12, 10, 9, 0, tzinfo=UTC)
_SOON, _LATER = datetime(2026, 12, 13, 9, tzinfo=UTC), datetime(2027, 1, 10, 9, tzinfo=UTC)
_NOTHING = Money.zero()


async def _plan(ledger: Database, plan_id: str) -> None:
    """Two months at 9.00 and 4.50 birr of interest, 0.30 and 0.15 a day, and a fee of 25.00."""
    active = PlanBecameActive(
        plan_id=plan_id,
        merchant_id=f"mrc_{plan_id}",
        lender="lender",
        amount=Money(100_000),
        merchant_fee=Money(2_500),
        paid_at_checkout=_NOTHING,
        protected=False,
        installments=tuple(
            FinancedInstallment(
                number=number,
                principal=Money(50_000),
                interest=Money(interest),
                starts_on=starts_on,
                ends_on=ends_on,
            )
            for number, interest, starts_on, ends_on in (
                (1, 900, _START, _FIRST_DUE),
                (2, 450, _FIRST_DUE, _LAST_DUE),
            )
        ),
        day_count=DayCount.THIRTY_360,
    )
    async with ledger.write() as session:
        await store.post(
            session=session, posting_id=f"{plan_id}-activation", happening=active, effective_at=_AT
        )
        await accruals.begin(session=session, happening=active)


def _part(*, principal: int, interest: int, before: int = 0, is_whole: bool = False) -> PaidPart:
    return PaidPart(
        number=1,
        financed=Money(50_000),
        returned_before=Money(before),
        principal=Money(principal),
        interest=Money(interest),
        late_fee=_NOTHING,
        is_whole=is_whole,
    )


async def _pay(
    ledger: Database, plan_id: str, attempt: str, *parts: PaidPart, at: datetime
) -> None:
    async with ledger.write() as session:
        await earning.take_payment(
            session=session,
            payment=TakePayment(
                plan_id=plan_id,
                posting_id=f"{plan_id}-{attempt}",
                provider="mpesa",
                lender="lender",
                parts=parts,
                from_credit=(),
                overpaid=_NOTHING,
                earnings=(),
                at=at,
            ),
        )


def _earnings(*paid: InterestPaid) -> tuple[ReplayedEarning, ...]:
    return (
        ReplayedEarning(
            number=1, interest=Money(900), starts_on=_START, ends_on=_FIRST_DUE, paid=paid
        ),
        ReplayedEarning(
            number=2, interest=Money(450), starts_on=_FIRST_DUE, ends_on=_LAST_DUE, paid=()
        ),
    )


def _replay(
    plan_id: str,
    *,
    anew: Sequence[PostedAnew],
    earnings: Sequence[ReplayedEarning],
    at: datetime,
    is_credit: bool = False,
    fees: Sequence[FeeMoved] = (),
) -> ReplayPayments:
    return ReplayPayments(
        plan_id=plan_id,
        replay_id=f"{plan_id}-replay-1",
        lender="lender",
        taken_out=f"{plan_id}-i01-a1",
        is_credit=is_credit,
        anew=tuple(anew),
        fees=tuple(fees),
        earnings=tuple(earnings),
        by="stf_a",
        why="the provider has taken it back",
        at=at,
    )


async def _accounts(ledger: Database, plan_id: str) -> dict[str, Money]:
    """What the plan's postings have put on each account, by its name."""
    async with ledger.read() as session:
        postings = (await read_postings(session=session, plan_ids=[plan_id]))[plan_id]
    found: dict[str, Money] = {}
    for posting in postings:
        for code, signed in posting.lines:
            name = code.partition(":")[0]
            found[name] = found.get(name, _NOTHING) + signed
    return {name: amount for name, amount in found.items() if amount}


@pytest.mark.parametrize("at", [_SOON, _LATER], ids=["within the period", "after it"])
@pytest.mark.parametrize("paid_ahead", [False, True], ids=["as earned", "ahead"])
async def test_the_books_are_as_if_the_payment_had_never_been(
    ledger: Database, unique: str, *, at: datetime, paid_ahead: bool
) -> None:
    plan_id, twin = f"pln_{unique}a", f"pln_{unique}b"
    for each in (plan_id, twin):
        await _plan(ledger, each)
    interest = 800 if paid_ahead else 250
    first = _part(principal=20_000, interest=interest)
    await _pay(ledger, plan_id, "i01-a1", first, at=_FIRST_PAYMENT)
    second = _part(principal=10_000, interest=50, before=20_000)
    await _pay(ledger, plan_id, "i01-a2", second, at=_SECOND_PAYMENT)
    # Without the first, the same 100.50 birr pay more interest, and less principal.
    pays = _part(principal=9_700, interest=350)
    await _pay(ledger, twin, "i01-a2", pays, at=_SECOND_PAYMENT)
    paid = InterestPaid(on=_SECOND_PAYMENT.date(), interest=Money(350), is_whole=False)
    replay = _replay(
        plan_id,
        anew=[PostedAnew(attempt_id=f"{plan_id}-i01-a2", parts=(pays,))],
        earnings=_earnings(paid),
        at=at,
    )
    before = await _accounts(ledger, plan_id)
    async with ledger.write() as session:
        shown = await replays.preview_replay(session=session, replay=replay)
    assert await _accounts(ledger, plan_id) == before
    for _ in range(2):
        async with ledger.write() as session:
            await replays.replay_payments(session=session, replay=replay)
    async with ledger.write() as session:
        await accruals.accrue(session=session, plan_id=twin, until=at)
    after = await _accounts(ledger, plan_id)
    assert after == await _accounts(ledger, twin)
    assert {each.account.partition(":")[0] for each in shown} >= {"plan_receivable"}
    async with ledger.read() as session:
        moved = await clearing.cleared(session=session, provider="mpesa", plan_ids=[plan_id])
    # The money that is gone had come: the statement of that day has it, and so had the books.
    assert moved[f"{plan_id}-i01-a1"] == first.principal + first.interest
    assert moved[f"{plan_id}-i01-a2"] == Money(10_050)
    # From here on both go on alike, to the last santim.
    for each in (plan_id, twin):
        async with ledger.write() as session:
            far = datetime(2030, 1, 1, tzinfo=UTC)
            await accruals.accrue(session=session, plan_id=each, until=far)
    after = await _accounts(ledger, plan_id)
    assert after == await _accounts(ledger, twin)
    assert after["interest_income"] == Money(-1_350)


async def test_what_came_twice_is_credit_and_its_order_is_still_posted_once(
    ledger: Database, unique: str
) -> None:
    plan_id = f"pln_{unique}"
    await _plan(ledger, plan_id)
    whole = _part(principal=50_000, interest=900, is_whole=True)
    await _pay(ledger, plan_id, "i01-a1", whole, at=_FIRST_PAYMENT)
    replay = _replay(
        plan_id,
        anew=(),
        earnings=_earnings(),
        at=_SOON,
        is_credit=True,
        fees=[FeeMoved(number=1, amount=Money(2_500))],
    )
    async with ledger.write() as session:
        await replays.replay_payments(session=session, replay=replay)
    found = await _accounts(ledger, plan_id)
    assert (found["customer_credit"], found["plan_receivable"]) == (Money(-50_900), Money(100_000))
    assert (found["provider_clearing"], found["fee_receivable"]) == (Money(50_900), Money(2_500))
    async with ledger.read() as session:
        moved = await clearing.cleared(session=session, provider="mpesa", plan_ids=[plan_id])
    assert moved[f"{plan_id}-i01-a1"] == Money(50_900)
    with pytest.raises(Defect, match="no payment of it is in force"):
        async with ledger.write() as session:
            await replays.replay_payments(
                session=session,
                replay=replace(replay, replay_id=f"{plan_id}-replay-2"),
            )


def _of_part(number: int, *, principal: int, fee: int = 0) -> PaidPart:
    return PaidPart(
        number=number,
        financed=Money(100_000),
        returned_before=_NOTHING,
        principal=Money(principal),
        interest=_NOTHING,
        late_fee=Money(fee),
        is_whole=principal == 100_000,
    )


async def test_the_accounts_of_the_page_change_as_it_says(ledger: Database, unique: str) -> None:
    plan_id = f"pln_{unique}"
    active = PlanBecameActive(
        plan_id=plan_id,
        merchant_id=f"mrc_{unique}",
        lender="lender",
        amount=Money(400_000),
        merchant_fee=Money(12_000),
        paid_at_checkout=Money(100_000),
        protected=False,
        installments=tuple(
            FinancedInstallment(
                number=number,
                principal=Money(100_000),
                interest=_NOTHING,
                starts_on=_START,
                ends_on=_START,
            )
            for number in range(1, 5)
        ),
    )
    charged = LateFeeCharged(plan_id=plan_id, lender="lender", number=2, amount=Money(2_500))
    async with ledger.write() as session:
        for happening in (active, charged):
            made_id = f"{plan_id}-{happening.kind}"
            await store.post(
                session=session, posting_id=made_id, happening=happening, effective_at=_AT
            )
        await accruals.begin(session=session, happening=active)
    second = _of_part(2, principal=100_000, fee=2_500)
    await _pay(ledger, plan_id, "i02-a1", second, at=_FIRST_PAYMENT)
    await _pay(ledger, plan_id, "i03-a1", _of_part(3, principal=100_000), at=_SECOND_PAYMENT)
    pays = _of_part(2, principal=97_500, fee=2_500)
    replay = replace(
        _replay(
            plan_id,
            anew=[PostedAnew(attempt_id=f"{plan_id}-i03-a1", parts=(pays,))],
            earnings=(),
            at=_SOON,
            fees=[FeeMoved(number=3, amount=Money(2_500))],
        ),
        taken_out=f"{plan_id}-i02-a1",
    )
    async with ledger.write() as session:
        shown = await replays.preview_replay(session=session, replay=replay)
    assert _on_the_page() == [
        (
            f"`{each.account.partition(':')[0]}`",
            str(each.change) if each.change > _NOTHING else "",
            str(-each.change) if each.change < _NOTHING else "",
        )
        for each in shown
    ]


def _on_the_page() -> list[tuple[str, ...]]:
    page = (Path(__file__).parents[3] / "docs" / "servicing.md").read_text(encoding="utf-8")
    table = page.partition("these accounts change:\n\n")[2].partition("\n\n")[0]
    return [
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()
    ][2:]
