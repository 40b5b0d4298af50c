from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from meqenet.credit.policy import Tier, read_policy
from meqenet.money import Money

TIERS: list[dict[str, Any]] = [
    {"tier": "A", "repaid_on_time_min": 6, "repaid_late_max": 0, "limit": "300000.00"},
    {"tier": "B", "repaid_on_time_min": 3, "repaid_late_max": 1, "limit": "150000.00"},
    {"tier": "C", "repaid_on_time_min": 1, "repaid_late_max": 2, "limit": "80000.50"},
    {"tier": "D", "repaid_on_time_min": 0, "repaid_late_max": None, "limit": "50000.00"},
]
DOCUMENT: dict[str, Any] = {
    "version": 3,
    "effective_from": "2026-01-01",
    "adult_age_years": 18,
    "payment_share_of_income_max": "1/3",
    "quiet_days_max": 40,
    "tiers": TIERS,
}


def test_a_document_is_read() -> None:
    policy = read_policy(document=DOCUMENT)
    assert (policy.version, policy.effective_from) == (3, date(2026, 1, 1))
    assert policy.payment_share_of_income_max == Fraction(1, 3)
    assert policy.tiers[2].limit == Money(8_000_050)
    assert [rule.tier for rule in policy.tiers] == list(Tier)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 0},
        {"effective_from": "2026-13-01"},
        {"adult_age_years": 17},
        {"payment_share_of_income_max": "0"},
        {"payment_share_of_income_max": "4/3"},
        {"payment_share_of_income_max": "a third"},
        {"quiet_days_max": 31},
        {"tiers": []},
        {"tiers": TIERS[:3]},
        {"tiers": TIERS[::-1]},
        {"tiers": [*TIERS[:3], {**TIERS[3], "repaid_on_time_min": 1}]},
        {"tiers": [*TIERS[:3], {**TIERS[3], "repaid_late_max": 9}]},
        {"tiers": [*TIERS[:3], {**TIERS[3], "limit": "-1"}]},
        {"tiers": [*TIERS[:3], {**TIERS[3], "limit": "90000"}]},
        {"tiers": [*TIERS[:3], {**TIERS[3], "limit": "1.001"}]},
        {"tiers": [*TIERS[:3], {**TIERS[3], "unknown": 1}]},
        {"unknown": 1},
    ],
)
def test_a_document_against_a_rule_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_policy(document={**DOCUMENT, **change})


@pytest.mark.parametrize("field", DOCUMENT)
def test_no_field_may_be_missing(field: str) -> None:
    rest = {name: value for name, value in DOCUMENT.items() if name != field}
    with pytest.raises(ValueError, match=field):
        read_policy(document=rest)
