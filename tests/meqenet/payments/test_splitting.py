from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.money import Money, total
from meqenet.payments.causes import cause_of
from meqenet.payments.channels import Channel
from meqenet.payments.rail import WalletProvider
from meqenet.payments.retry_policy import OverLimit, RetryPolicy
from meqenet.payments.splitting import AboveLimit, AttemptPlan, attempt_plan
from meqenet.payments.wallet_limits import WalletLimits
from tests.meqenet.payments.documents import limits, retries

_POLICY = retries()
_FAILING = replace(_POLICY, over_limit=OverLimit.FAIL)
_ON = date(2026, 11, 10)
_NOW, _BEFORE = limits(2), limits(1)


def _plan(
    amount: str,
    *,
    channel: Channel = Channel.MANDATE,
    provider: WalletProvider = WalletProvider.TELEBIRR,
    policy: RetryPolicy = _POLICY,
    within: WalletLimits = _NOW,
    taken: str = "0",
) -> AttemptPlan | AboveLimit:
    return attempt_plan(
        amount=Money.from_birr(amount),
        channel=channel,
        provider=provider,
        policy=policy,
        limits=within,
        on=_ON,
        taken_today=Money.from_birr(taken),
    )


@pytest.mark.parametrize(
    ("amount", "taken", "parts"),
    [
        ("0.01", "0", ["0.01 +0"]),
        ("150000.00", "0", ["150000.00 +0"]),
        # A wallet never holds more than 150,000, and pays 300,000 a day.
        ("150000.01", "0", ["149999.01 +0", "1.00 +0"]),
        ("200000.50", "0", ["150000.00 +0", "50000.50 +0"]),
        ("300000.00", "0", ["150000.00 +0", "150000.00 +0"]),
        ("300000.50", "0", ["150000.00 +0", "149999.50 +0", "1.00 +1"]),
        ("650000.00", "0", [*["150000.00 +0"] * 2, *["150000.00 +1"] * 2, "50000.00 +2"]),
        # What it has paid today already is no longer there.
        ("100000.00", "250000.00", ["50000.00 +0", "50000.00 +1"]),
        ("100000.00", "299999.50", ["100000.00 +1"]),
        ("100000.00", "400000.00", ["100000.00 +1"]),
        ("0.50", "300000.00", ["0.50 +1"]),
        ("1.70", "299998.80", ["1.70 +1"]),
    ],
)
def test_parts_in_order(amount: str, taken: str, parts: list[str]) -> None:
    plan = _plan(amount, taken=taken)
    assert isinstance(plan, AttemptPlan)
    assert [f"{part.amount} +{(part.on - _ON).days}" for part in plan.parts] == parts


def test_before_the_directive_half_as_much() -> None:
    plan = _plan("100000.00", within=_BEFORE)
    assert isinstance(plan, AttemptPlan)
    assert [str(part.amount) for part in plan.parts] == ["75000.00", "25000.00"]
    assert not plan.second_factor
    assert plan.channel is Channel.MANDATE


def test_a_limit_for_a_single_payment() -> None:
    single = replace(
        _NOW,
        per_transaction_max=Money.from_birr(30_000),
        grades={**_NOW.grades, "per_transaction_max": "C"},
    )
    plan = _plan("70000.00", within=single)
    assert isinstance(plan, AttemptPlan)
    assert [str(part.amount) for part in plan.parts] == ["30000.00", "30000.00", "10000.00"]


@pytest.mark.parametrize(
    ("amount", "taken", "payable"),
    [
        ("150000.01", "0", "150000.00"),
        ("100000.00", "250000.00", "50000.00"),
        ("100000.00", "300001.00", "0.00"),
    ],
)
def test_a_policy_that_does_not_split_fails_as_limit(amount: str, taken: str, payable: str) -> None:
    told = _plan(amount, taken=taken, policy=_FAILING)
    assert isinstance(told, AboveLimit)
    assert str(told.payable) == payable
    assert told.cause is cause_of(provider=WalletProvider.MPESA, code=told.failure_code)
    assert told.cause == "limit_reached"


@pytest.mark.parametrize(
    ("amount", "channel", "provider", "becomes", "second_factor"),
    [
        ("5000.00", "mandate", "telebirr", "mandate", False),
        ("5000.01", "mandate", "telebirr", "checkout", True),
        ("5000.01", "checkout", "telebirr", "checkout", True),
        ("5000.00", "push", "mpesa", "push", False),
        ("5000.01", "push", "mpesa", "push", True),
        # Parts are no way around it.
        ("200000.00", "mandate", "telebirr", "checkout", True),
    ],
)
def test_above_5000_birr_the_customer_confirms(
    amount: str, channel: str, provider: str, becomes: str, *, second_factor: bool
) -> None:
    plan = _plan(amount, channel=Channel(channel), provider=WalletProvider(provider))
    assert isinstance(plan, AttemptPlan)
    assert (plan.channel, plan.second_factor) == (becomes, second_factor)


def test_small_parts_are_no_way_around_the_second_factor() -> None:
    small = replace(
        _NOW,
        per_transaction_max=Money.from_birr(4_000),
        grades={**_NOW.grades, "per_transaction_max": "C"},
    )
    plan = _plan("8000.00", within=small)
    assert isinstance(plan, AttemptPlan)
    assert len(plan.parts) == 2
    assert plan.second_factor
    assert plan.channel is Channel.CHECKOUT


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_nothing_is_not_asked_for(amount: str) -> None:
    with pytest.raises(ValueError, match="amount: more than nothing"):
        _plan(amount)


def test_limits_have_room_for_two_smallest_parts() -> None:
    coarse = replace(_POLICY, part_min=Money.from_birr(100_000))
    with pytest.raises(ValueError, match="part_min"):
        _plan("200000.00", policy=coarse)


@given(
    santim=st.integers(1, 300_000_000),
    taken=st.integers(0, 40_000_000),
    at_once=st.integers(200, 20_000_000),
    per_day=st.integers(200, 40_000_000),
)
def test_parts_are_the_amount_and_within_every_limit(
    santim: int, taken: int, at_once: int, per_day: int
) -> None:
    # A few hundred parts at most.
    amount = Money(min(santim, 300 * min(at_once, per_day)))
    within = replace(_NOW, balance_max=Money(at_once), per_day_max=Money(per_day))
    plan = attempt_plan(
        amount=amount,
        channel=Channel.PUSH,
        provider=WalletProvider.MPESA,
        policy=_POLICY,
        limits=within,
        on=_ON,
        taken_today=Money(taken),
    )
    assert isinstance(plan, AttemptPlan)
    amounts = [part.amount for part in plan.parts]
    assert total(amounts) == amount
    assert all(Money.zero() < part <= within.payment_max for part in amounts)
    assert len(amounts) == 1 or min(amounts) >= _POLICY.part_min
    days = [part.on for part in plan.parts]
    assert days == sorted(days)
    for day in set(days):
        on_day = total(part.amount for part in plan.parts if part.on == day)
        spent = Money(taken) if day == _ON else Money.zero()
        assert on_day + spent <= within.per_day_max
    used = set(days) | {_ON}
    assert used == {_ON + timedelta(days=day) for day in range(len(used))}
