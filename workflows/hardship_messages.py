"""What the plan is asked for in hardship, and what it answers."""

from dataclasses import dataclass
from datetime import date

from meqenet.bnpl.servicing.account import HardshipKind
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class Hardship:
    """Query ``hardship``: what a change of the schedule would do. Days are Addis Ababa dates.

    Attributes:
        kind: which change.
        first_day: of a pause.
        last_day: of a pause.
        number: of a date that is moved: whose.
        to: of a date that is moved: where to.
        installments: of an extension: how many more.
    """

    kind: HardshipKind
    first_day: date | None = None
    last_day: date | None = None
    number: int | None = None
    to: date | None = None
    installments: int | None = None


@dataclass(frozen=True, kw_only=True)
class GrantHardship:
    """Update ``grant_hardship``: make a change of the schedule.

    ``approved``: who asks may approve what goes beyond the limits of support, and does.
    """

    change: Hardship
    who: str
    why: str
    approved: bool = False


@dataclass(frozen=True, kw_only=True)
class HardshipRow:
    """An installment before or after a change. ``left`` is what is still to be paid of it."""

    number: int
    due_on: date
    principal: Money
    interest: Money
    late_fee: Money
    left: Money


@dataclass(frozen=True, kw_only=True)
class HardshipOutlook:
    """What a change would do now, or why it is not made (``code``, ``text``, ``field``).

    Attributes:
        on: the Addis Ababa date by the plan's clock.
        before: the schedule as it is.
        after: the schedule as it would be.
        cost: what the change costs the customer in all.
        approvals: why a supervisor has to approve it: the policy's field, and the rule.
    """

    on: date
    before: tuple[HardshipRow, ...] = ()
    after: tuple[HardshipRow, ...] = ()
    cost: Money | None = None
    approvals: tuple[tuple[str, str], ...] = ()
    code: str | None = None
    text: str | None = None
    field: str | None = None
