import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest

from db.kernel.engine import Database
from db.kernel.events import read_stream, require_unbroken
from db.ledger import holds, store, views
from meqenet.errors import Defect, Refusal
from meqenet.ledger import happenings as h
from meqenet.ledger.holds import HoldState, protection_id
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money
from tests.backing import fingerprint

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_SOON = _AT + timedelta(days=1)
_THOUSAND = Money.from_birr(1_000)


@pytest.fixture
def returned(plan_id: str) -> h.CustomerCreditReturned:
    return h.CustomerCreditReturned(
        plan_id=plan_id, refund_id=f"{plan_id}-r1", provider="telebirr", amount=_THOUSAND
    )


@pytest.fixture
async def credit(ledger: Database, plan_id: str) -> str:
    """The customer has a credit of 5,000 birr."""
    overpaid = h.InstallmentCollected(
        plan_id=plan_id,
        attempt_id=f"{plan_id}-i01-a1",
        provider="telebirr",
        lender="lender-1",
        principal=Money.zero(),
        interest=Money.zero(),
        overpaid=Money.from_birr(5_000),
    )
    await _post(ledger, overpaid, overpaid.attempt_id)
    return f"customer_credit:{plan_id}"


@pytest.fixture
def active(plan_id: str) -> h.PlanBecameActive:
    return h.PlanBecameActive(
        plan_id=plan_id,
        merchant_id=f"mrc_of_{plan_id}",
        lender="lender-1",
        amount=Money(100_000),
        merchant_fee=Money(2_500),
        paid_at_checkout=Money(100_000),
        protected=True,
    )


@pytest.fixture
def ended(active: h.PlanBecameActive) -> h.ProtectionEnded:
    return h.ProtectionEnded(
        plan_id=active.plan_id, merchant_id=active.merchant_id, amount=Money(97_500)
    )


async def _post(ledger: Database, happening: h.Happening, posting_id: str) -> None:
    async with ledger.write() as session:
        await store.post(
            session=session, posting_id=posting_id, happening=happening, effective_at=_AT
        )


async def _place(
    ledger: Database,
    happening: h.Happening,
    hold_id: str,
    *,
    expires_at: datetime | None = None,
) -> None:
    async with ledger.write() as session:
        await holds.place(
            session=session,
            hold_id=hold_id,
            happening=happening,
            placed_at=_AT,
            expires_at=expires_at,
        )


async def _void(ledger: Database, plan_id: str, hold_id: str, reason: str = "not wanted") -> None:
    async with ledger.write() as session:
        await holds.void(session=session, plan_id=plan_id, hold_id=hold_id, reason=reason, at=_AT)


async def _states(ledger: Database, plan_id: str) -> dict[str, str]:
    async with ledger.read() as session:
        found = await views.holds_of(session=session, plan_id=plan_id)
    return {hold.hold_id: hold.ended.state if hold.ended else "pending" for hold in found}


async def _refused(deed: Awaitable[None]) -> str:
    with pytest.raises(Refusal) as refused:
        await deed
    return refused.value.code


async def test_six_holds_of_a_thousand_race_for_five_thousand(
    ledger: Database, plan_id: str, credit: str, returned: h.CustomerCreditReturned
) -> None:
    outcomes = await asyncio.gather(
        *(_place(ledger, returned, f"{plan_id}-r{number}") for number in range(6)),
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert [getattr(refusal, "code", refusal) for refusal in refused] == ["funds_not_free"]
    async with ledger.read() as session:
        held = await views.holds_of(session=session, plan_id=plan_id)
        there = await views.balance(session=session, prefix=credit)
        await require_unbroken(session=session, stream=plan_id)
    assert [hold.amount for hold in held] == [_THOUSAND] * 5
    assert there == Money.from_birr(5_000)


async def test_posted_and_held_together_never_pass_what_is_there(
    ledger: Database, plan_id: str, credit: str, returned: h.CustomerCreditReturned
) -> None:
    outcomes = await asyncio.gather(
        *(_place(ledger, returned, f"{plan_id}-h{number}") for number in range(6)),
        *(_post(ledger, returned, f"{plan_id}-p{number}") for number in range(6)),
        return_exceptions=True,
    )
    codes = [getattr(outcome, "code", outcome) for outcome in outcomes]
    assert (codes.count(None), codes.count("funds_not_free")) == (5, 7)
    async with ledger.read() as session:
        left = await views.balance(session=session, prefix=credit)
        held = await views.holds_of(session=session, plan_id=plan_id)
    assert left == _THOUSAND * len(held)


async def test_a_hold_is_placed_once(
    ledger: Database, plan_id: str, credit: str, returned: h.CustomerCreditReturned
) -> None:
    hold_id = f"{plan_id}-r1"
    await asyncio.gather(*(_place(ledger, returned, hold_id, expires_at=_SOON) for _ in range(4)))
    before = await fingerprint(ledger)
    await _place(ledger, returned, hold_id, expires_at=_SOON)
    assert await fingerprint(ledger) == before
    other = replace(returned, amount=Money(1))
    for happening, expires_at in (
        (other, _SOON),
        (returned, None),
        (returned, _SOON + timedelta(1)),
    ):
        deed = _place(ledger, happening, hold_id, expires_at=expires_at)
        assert await _refused(deed) == "hold_differs"
    assert await fingerprint(ledger) == before
    assert credit


async def test_a_protected_plan_holds_its_merchants_money_until_the_window_is_over(
    ledger: Database, plan_id: str, active: h.PlanBecameActive, ended: h.ProtectionEnded
) -> None:
    for _ in range(2):
        await _post(ledger, active, f"{plan_id}-activation")
    hold_id = protection_id(plan_id=plan_id)
    async with ledger.read() as session:
        (hold,) = await views.holds_of(session=session, plan_id=plan_id)
    assert (hold.hold_id, hold.kind, hold.amount, hold.ended) == (
        hold_id,
        "protection_ended",
        Money(97_500),
        None,
    )
    for _ in range(2):
        await _post(ledger, ended, hold_id)
    assert await _states(ledger, plan_id) == {hold_id: HoldState.POSTED}
    async with ledger.read() as session:
        told = await read_stream(session=session, stream=plan_id)
        payable = await views.balance(session=session, prefix=f"merchant_payable:mrc_of_{plan_id}")
    assert [event.content.event_type for event in told] == [
        "transaction_posted",
        "hold_placed",
        "transaction_posted",
        "hold_ended",
    ]
    assert payable == Money(97_500)


async def test_what_is_not_protected_holds_nothing(
    ledger: Database, plan_id: str, active: h.PlanBecameActive
) -> None:
    await _post(ledger, replace(active, protected=False), f"{plan_id}-activation")
    assert await _states(ledger, plan_id) == {}


async def test_held_money_is_nobody_elses_until_the_hold_is_voided(
    ledger: Database, plan_id: str, active: h.PlanBecameActive, ended: h.ProtectionEnded
) -> None:
    await _post(ledger, active, f"{plan_id}-activation")
    hold_id = protection_id(plan_id=plan_id)
    refund = h.OrderRefunded(
        plan_id=plan_id,
        merchant_id=active.merchant_id,
        refund_id="r1",
        lender="lender-1",
        amount=Money(20_000),
        owed_less=Money.zero(),
        taken_from=MerchantMoney.PROTECTED,
    )
    before = await fingerprint(ledger)
    assert await _refused(_post(ledger, refund, f"{plan_id}-r1")) == "funds_not_free"
    assert await _refused(_post(ledger, ended, f"{plan_id}-other")) == "funds_not_free"
    assert await fingerprint(ledger) == before
    rest = replace(ended, amount=Money(77_500))
    async with ledger.write() as session:
        await holds.void(
            session=session, plan_id=plan_id, hold_id=hold_id, reason="refunded in part", at=_AT
        )
        await store.post(
            session=session, posting_id=f"{plan_id}-r1", happening=refund, effective_at=_AT
        )
        await holds.place(session=session, hold_id=f"{hold_id}-2", happening=rest, placed_at=_AT)
    await _post(ledger, rest, f"{hold_id}-2")
    assert await _states(ledger, plan_id) == {
        hold_id: HoldState.VOIDED,
        f"{hold_id}-2": HoldState.POSTED,
    }


async def test_a_hold_ends_once(
    ledger: Database, plan_id: str, credit: str, returned: h.CustomerCreditReturned
) -> None:
    voided, posted = f"{plan_id}-r1", f"{plan_id}-r2"
    await _place(ledger, returned, voided)
    await _place(ledger, returned, posted, expires_at=_SOON)
    await _void(ledger, plan_id, voided)
    async with ledger.write() as session:
        await store.post_held(session=session, plan_id=plan_id, hold_id=posted, effective_at=_AT)
    before = await fingerprint(ledger)
    await _void(ledger, plan_id, voided)
    await _post(ledger, returned, posted)
    assert await _refused(_post(ledger, returned, voided)) == "hold_ended"
    assert await _refused(_void(ledger, plan_id, posted)) == "hold_ended"
    assert await _refused(_void(ledger, plan_id, f"{plan_id}-none")) == "hold_unknown"
    assert await fingerprint(ledger) == before
    assert await _states(ledger, plan_id) == {voided: HoldState.VOIDED, posted: HoldState.POSTED}
    async with ledger.read() as session:
        assert await views.balance(session=session, prefix=credit) == Money.from_birr(4_000)


async def test_nothing_else_is_posted_under_the_id_of_a_hold(
    ledger: Database, plan_id: str, credit: str, returned: h.CustomerCreditReturned
) -> None:
    hold_id = f"{plan_id}-r1"
    await _place(ledger, returned, hold_id)
    received = h.CheckoutPaymentReceived(
        plan_id=plan_id, attempt_id=hold_id, provider="telebirr", amount=Money(1)
    )
    before = await fingerprint(ledger)
    other = replace(returned, amount=Money(1))
    assert await _refused(_post(ledger, other, hold_id)) == "hold_differs"
    assert await _refused(_post(ledger, received, hold_id)) == "posting_differs"
    assert await _refused(_void(ledger, plan_id, hold_id, reason=" ")) == "reason_missing"
    assert await fingerprint(ledger) == before
    await _post(ledger, returned, f"{plan_id}-r2")
    assert await _refused(_place(ledger, returned, f"{plan_id}-r2")) == "posting_differs"
    assert credit


async def test_what_takes_no_held_money_cannot_be_held(
    ledger: Database, plan_id: str, active: h.PlanBecameActive
) -> None:
    for happening, hold_id, code in (
        (active, f"{plan_id}-activation", "hold_takes_nothing"),
        (active, "pln_other-activation", "posting_id_foreign"),
    ):
        with pytest.raises(Defect) as broken:
            await _place(ledger, happening, hold_id)
        assert broken.value.code == code


async def test_holds_expire_when_their_time_is_over_and_not_before(
    own_ledger: Database, unique: str
) -> None:
    plans = [f"pln_{unique}{letter}" for letter in "abcde"]
    for number, plan_id in enumerate(plans):
        overpaid = h.InstallmentCollected(
            plan_id=plan_id,
            attempt_id=f"{plan_id}-a",
            provider="telebirr",
            lender="lender-1",
            principal=Money.zero(),
            interest=Money.zero(),
            overpaid=_THOUSAND,
        )
        await _post(own_ledger, overpaid, overpaid.attempt_id)
        back = h.CustomerCreditReturned(
            plan_id=plan_id, refund_id="r1", provider="telebirr", amount=_THOUSAND
        )
        expires_at = _SOON + timedelta(days=number) if number < 4 else None
        await _place(own_ledger, back, f"{plan_id}-r1", expires_at=expires_at)

    async def expire(days: int) -> list[str]:
        async with own_ledger.write() as session:
            at = _SOON + timedelta(days=days)
            return list(await holds.expire_due(session=session, at=at, limit=2))

    assert await expire(-1) == []
    assert await expire(0) == [f"{plans[0]}-r1"]
    found = await asyncio.gather(*(expire(3) for _ in range(3)))
    found.append(await expire(3))
    assert sorted(chain.from_iterable(found)) == [f"{plan_id}-r1" for plan_id in plans[1:4]]
    states = [await _states(own_ledger, plan_id) for plan_id in plans]
    assert [state[f"{plan}-r1"] for state, plan in zip(states, plans, strict=True)] == [
        *[HoldState.EXPIRED] * 4,
        "pending",
    ]
    late = h.CustomerCreditReturned(
        plan_id=plans[0], refund_id="r1", provider="telebirr", amount=_THOUSAND
    )
    assert await _refused(_post(own_ledger, late, f"{plans[0]}-r1")) == "hold_ended"
    assert await _refused(_void(own_ledger, plans[0], f"{plans[0]}-r1")) == "hold_ended"
    await _post(own_ledger, late, f"{plans[0]}-r2")
