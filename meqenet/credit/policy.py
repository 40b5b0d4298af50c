"""The credit policy: dated, versioned data that decisions are made by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from meqenet.money import Money


class Tier(StrEnum):
    """How a customer has repaid so far; prices Pay Over Time and sets the limit."""

    A = "A"
    """A long record without a late plan."""
    B = "B"
    """Several plans repaid on time."""
    C = "C"
    """Has repaid a plan on time."""
    D = "D"
    """New, or with too many late plans."""


@dataclass(frozen=True, kw_only=True)
class TierRule:
    """Who belongs to a tier, and what they may owe at most.

    Attributes:
        tier: the tier.
        repaid_on_time_min: plans repaid without a late installment, at least.
        repaid_late_max: plans with a late installment, at most; None is any number.
        limit: the largest sum held and owed at any instant.
    """

    tier: Tier
    repaid_on_time_min: int
    repaid_late_max: int | None
    limit: Money


@dataclass(frozen=True, kw_only=True)
class CreditPolicy:
    """One version of the policy.

    Attributes:
        version: counts from 1; a version that was in force never changes.
        effective_from: the first Addis Ababa date on which it decides.
        adult_age_years: nobody younger is lent to.
        payment_share_of_income_max: all monthly payments together, of the declared income; a
            fraction, written ``"1/3"``.
        quiet_days_max: a plan that is owed and has not been paid on for more days than this is
            overdue. Longer than the longest distance of two installments with its retries.
        tiers: best first; the last one takes everybody.

    Raises:
        ValueError: a rule of the above does not hold; the text names it.
    """

    version: int
    effective_from: date
    adult_age_years: int
    payment_share_of_income_max: Fraction
    quiet_days_max: int
    tiers: tuple[TierRule, ...]

    def __post_init__(self) -> None:
        limits = [rule.limit for rule in self.tiers]
        last = self.tiers[-1] if self.tiers else None
        rules = {
            "version: from 1": self.version >= 1,
            "adult_age_years: 18 or more": self.adult_age_years >= 18,  # noqa: PLR2004 - the age of majority
            "payment_share_of_income_max: more than 0, at most 1": (
                0 < self.payment_share_of_income_max <= 1
            ),
            "quiet_days_max: longer than a month": self.quiet_days_max > 31,  # noqa: PLR2004 - its longest
            "tiers: each once, best first": (
                [rule.tier for rule in self.tiers] == sorted(Tier)
                and limits == sorted(limits, reverse=True)
            ),
            "tiers: the last takes everybody": last is not None
            and (last.repaid_on_time_min, last.repaid_late_max) == (0, None),
            "limit: not negative": all(limit >= Money.zero() for limit in limits),
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(rule)

    def tier_of(self, *, repaid_on_time: int, repaid_late: int) -> TierRule:
        """The best tier whose rule the record meets."""
        for rule in self.tiers[:-1]:
            late_is_fine = rule.repaid_late_max is None or repaid_late <= rule.repaid_late_max
            if repaid_on_time >= rule.repaid_on_time_min and late_is_fine:
                return rule
        return self.tiers[-1]


def read_policy(*, document: Mapping[str, Any]) -> CreditPolicy:
    """The policy in its JSON document; limits are birr as decimal strings.

    Raises:
        ValueError: a field is missing, unknown or against a rule.
    """
    try:
        tiers = tuple(
            TierRule(
                **{**rule, "tier": Tier(rule["tier"]), "limit": Money.from_birr(rule["limit"])}
            )
            for rule in document["tiers"]
        )
        read = {
            "tiers": tiers,
            "effective_from": date.fromisoformat(document["effective_from"]),
            "payment_share_of_income_max": Fraction(document["payment_share_of_income_max"]),
        }
        return CreditPolicy(**{**document, **read})
    except (KeyError, TypeError) as error:
        raise ValueError(f"credit policy: {error}") from error
