from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.credit.decision import Applicant, Reason, decide, reason_text
from meqenet.credit.policy import CreditPolicy, Tier, TierRule
from meqenet.money import Money

POLICY = CreditPolicy(
    version=1,
    effective_from=date(2026, 1, 1),
    adult_age_years=18,
    payment_share_of_income_max=Fraction(1, 3),
    quiet_days_max=40,
    tiers=(
        TierRule(
            tier=Tier.A,
            repaid_on_time_min=6,
            repaid_late_max=0,
            limit=Money.from_birr(300_000),
        ),
        TierRule(
            tier=Tier.B,
            repaid_on_time_min=3,
            repaid_late_max=1,
            limit=Money.from_birr(150_000),
        ),
        TierRule(
            tier=Tier.C,
            repaid_on_time_min=1,
            repaid_late_max=2,
            limit=Money.from_birr(80_000),
        ),
        TierRule(
            tier=Tier.D,
            repaid_on_time_min=0,
            repaid_late_max=None,
            limit=Money.from_birr(50_000),
        ),
    ),
)
NEW = Applicant(
    age_years=30,
    amount=Money.from_birr(40_000),
    monthly_payment=Money.from_birr(4_000),
    monthly_income=None,
    used=Money.zero(),
    monthly_payments_elsewhere=Money.zero(),
    overdue_plans=0,
    repaid_on_time=0,
    repaid_late=0,
)
BIRR = st.integers(min_value=0, max_value=10**9).map(Money)


def _reasons(applicant: Applicant) -> tuple[Reason, ...]:
    return decide(policy=POLICY, applicant=applicant).reasons


def test_a_first_time_adult_may_take_forty_thousand_birr() -> None:
    decision = decide(policy=POLICY, applicant=NEW)
    assert decision.approved
    assert (decision.tier, decision.limit) == (Tier.D, Money.from_birr(50_000))


@pytest.mark.parametrize(("age", "approved"), [(17, False), (18, True), (99, True)])
def test_nobody_under_age_borrows(age: int, approved: bool) -> None:  # noqa: FBT001 - a table
    decision = decide(policy=POLICY, applicant=replace(NEW, age_years=age))
    assert decision.approved is approved
    assert decision.reasons == (() if approved else (Reason.UNDER_AGE,))


def test_who_borrows_nothing_is_asked_nothing() -> None:
    worst = replace(
        NEW,
        age_years=12,
        amount=Money.zero(),
        monthly_income=Money.zero(),
        used=Money.from_birr(10**6),
        overdue_plans=3,
    )
    assert decide(policy=POLICY, applicant=worst).approved


@pytest.mark.parametrize(
    ("used", "amount", "approved"),
    [(0, 50_000, True), (0, 50_001, False), (49_000, 1_000, True), (49_001, 1_000, False)],
)
def test_held_owed_and_new_together_stay_in_the_limit(
    used: int,
    amount: int,
    approved: bool,  # noqa: FBT001 - a table
) -> None:
    applicant = replace(NEW, used=Money.from_birr(used), amount=Money.from_birr(amount))
    assert _reasons(applicant) == (() if approved else (Reason.LIMIT_EXCEEDED,))


@pytest.mark.parametrize(
    ("income", "elsewhere", "approved"),
    [
        ("12000", "0", True),
        ("11999.99", "0", False),
        ("12000", "0.01", False),
        ("15000", "1000", True),
        ("0", "0", False),
        (None, "99999", True),
    ],
)
def test_payments_are_at_most_a_third_of_a_declared_income(
    income: str | None,
    elsewhere: str,
    approved: bool,  # noqa: FBT001 - a table
) -> None:
    applicant = replace(
        NEW,
        monthly_income=None if income is None else Money.from_birr(income),
        monthly_payments_elsewhere=Money.from_birr(elsewhere),
    )
    assert _reasons(applicant) == (() if approved else (Reason.OVER_INDEBTED,))


@pytest.mark.parametrize(
    ("on_time", "late", "tier"),
    [
        (0, 0, Tier.D),
        (1, 0, Tier.C),
        (1, 2, Tier.C),
        (1, 3, Tier.D),
        (3, 1, Tier.B),
        (3, 2, Tier.C),
        (6, 0, Tier.A),
        (6, 1, Tier.B),
        (60, 3, Tier.D),
    ],
)
def test_the_tier_follows_from_the_record(on_time: int, late: int, tier: Tier) -> None:
    applicant = replace(NEW, repaid_on_time=on_time, repaid_late=late)
    assert decide(policy=POLICY, applicant=applicant).tier is tier


def test_every_reason_is_told() -> None:
    applicant = replace(
        NEW,
        age_years=17,
        amount=Money.from_birr(60_000),
        monthly_income=Money.from_birr(1),
        overdue_plans=1,
    )
    decision = decide(policy=POLICY, applicant=applicant)
    assert decision.reasons == tuple(Reason)
    texts = [
        reason_text(reason=reason, policy=POLICY, decision=decision) for reason in decision.reasons
    ]
    assert len(set(texts)) == len(Reason)
    assert "50000.00 birr" in texts[1]
    assert "1/3" in texts[2]


@given(used=BIRR, amount=BIRR, on_time=st.integers(0, 9), late=st.integers(0, 9))
def test_what_is_used_never_passes_the_limit(
    used: Money, amount: Money, on_time: int, late: int
) -> None:
    applicant = replace(NEW, used=used, amount=amount, repaid_on_time=on_time, repaid_late=late)
    decision = decide(policy=POLICY, applicant=applicant)
    assert used <= decision.limit
    if decision.approved:
        assert used + amount <= decision.limit


@given(on_time=st.integers(0, 9), late=st.integers(0, 9))
def test_a_better_record_is_never_worse(on_time: int, late: int) -> None:
    tier = POLICY.tier_of(repaid_on_time=on_time, repaid_late=late)
    assert POLICY.tier_of(repaid_on_time=on_time + 1, repaid_late=late).limit >= tier.limit
    assert POLICY.tier_of(repaid_on_time=on_time, repaid_late=late + 1).limit <= tier.limit
