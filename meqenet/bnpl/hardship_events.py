"""A schedule that was changed for a customer who cannot pay as agreed; part of the plan's log.

``by`` and ``approved_by`` are opaque staff ids; ``why`` holds no private data.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from meqenet.bnpl.schedule_in_force import InstallmentInForce, in_force
from meqenet.bnpl.servicing.account import HardshipKind
from meqenet.bnpl.servicing.hardship import (
    ExtendPlan,
    HardshipChange,
    HardshipPreview,
    MoveDueDate,
    PausePlan,
    SpreadArrears,
)
from meqenet.money import Money, total

NOTHING: Final = Money.zero()


@dataclass(frozen=True, kw_only=True)
class FeeShare:
    """What of the merchant's fee is earned with an installment."""

    number: int
    """The installment."""
    merchant_fee: Money
    """Its share; all shares together are what the fee was before."""


@dataclass(frozen=True, kw_only=True)
class PlanChanged:
    """The schedule is another one from here on; what is owed in all is not less."""

    change: HardshipKind
    """Which change."""
    on: date
    """The Addis Ababa date on which it was made."""
    cost: Money
    """What it costs the customer in all."""
    installments: tuple[InstallmentInForce, ...]
    """The schedule in force, in the order of the numbers."""
    dates_from: date
    """Due dates count from here by the rhythm of the plan."""
    dates_from_number: int
    """The installment that is due on that day; 0 for the activation."""
    arrears_moved: Money
    """What was past due, was moved to later dates, and is not paid."""
    paid: Money
    """What had been paid by then, late fees aside."""
    by: str
    """Our id of the member of staff."""
    why: str
    """The reason, in their words."""
    approvals: tuple[str, ...] = ()
    """The fields of the policy beyond which somebody had to approve."""
    approved_by: str | None = None
    """Our id of who did; null where nobody had to."""
    first_day: date | None = None
    """Of a pause: the first day that counts for nothing."""
    last_day: date | None = None
    """Of a pause: the last."""
    number: int | None = None
    """Of a date that is moved: whose."""
    to: date | None = None
    """Of a date that is moved: where to."""
    more_installments: int | None = None
    """Of an extension: how many more there are."""
    fee: Money = NOTHING
    """What the change itself costs: asked for with late fees."""
    fee_shares: tuple[FeeShare, ...] = ()
    """Of the merchant's fee, where other installments earn it from here on."""
    kind: Literal["plan_changed"] = "plan_changed"


def plan_changed(
    *,
    preview: HardshipPreview,
    change: HardshipChange,
    on: date,
    by: str,
    why: str,
    fee_shares: tuple[FeeShare, ...] = (),
) -> PlanChanged:
    """What the log tells of a change that is made as it was previewed.

    Args:
        preview: its account afterwards is the one in force.
        change: that was previewed.
        on: the Addis Ababa date.
        by: who makes it, and approves it where somebody has to.
        why: the reason.
        fee_shares: of the merchant's fee, where other installments earn it.
    """
    after = preview.after
    told = PlanChanged(
        change=preview.kind,
        on=on,
        cost=preview.cost,
        installments=tuple(in_force(row=row) for row in after.installments),
        dates_from=after.dates_from,
        dates_from_number=after.dates_from_number,
        arrears_moved=after.arrears_moved,
        paid=total(row.paid.planned for row in after.installments),
        by=by,
        why=why,
        approvals=tuple(each.field for each in preview.approvals),
        approved_by=by if preview.needs_approval else None,
        fee=preview.fee,
        fee_shares=fee_shares,
    )
    match change:
        case PausePlan():
            return replace(told, first_day=change.first_day, last_day=change.last_day)
        case MoveDueDate():
            return replace(told, number=change.number, to=change.to)
        case ExtendPlan():
            return replace(told, more_installments=change.installments)
        case SpreadArrears():
            return told
