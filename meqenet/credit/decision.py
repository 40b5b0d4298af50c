"""The credit decision: one pure rule over a policy and an applicant, every reason explained."""

from dataclasses import dataclass
from enum import StrEnum

from meqenet.credit.policy import CreditPolicy, Tier
from meqenet.money import Money


class Reason(StrEnum):
    """Why not."""

    UNDER_AGE = "under_age"
    """Younger than the policy lends to."""
    LIMIT_EXCEEDED = "limit_exceeded"
    """Held, owed and asked for together are more than the limit."""
    OVER_INDEBTED = "over_indebted"
    """All monthly payments together are too large a share of the declared income."""
    OVERDUE_ELSEWHERE = "overdue_elsewhere"
    """Another plan of the customer is overdue."""


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """What a decision is made from.

    Attributes:
        age_years: whole years at the time of the application.
        amount: what would be owed after checkout; zero asks for no credit.
        monthly_payment: the largest sum that this plan has due in a month.
        monthly_income: as declared; None when it was not.
        used: held and owed at this instant, by all plans.
        monthly_payments_elsewhere: of all other plans that are held or owed.
        overdue_plans: plans that are overdue now.
        repaid_on_time: plans repaid without a late installment.
        repaid_late: plans, repaid or not, with a late installment.
    """

    age_years: int
    amount: Money
    monthly_payment: Money
    monthly_income: Money | None
    used: Money
    monthly_payments_elsewhere: Money
    overdue_plans: int
    repaid_on_time: int
    repaid_late: int


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The decision. ``limit`` never falls below what is used: it comes down as debt is repaid."""

    approved: bool
    tier: Tier
    limit: Money
    reasons: tuple[Reason, ...]


def decide(*, policy: CreditPolicy, applicant: Applicant) -> Decision:
    """Decide. All reasons are told, not just the first.

    Nothing is asked of somebody who borrows nothing (``amount`` zero).
    """
    rule = policy.tier_of(
        repaid_on_time=applicant.repaid_on_time, repaid_late=applicant.repaid_late
    )
    limit = max(rule.limit, applicant.used)
    found = {
        Reason.UNDER_AGE: applicant.age_years < policy.adult_age_years,
        Reason.LIMIT_EXCEEDED: applicant.used + applicant.amount > limit,
        Reason.OVER_INDEBTED: _over_indebted(policy=policy, applicant=applicant),
        Reason.OVERDUE_ELSEWHERE: applicant.overdue_plans > 0,
    }
    borrows = bool(applicant.amount)
    reasons = tuple(reason for reason, holds in found.items() if borrows and holds)
    return Decision(approved=not reasons, tier=rule.tier, limit=limit, reasons=reasons)


def reason_text(*, reason: Reason, policy: CreditPolicy, decision: Decision) -> str:
    """What the customer reads."""
    match reason:
        case Reason.UNDER_AGE:
            return (
                f"You must be at least {policy.adult_age_years} years old to pay in installments."
            )
        case Reason.LIMIT_EXCEEDED:
            return (
                f"Your limit is {decision.limit} birr in all your plans together; "
                "this plan would exceed it."
            )
        case Reason.OVER_INDEBTED:
            return (
                "The monthly payments of your plans would be more than "
                f"{policy.payment_share_of_income_max} of the income that you have declared."
            )
        case Reason.OVERDUE_ELSEWHERE:
            return "A payment of another plan of yours is overdue; please pay it first."


def _over_indebted(*, policy: CreditPolicy, applicant: Applicant) -> bool:
    if applicant.monthly_income is None:
        return False
    payments = applicant.monthly_payments_elsewhere + applicant.monthly_payment
    return payments.santim > applicant.monthly_income.santim * policy.payment_share_of_income_max
