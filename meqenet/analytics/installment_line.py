"""An installment in the line of its plan, and what each event of the plan changes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from meqenet.analytics.facts import NOTHING, Fact
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallmentLine:
    """One installment of a plan, as its events left it.

    ``late_fee``: charged less waived. ``paid_in_part``: what parts have paid of what is scheduled;
    ``interest_paid_in_part`` of that is interest.
    """

    number: int
    due_on: date
    principal: Money
    interest: Money
    state: str = "scheduled"
    failed_attempts: int = 0
    last_cause: str | None = None
    next_attempt_at: datetime | None = None
    paid_at: datetime | None = None
    late_fee: Money = NOTHING
    late_fee_paid: Money = NOTHING
    paid_in_part: Money = NOTHING
    interest_paid_in_part: Money = NOTHING

    @property
    def principal_left(self) -> Money:
        """What of the principal no part has paid."""
        return self.principal - (self.paid_in_part - self.interest_paid_in_part)

    @property
    def interest_left(self) -> Money:
        """What of the interest no part has paid."""
        return max(NOTHING, self.interest - self.interest_paid_in_part)


def _collecting(line: InstallmentLine, fact: Fact) -> InstallmentLine:
    first = fact.instant_or_none("next_attempt_at")
    return replace(line, state="collecting", next_attempt_at=first)


def _attempt_moved(line: InstallmentLine, fact: Fact) -> InstallmentLine:
    return replace(line, next_attempt_at=fact.instant("next_attempt_at"))


def _attempt_failed(line: InstallmentLine, fact: Fact) -> InstallmentLine:
    return replace(
        line,
        failed_attempts=line.failed_attempts + 1,
        last_cause=fact.text("cause"),
        next_attempt_at=fact.instant_or_none("next_attempt_at"),
    )


def _paid(line: InstallmentLine, fact: Fact) -> InstallmentLine:
    return replace(
        line,
        state="paid",
        paid_at=fact.instant("paid_at"),
        next_attempt_at=None,
        late_fee_paid=line.late_fee_paid + (fact.money_or_none("late_fee") or NOTHING),
    )


def _paid_in_part(line: InstallmentLine, fact: Fact) -> InstallmentLine:
    amount, late_fee = fact.money("amount"), fact.money("late_fee")
    interest = fact.money_or_none("interest") or NOTHING
    return replace(
        line,
        paid_in_part=line.paid_in_part + amount - late_fee,
        interest_paid_in_part=line.interest_paid_in_part + interest,
        late_fee_paid=line.late_fee_paid + late_fee,
    )


def _fee_charged(line: InstallmentLine, fact: Fact) -> InstallmentLine:
    return replace(line, late_fee=line.late_fee + fact.money("amount"))


def _fee_paid(line: InstallmentLine, fact: Fact) -> InstallmentLine:
    return replace(line, late_fee_paid=line.late_fee_paid + fact.money("amount"))


def _fee_waived(line: InstallmentLine, fact: Fact) -> InstallmentLine:
    return replace(line, late_fee=line.late_fee - fact.money("amount"))


def _set_aside(line: InstallmentLine, _fact: Fact) -> InstallmentLine:
    return replace(line, state="scheduled", next_attempt_at=None)


def _failed(line: InstallmentLine, fact: Fact) -> InstallmentLine:
    return replace(
        line,
        state="failed",
        failed_attempts=line.failed_attempts + 1,
        last_cause=fact.text("cause"),
        next_attempt_at=None,
    )


LINES_FED_BY: Final[Mapping[str, Callable[[InstallmentLine, Fact], InstallmentLine]]] = (
    MappingProxyType(
        {
            "bnpl.collection_started": _collecting,
            "bnpl.collection_attempt_failed": _attempt_failed,
            "bnpl.next_attempt_moved": _attempt_moved,
            "bnpl.collection_set_aside": _set_aside,
            "bnpl.installment_paid": _paid,
            "bnpl.installment_paid_in_part": _paid_in_part,
            "bnpl.installment_failed": _failed,
            "bnpl.late_fee_charged": _fee_charged,
            "bnpl.late_fee_waived": _fee_waived,
            "bnpl.late_fee_paid": _fee_paid,
        }
    )
)
"""Every fact that changes one installment, and how."""
