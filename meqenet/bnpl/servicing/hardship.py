"""Changes for a customer who cannot pay as agreed: what each would do, cost and need.

The preview is the change: whoever goes ahead keeps the account that the preview shows.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never

from meqenet.bnpl.servicing.account import Account, HardshipKind, LateFee, PausedDays
from meqenet.bnpl.servicing.amounts import NOTHING
from meqenet.bnpl.servicing.hardship_limits import ApprovalReason, approval_reasons, refusal
from meqenet.bnpl.servicing.late_fees import charge_late_fees
from meqenet.bnpl.servicing.replanning import extend, keep_level, shift_dates, spread_arrears
from meqenet.bnpl.servicing_policy import Component, ServicingPolicy
from meqenet.money import Money, total

_INSTALLMENTS_MAX = 99
"""The ids of installments have two digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PausePlan:
    """These days earn nothing.

    The first due date from their first day on is so many days later; those after it follow the
    plan's rhythm from there.
    """

    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDueDate:
    """An installment that is not past due is due later, and those after it."""

    number: int
    to: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadArrears:
    """What is past due is paid with the installments to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendPlan:
    """So many more installments, each smaller."""

    installments: int


HardshipChange = PausePlan | MoveDueDate | SpreadArrears | ExtendPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class HardshipPreview:
    """What a change does.

    Attributes:
        kind: which change.
        before: the account as it is, with the late fees that are due by the day.
        after: the account as it would be.
        late_fees: charged before the change, because they were due.
        interest_difference: what the customer pays more for time; less where it is negative.
        fee: what the change itself costs.
        approvals: why somebody has to approve it; none, nobody has to.
    """

    kind: HardshipKind
    before: Account
    after: Account
    late_fees: tuple[LateFee, ...]
    interest_difference: Money
    fee: Money
    approvals: tuple[ApprovalReason, ...]

    @property
    def cost(self) -> Money:
        """What the change costs the customer in all."""
        return self.interest_difference + self.fee

    @property
    def needs_approval(self) -> bool:
        """Whether somebody has to approve it."""
        return bool(self.approvals)


def preview_change(
    *, account: Account, policy: ServicingPolicy, change: HardshipChange, on: date
) -> HardshipPreview:
    """What the change does, if it is made on this day.

    Args:
        account: as it is.
        policy: of the plan's product version.
        change: which one.
        on: the Addis Ababa date on which it would be made.

    Raises:
        Refusal: ``plan_not_changeable``, ``hardship_not_offered``, ``hardship_above_limit``,
            ``pause_invalid``, ``due_date_invalid``, ``nothing_past_due``,
            ``no_installments_left`` or ``extension_invalid``; field and text name the value at
            fault, the rule and what to do.
    """
    kind = _kind(change)
    if account.charged_off_on is not None or account.is_paid:
        rule = "nothing is owed any more" if account.is_paid else "the plan was charged off"
        raise refusal("plan_not_changeable", field="plan", rule=rule)
    charged = charge_late_fees(account=account, policy=policy.late_fee, until=on)
    before = charged.account
    extent, amount = _extent(before, change=change, on=on)
    limit, approvals = approval_reasons(
        policy=policy.hardship, kind=kind, account=before, extent=extent, amount=amount
    )
    changed = _changed(before, change=change, on=on)
    changed = _with_fee(changed, fee=limit.fee, on=on)
    return HardshipPreview(
        kind=kind,
        before=before,
        after=replace(changed, changes=(*before.changes, kind)),
        late_fees=charged.fees,
        interest_difference=_interest(changed) - _interest(before),
        fee=limit.fee,
        approvals=approvals,
    )


def _kind(change: HardshipChange) -> HardshipKind:
    match change:
        case PausePlan():
            return HardshipKind.PAUSE
        case MoveDueDate():
            return HardshipKind.MOVE_DUE_DATE
        case SpreadArrears():
            return HardshipKind.SPREAD_ARREARS
        case ExtendPlan():
            return HardshipKind.EXTEND


def _extent(account: Account, *, change: HardshipChange, on: date) -> tuple[int, Money]:
    """How far the change goes, in days or installments, and how much money it concerns."""
    to_come = total(row.left.principal for row in account.installments if row.due_on >= on)
    match change:
        case PausePlan():
            _check_pause(account, pause=change, on=on)
            return (change.last_day - change.first_day).days + 1, to_come
        case MoveDueDate():
            return _days_moved(account, move=change, on=on), to_come
        case SpreadArrears():
            arrears = total(row.left.total for row in account.past_due(on=on))
            if not arrears:
                raise refusal("nothing_past_due", field="plan", rule="nothing is past due")
            if all(row.due_on <= on or not row.left.planned for row in account.installments):
                rule = "no installment is due later; extend the plan"
                raise refusal("no_installments_left", field="plan", rule=rule)
            return 0, arrears
        case ExtendPlan():
            return _installments_more(account, extension=change, on=on), account.left.principal


def _check_pause(account: Account, *, pause: PausePlan, on: date) -> None:
    rows = [row for row in account.installments if row.due_on >= pause.first_day]
    rules = (
        ("last_day", pause.last_day >= pause.first_day, "not before first_day"),
        ("first_day", pause.first_day >= on, f"not before {on}"),
        (
            "first_day",
            any(row.left.total for row in rows),
            "not after the last installment to be paid",
        ),
        (
            "first_day",
            all(row.starts_on < pause.first_day for row in rows[:1]),
            "after the day from which interest runs",
        ),
        (
            "first_day",
            all(
                pause.last_day < other.first or other.last < pause.first_day
                for other in account.pauses
            ),
            "no day of an earlier pause",
        ),
    )
    for field, holds, rule in rules:
        if not holds:
            raise refusal("pause_invalid", field=field, rule=rule)


def _days_moved(account: Account, *, move: MoveDueDate, on: date) -> int:
    row = account.installment(number=move.number)
    if row is None or not row.left.planned:
        raise refusal("due_date_invalid", field="number", rule="an installment that is not paid")
    if row.due_on < on:
        rule = "an installment that is not past due; spread the arrears or extend the plan"
        raise refusal("due_date_invalid", field="number", rule=rule)
    if move.to <= row.due_on:
        raise refusal("due_date_invalid", field="to", rule=f"later than {row.due_on}")
    return (move.to - row.due_on).days


def _installments_more(account: Account, *, extension: ExtendPlan, on: date) -> int:
    most = _INSTALLMENTS_MAX - account.installments[-1].number
    if not 1 <= extension.installments <= most:
        raise refusal("extension_invalid", field="installments", rule=f"between 1 and {most}")
    if not any(row.left.principal for row in account.installments if row.due_on != on):
        rule = "no principal is past due or to come"
        raise refusal("extension_invalid", field="plan", rule=rule)
    return extension.installments


def _changed(account: Account, *, change: HardshipChange, on: date) -> Account:
    match change:
        case PausePlan():
            days = PausedDays(first=change.first_day, last=change.last_day)
            paused = replace(account, pauses=(*account.pauses, days))
            row = next(row for row in account.installments if row.due_on >= days.first)
            later = date.fromordinal(row.due_on.toordinal() + days.days)
            shifted = shift_dates(account=paused, number=row.number, to=later)
            return keep_level(account=shifted, number=row.number, on=on)
        case MoveDueDate():
            shifted = shift_dates(account=account, number=change.number, to=change.to)
            return keep_level(account=shifted, number=change.number, on=on)
        case SpreadArrears():
            return spread_arrears(account=account, on=on)
        case ExtendPlan():
            return extend(account=account, installments=change.installments, on=on)
        case _:
            assert_never(change)


def _with_fee(account: Account, *, fee: Money, on: date) -> Account:
    """The fee is asked for with the next installment that is to be paid."""
    if fee == NOTHING:
        return account
    rows = account.installments
    row = next((row for row in rows if row.due_on > on and row.left.planned), rows[-1])
    owed = row.owed.plus(component=Component.FEE, amount=fee)
    return account.with_installments(replace(row, owed=owed))


def _interest(account: Account) -> Money:
    return total(row.owed.interest for row in account.installments)
