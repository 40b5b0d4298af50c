"""How late a plan is, when it stops earning, and when it is given up as a loss.

Days past due count from the day after the due date in Addis Ababa, by the oldest installment whose
principal or interest is still owed. A fee alone makes nobody late, and a holiday moves nothing.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.amounts import NOTHING
from meqenet.bnpl.servicing_policy import DelinquencyPolicy
from meqenet.errors import Mender, Refusal
from meqenet.money import Money

_DAY = timedelta(days=1)


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
class BucketChanged:
    """The plan is in another class of lateness from this day on."""

    on: date
    days_past_due: int
    before: Bucket
    after: Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrualStopped:
    """Interest is not counted as earned any more from this day on."""

    on: date
    days_past_due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrualResumed:
    """Everything that was past due has been paid: interest is counted as earned again."""

    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOffFellDue:
    """The plan is late enough to be given up as a loss."""

    on: date
    days_past_due: int


DelinquencyChange = BucketChanged | AccrualStopped | AccrualResumed | ChargeOffFellDue


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


def days_past_due(*, account: Account, on: date) -> int:
    """Days since the oldest due date whose principal or interest is not paid in full."""
    owed = (row.due_on for row in account.installments if row.left.planned > NOTHING)
    oldest = min(owed, default=on)
    return max(0, (on - oldest).days)


def age(*, account: Account, policy: DelinquencyPolicy, before: Standing, until: date) -> Aged:
    """Bring a standing up to a day, telling every change on the day on which it came true.

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
    if until < before.on:
        raise ValueError("until: not before the standing")
    standing, changes = before, list[DelinquencyChange]()
    for number in range((until - before.on).days + 1):
        now = _standing(account, policy=policy, before=standing, on=before.on + _DAY * number)
        changes += _changes(before=standing, now=now)
        standing = now
    return Aged(standing=standing, changes=tuple(changes))


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


def _standing(
    account: Account, *, policy: DelinquencyPolicy, before: Standing, on: date
) -> Standing:
    days = days_past_due(account=account, on=on)
    is_cured = days == 0 and not account.arrears_moved
    performs = days < policy.non_accrual_days and (before.is_accruing or is_cured)
    last = policy.charge_off_days
    return Standing(
        on=on,
        days_past_due=days,
        is_accruing=performs and account.charged_off_on is None,
        charge_off_due=last is not None and days >= last and account.charged_off_on is None,
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
