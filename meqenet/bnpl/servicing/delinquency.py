"""How late a plan is, when it stops earning, and when it is given up as a loss.

Days past due count from the day after the due date in Addis Ababa, by the oldest installment whose
principal or interest is still owed. A fee alone makes nobody late, and a holiday moves nothing.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from meqenet.bnpl.delinquency_events import (
    AccrualResumed,
    AccrualStopped,
    Bucket,
    BucketChanged,
    ChargeOffFellDue,
    DelinquencyChange,
)
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.amounts import NOTHING
from meqenet.bnpl.servicing_policy import DelinquencyPolicy
from meqenet.errors import Mender, Refusal
from meqenet.money import Money

_DAY = timedelta(days=1)


_LAST_DAYS = (
    (0, Bucket.CURRENT),
    (7, Bucket.DAYS_1_7),
    (30, Bucket.DAYS_8_30),
    (60, Bucket.DAYS_31_60),
    (90, Bucket.DAYS_61_90),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How late a plan is at the start of a day in Addis Ababa, and what follows from it.

    Attributes:
        on: the day.
        days_past_due: 0 where nothing is overdue.
        is_accruing: whether interest is counted as earned day by day.
        charge_off_due: whether the policy gives the plan up.
    """

    on: date
    days_past_due: int = 0
    is_accruing: bool = True
    charge_off_due: bool = False

    @property
    def bucket(self) -> Bucket:
        """The class of the days past due."""
        return bucket_of(days_past_due=self.days_past_due)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aged:
    """The standing on a day, and what has changed on the way to it, in order."""

    standing: Standing
    changes: tuple[DelinquencyChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedOff:
    """A plan given up as a loss: what is lost, as the books post it, and the account.

    The customer owes it as before, and nothing more is added: no interest, no fees.
    """

    principal: Money
    interest: Money
    late_fee: Money
    account: Account


def bucket_of(*, days_past_due: int) -> Bucket:
    """The class of a number of days; zero and less is current."""
    for last_day, bucket in _LAST_DAYS:
        if days_past_due <= last_day:
            return bucket
    return Bucket.DAYS_OVER_90


def oldest_due(*, account: Account) -> date | None:
    """The oldest due date whose principal or interest is not paid in full."""
    owed = (row.due_on for row in account.installments if row.left.planned > NOTHING)
    return min(owed, default=None)


def days_past_due(*, account: Account, on: date) -> int:
    """Days since the oldest due date whose principal or interest is not paid in full."""
    return days_owing(oldest_due_on=oldest_due(account=account), on=on)


def days_owing(*, oldest_due_on: date | None, on: date) -> int:
    """Days since the oldest due date that is not paid; None: nothing is owed any more."""
    return 0 if oldest_due_on is None else max(0, (on - oldest_due_on).days)


def age(*, account: Account, policy: DelinquencyPolicy, before: Standing, until: date) -> Aged:
    """Bring an account's standing up to a day, telling every change on the day of its truth.

    The account is taken as it has been since ``before``: a payment or another change of it is a
    moment to call this, so that no change is told of a day on which it was otherwise.

    Args:
        account: as it is now.
        policy: of the plan's product version.
        before: the standing that was last told.
        until: an Addis Ababa date, not before that of the standing.

    Raises:
        ValueError: ``until`` lies before the standing.
    """
    return age_owing(
        oldest_due_on=oldest_due(account=account),
        policy=policy,
        before=before,
        until=until,
        has_moved_arrears=bool(account.arrears_moved),
        is_charged_off=account.charged_off_on is not None,
    )


def age_owing(
    *,
    oldest_due_on: date | None,
    policy: DelinquencyPolicy,
    before: Standing,
    until: date,
    has_moved_arrears: bool = False,
    is_charged_off: bool = False,
) -> Aged:
    """As :func:`age`, of a plan of which only this much is known.

    Args:
        oldest_due_on: the oldest due date that is not paid; None: nothing is owed any more.
        policy: of the plan's product version.
        before: the standing that was last told.
        until: an Addis Ababa date, not before that of the standing.
        has_moved_arrears: what was past due was moved to later dates, and is not paid.
        is_charged_off: the plan was given up as a loss.

    Raises:
        ValueError: ``until`` lies before the standing.
    """
    if until < before.on:
        raise ValueError("until: not before the standing")
    standing, changes = before, list[DelinquencyChange]()
    for number in range((until - before.on).days + 1):
        on = before.on + _DAY * number
        days = days_owing(oldest_due_on=oldest_due_on, on=on)
        is_cured = days == 0 and not has_moved_arrears
        performs = days < policy.non_accrual_days and (standing.is_accruing or is_cured)
        last = policy.charge_off_days
        now = Standing(
            on=on,
            days_past_due=days,
            is_accruing=performs and not is_charged_off,
            charge_off_due=last is not None and days >= last and not is_charged_off,
        )
        changes += _changes(before=standing, now=now)
        standing = now
    return Aged(standing=standing, changes=tuple(changes))


def next_change_on(
    *, oldest_due_on: date | None, policy: DelinquencyPolicy, after: date
) -> date | None:
    """The next day on which something changes if nothing is paid; None when nothing will."""
    if oldest_due_on is None:
        return None
    turns = [last_day + 1 for last_day, _ in _LAST_DAYS] + [policy.non_accrual_days]
    if policy.charge_off_days is not None:
        turns.append(policy.charge_off_days)
    days = (oldest_due_on + _DAY * turn for turn in turns)
    return min((day for day in days if day > after), default=None)


def charge_off(*, account: Account, on: date) -> ChargedOff:
    """Give a plan up as a loss.

    Interest that the books have not earned is owed no more; what they have, the principal and the
    fees are. Money that comes afterwards is a recovery.

    Raises:
        Refusal: ``charge_off_invalid``: nothing is owed, or it was done before.
    """
    if account.charged_off_on is not None or account.is_paid:
        rule = "nothing is owed" if account.is_paid else "the plan was charged off before"
        raise Refusal("charge_off_invalid", f"plan: {rule}", mender=Mender.MEQENET, field="plan")
    rows = []
    for row in account.installments:
        earned = min(row.owed.interest, max(row.paid.interest, row.accrued_interest))
        carried = min(row.carried_interest, earned)
        owed = replace(row.owed, interest=earned)
        rows.append(replace(row, owed=owed, carried_interest=carried))
    after = replace(account.with_installments(*rows), charged_off_on=on)
    return ChargedOff(
        principal=after.left.principal,
        interest=after.left.interest,
        late_fee=after.left.fees,
        account=after,
    )


def _changes(*, before: Standing, now: Standing) -> list[DelinquencyChange]:
    changes: list[DelinquencyChange] = []
    days = now.days_past_due
    if now.bucket is not before.bucket:
        changes.append(
            BucketChanged(on=now.on, days_past_due=days, before=before.bucket, after=now.bucket)
        )
    if before.is_accruing and not now.is_accruing:
        changes.append(AccrualStopped(on=now.on, days_past_due=days))
    if now.is_accruing and not before.is_accruing:
        changes.append(AccrualResumed(on=now.on))
    if now.charge_off_due and not before.charge_off_due:
        changes.append(ChargeOffFellDue(on=now.on, days_past_due=days))
    return changes
