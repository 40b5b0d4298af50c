"""What becomes of a plan that is not paid, past tense; part of the plan's log.

``by`` is an opaque staff id, or ``meqenet`` where the policy decides; ``why`` holds no private
data. What comes in between is an installment that is paid, as before.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class LostInstallment:
    """An installment of which something is owed when its plan is given up."""

    number: int
    """The installment."""
    principal: Money
    """What is owed of the principal."""
    interest: Money
    """What is owed of the interest: earned by the books, and not paid."""
    late_fee: Money
    """What is owed of its late fees."""
    interest_not_owed: Money
    """What of its interest was never earned, and is not owed any more."""


@dataclass(frozen=True, kw_only=True)
class PlanChargedOff:
    """The plan is given up as a loss. The customer owes what is told here; nothing is added."""

    on: date
    """The Addis Ababa date."""
    days_past_due: int
    """Since the oldest due date that is not paid."""
    principal: Money
    """Of all installments together."""
    interest: Money
    """Of all installments together."""
    late_fee: Money
    """Of all installments together."""
    merchant_fee: Money
    """What of the merchant's fee is not earned any more; it makes the loss smaller."""
    installments: tuple[LostInstallment, ...]
    """Of which it is."""
    by: str
    """Our id of the member of staff; ``meqenet`` where the policy decides."""
    why: str
    """The reason, in their words."""
    kind: Literal["plan_charged_off"] = "plan_charged_off"


@dataclass(frozen=True, kw_only=True)
class PlanWrittenOff:
    """What was lost and has not come is asked for no more: the customer owes nothing."""

    on: date
    """The Addis Ababa date."""
    principal: Money
    """What was still owed of it."""
    interest: Money
    """What was still owed of it."""
    late_fee: Money
    """What was still owed of it."""
    by: str
    """Our id of the member of staff."""
    why: str
    """The reason, in their words."""
    kind: Literal["plan_written_off"] = "plan_written_off"


LossEvent = PlanChargedOff | PlanWrittenOff
"""What ends the hope for a plan, and the plan."""
