"""Whether a schedule may be changed for hardship now, what that would do, and why not."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from meqenet.bnpl.servicing.account import HardshipKind
from meqenet.bnpl.servicing.hardship import (
    ExtendPlan,
    HardshipChange,
    HardshipPreview,
    MoveDueDate,
    PausePlan,
    SpreadArrears,
    preview_change,
)
from meqenet.calendar import addis_date
from meqenet.errors import Refusal
from workflows.dispute_rules import no_dispute_open
from workflows.hardship_messages import GrantHardship, Hardship
from workflows.messages import DeedStanding
from workflows.plan_account import account, policy_of
from workflows.plan_desk import PlanDesk
from workflows.support import (
    No,
    deed_standing,
    first_under_way,
    no_force,
    no_signature,
    payment_under_way,
)

_FIELDS: Final = {
    HardshipKind.PAUSE: ("first_day", "last_day"),
    HardshipKind.MOVE_DUE_DATE: ("number", "to"),
    HardshipKind.SPREAD_ARREARS: (),
    HardshipKind.EXTEND: ("installments",),
}
"""What each change has to be told."""
OTHER_AMOUNTS: Final = (HardshipKind.SPREAD_ARREARS, HardshipKind.EXTEND)
"""Changes after which installments ask for more or less than before."""


def outlook(desk: PlanDesk, change: Hardship, *, is_asked: bool = True) -> HardshipPreview | No:
    """What a change would do now, whoever asks for it; or why it is not made.

    Args:
        desk: the plan's desk.
        change: which one.
        is_asked: whether one that is asked for already is in the way.
    """
    no = _no_change(desk, is_asked=is_asked) or _no_field(change)
    if no is not None:
        return no
    try:
        preview = preview_change(
            account=account(desk),
            policy=policy_of(desk),
            change=change_of(change),
            on=addis_date(at=desk.clock.now()),
        )
    except Refusal as refusal:
        return No(refusal.code, refusal.text, refusal.field)
    return _part_in_the_way(desk, preview) or preview


def no_hardship(desk: PlanDesk, deed: GrantHardship, *, is_asked: bool = True) -> No | None:
    """Why the change is not made, or what it needs.

    Args:
        desk: the plan's desk.
        deed: what is asked for.
        is_asked: whether one that is asked for already is in the way.
    """
    if no := no_signature(deed):
        return no
    preview = outlook(desk, deed.change, is_asked=is_asked)
    if isinstance(preview, No):
        return preview
    if preview.needs_approval and not deed.approved:
        why = "; ".join(f"{each.field}: {each.text}" for each in preview.approvals)
        text = f"approved: a supervisor has to make this change, and approve it ({why})"
        return No("approval_missing", text, "approved")
    return None


def hardship_deeds(desk: PlanDesk) -> Iterator[DeedStanding]:
    """Told where the product offers a change: whether one may be made now, or why none."""
    if desk.life.activated_on is None or no_force(desk) is not None:
        return
    if not policy_of(desk).hardship.limits():
        return
    yield deed_standing("grant_hardship", _no_change(desk, is_asked=True))


def _no_change(desk: PlanDesk, *, is_asked: bool) -> No | None:
    if no := (
        no_force(desk) or _not_offered(desk) or no_dispute_open(desk) or payment_under_way(desk)
    ):
        return no
    if is_asked and any(isinstance(asked.deed, GrantHardship) for asked in desk.deeds):
        return No("hardship_asked_already", "The schedule of the plan is being changed.")
    return first_under_way(desk)


def _not_offered(desk: PlanDesk) -> No | None:
    if desk.life.account.charged_off is not None:
        return No("plan_charged_off", "The plan was charged off: its schedule is over.")
    if not policy_of(desk).hardship.limits():
        text = "The product of the plan offers no changes for hardship."
        return No("hardship_not_offered", text)
    return None


def _no_field(change: Hardship) -> No | None:
    for name in _FIELDS[change.kind]:
        if getattr(change, name) is None:
            text = f"{name}: has to be told of the change {change.kind}"
            return No("change_incomplete", text, name)
    return None


def change_of(change: Hardship) -> HardshipChange:
    """The change, of a request that tells all that it has to.

    Raises:
        ValueError: something is missing, which is refused before.
    """
    match change:
        case Hardship(kind=HardshipKind.PAUSE, first_day=date() as first, last_day=date() as last):
            return PausePlan(first_day=first, last_day=last)
        case Hardship(kind=HardshipKind.MOVE_DUE_DATE, number=int(number), to=date() as to):
            return MoveDueDate(number=number, to=to)
        case Hardship(kind=HardshipKind.EXTEND, installments=int(more)):
            return ExtendPlan(installments=more)
        case Hardship(kind=HardshipKind.SPREAD_ARREARS):
            return SpreadArrears()
        case _:
            raise ValueError("a change that is told in part is refused before")


def _part_in_the_way(desk: PlanDesk, preview: HardshipPreview) -> No | None:
    """The share of the merchant's fee of what is paid in part is earned: it stays as it is."""
    if preview.kind not in OTHER_AMOUNTS:
        return None
    for row in preview.after.installments:
        if row.left.planned and desk.life.account.paid_in_part(number=row.number):
            text = (
                f"number: installment {row.number} is paid in part, and would ask for another "
                "amount; have its rest paid first, or move a due date"
            )
            return No("installment_paid_in_part", text, "number")
    return None
