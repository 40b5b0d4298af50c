"""Payments that a plan replays, as the books are told, and what has then been earned."""

from dataclasses import dataclass
from datetime import date, datetime

from meqenet.ledger.accruals import interest_by_day
from meqenet.ledger.day_counts import DayCount
from meqenet.ledger.earning import PaidPart
from meqenet.ledger.happenings import NOTHING
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class PostedAnew:
    """A payment whose posting is taken back, and what it pays instead.

    Attributes:
        attempt_id: what has brought the money; who has it is as it was posted before.
        parts: what of it pays what.
        from_credit: what interest that is given back pays beside it.
        interest_returned: interest that had been paid before and is given back with it.
        overpaid: what of it pays nothing: the customer's credit.
    """

    attempt_id: str
    parts: tuple[PaidPart, ...]
    from_credit: tuple[PaidPart, ...] = ()
    interest_returned: Money = NOTHING
    overpaid: Money = NOTHING


@dataclass(frozen=True, kw_only=True)
class FeeMoved:
    """By how much more late fees of an installment are owed; below nothing: by how much less."""

    number: int
    amount: Money


@dataclass(frozen=True, kw_only=True)
class InterestPaid:
    """Interest of an installment that a payment pays, on its Addis Ababa value date."""

    on: date
    interest: Money
    is_whole: bool


@dataclass(frozen=True, kw_only=True)
class ReplayedEarning:
    """How an installment earns, and when its interest was paid.

    Attributes:
        number: its place in the schedule.
        interest: all of it, paid or not.
        starts_on: the first day that earns.
        ends_on: the due date, which earns nothing.
        paid: in the order in which it was.
    """

    number: int
    interest: Money
    starts_on: date
    ends_on: date
    paid: tuple[InterestPaid, ...]


@dataclass(frozen=True, kw_only=True)
class ReplayPayments:
    """A plan's payments are replayed: what was posted of some of them was not so.

    Attributes:
        plan_id: the plan.
        replay_id: what is posted of it stands under ids that begin so.
        lender: of record.
        taken_out: the payment that was none.
        is_credit: its money is here, and the customer's; else it is gone.
        anew: payments that pay otherwise than was posted.
        fees: late fees that are owed more or less.
        earnings: of a plan that bears interest: all of its installments.
        by: who says so, as the operator signs.
        why: the reason.
        at: when it counts.
    """

    plan_id: str
    replay_id: str
    lender: str
    taken_out: str | None
    is_credit: bool
    anew: tuple[PostedAnew, ...]
    fees: tuple[FeeMoved, ...]
    earnings: tuple[ReplayedEarning, ...]
    by: str
    why: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AccountChange:
    """By how much an account changes with a replay: debits up, credits down."""

    account: str
    change: Money


@dataclass(frozen=True, kw_only=True)
class EarnedSoFar:
    """What an installment has earned, day by day and with what was paid before its day.

    Attributes:
        earned: until the day; never less than ``paid``.
        paid: what of its interest is paid.
        until: the days before this one have earned.
        base_on: from here on its days earn all but ``base``.
        base: interest that no day from there on earns.
        is_done: nothing more is earned.
    """

    earned: Money
    paid: Money
    until: date
    base_on: date
    base: Money
    is_done: bool


def earned_so_far(*, earning: ReplayedEarning, day_count: DayCount, until: date) -> EarnedSoFar:
    """What an installment has earned by the start of a day, had it been paid so.

    Args:
        earning: its interest, its period and its payments.
        day_count: how its days weigh against each other.
        until: an Addis Ababa date; the days before it are over.
    """
    now = EarnedSoFar(
        earned=NOTHING,
        paid=NOTHING,
        until=earning.starts_on,
        base_on=earning.starts_on,
        base=NOTHING,
        is_done=not earning.interest,
    )
    for paid in earning.paid:
        now = _paid(_on(now, earning, day_count=day_count, until=paid.on), earning, paid=paid)
    return _on(now, earning, day_count=day_count, until=until)


def _on(
    now: EarnedSoFar, earning: ReplayedEarning, *, day_count: DayCount, until: date
) -> EarnedSoFar:
    through = max(now.until, min(until, earning.ends_on))
    if now.is_done:
        return now
    earned = now.earned
    for daily in interest_by_day(
        interest=earning.interest - now.base,
        starts_on=now.base_on,
        ends_on=earning.ends_on,
        day_count=day_count,
    ):
        if now.until <= daily.day < through:
            earned += daily.amount
    return EarnedSoFar(
        earned=earned,
        paid=now.paid,
        until=through,
        base_on=now.base_on,
        base=now.base,
        is_done=through >= earning.ends_on,
    )


def _paid(now: EarnedSoFar, earning: ReplayedEarning, *, paid: InterestPaid) -> EarnedSoFar:
    """What is paid before its day is earned with it; the days to come earn the rest."""
    by_now = now.paid + paid.interest
    is_ahead = by_now > now.earned
    earned = max(now.earned, by_now)
    base = min(earning.interest, earned) if is_ahead else now.base
    return EarnedSoFar(
        earned=earned,
        paid=by_now,
        until=now.until,
        base_on=now.until if is_ahead else now.base_on,
        base=base,
        is_done=now.is_done or paid.is_whole or base == earning.interest,
    )
