"""What lateness makes of a plan, past tense; part of the plan's log. Dates are of Addis Ababa."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from meqenet.money import Money


class Bucket(StrEnum):
    """The class of lateness that a plan is reported in."""

    CURRENT = "current"
    """Nothing is overdue."""
    DAYS_1_7 = "1-7"
    """Up to a week."""
    DAYS_8_30 = "8-30"
    """Up to a month."""
    DAYS_31_60 = "31-60"
    """The second month."""
    DAYS_61_90 = "61-90"
    """The third month."""
    DAYS_OVER_90 = "90+"
    """Longer than 90 days."""


@dataclass(frozen=True, kw_only=True)
class BucketChanged:
    """The plan is in another class of lateness from this day on."""

    on: date
    """The day."""
    days_past_due: int
    """Since the oldest due date that is not paid."""
    before: Bucket
    """The class until then."""
    after: Bucket
    """The class from then on."""
    kind: Literal["bucket_changed"] = "bucket_changed"


@dataclass(frozen=True, kw_only=True)
class AccrualStopped:
    """Interest is not counted as earned any more from this day on."""

    on: date
    """The day."""
    days_past_due: int
    """Since the oldest due date that is not paid."""
    kind: Literal["accrual_stopped"] = "accrual_stopped"


@dataclass(frozen=True, kw_only=True)
class AccrualResumed:
    """Everything that was past due has been paid: interest is counted as earned again."""

    on: date
    """The day."""
    kind: Literal["accrual_resumed"] = "accrual_resumed"


@dataclass(frozen=True, kw_only=True)
class ChargeOffFellDue:
    """The plan is late enough to be given up as a loss."""

    on: date
    """The day."""
    days_past_due: int
    """Since the oldest due date that is not paid."""
    kind: Literal["charge_off_fell_due"] = "charge_off_fell_due"


@dataclass(frozen=True, kw_only=True)
class LateFeeCharged:
    """The customer owes a late fee with an installment from this day on."""

    number: int
    """The installment."""
    period: int
    """Which of its late fees it is, from 1."""
    on: date
    """The day."""
    amount: Money
    """What is owed on top."""
    kind: Literal["late_fee_charged"] = "late_fee_charged"


DelinquencyChange = BucketChanged | AccrualStopped | AccrualResumed | ChargeOffFellDue
