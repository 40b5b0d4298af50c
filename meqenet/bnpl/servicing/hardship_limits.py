"""How far a change for hardship may go, and from where on somebody has to approve it."""

from dataclasses import dataclass
from typing import Final, assert_never

from meqenet.bnpl.servicing.account import Account, HardshipKind
from meqenet.bnpl.servicing_policy import (
    DayLimit,
    ExtensionLimit,
    HardshipLimit,
    HardshipPolicy,
    SpreadLimit,
)
from meqenet.errors import Mender, Refusal
from meqenet.money import Money

_FIELDS: Final = {
    HardshipKind.PAUSE: "last_day",
    HardshipKind.MOVE_DUE_DATE: "to",
    HardshipKind.EXTEND: "installments",
}
"""Which field of a change says how far it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalReason:
    """A limit below which nobody has to approve: its field in the policy, and the rule."""

    field: str
    text: str


def refusal(code: str, *, field: str, rule: str) -> Refusal:
    """A change that is not made, by the field at fault and the rule."""
    return Refusal(code, f"{field}: {rule}", mender=Mender.MEQENET, field=field)


def approval_reasons(
    *, policy: HardshipPolicy, kind: HardshipKind, account: Account, extent: int, amount: Money
) -> tuple[HardshipLimit, tuple[ApprovalReason, ...]]:
    """Hold a change to its limit.

    Args:
        policy: what is offered.
        kind: which change.
        account: with the changes that were made before.
        extent: days, or installments; without meaning where arrears are spread.
        amount: the money that it concerns.

    Returns:
        The limit, and why somebody has to approve.

    Raises:
        Refusal: ``hardship_not_offered`` or ``hardship_above_limit``.
    """
    limit = dict(policy.limits()).get(kind.value)
    if limit is None:
        raise refusal("hardship_not_offered", field="change", rule=f"{kind} is not offered")
    times = account.changes.count(kind) + 1
    if times > limit.times_max:
        rule = f"{kind} at most {limit.times_max} times in the life of a plan"
        raise refusal("hardship_above_limit", field="change", rule=rule)
    reasons = []
    if times > limit.times_without_approval:
        reasons.append(
            ApprovalReason(
                field="times_without_approval",
                text=f"number {times} of the plan, more than {limit.times_without_approval}",
            )
        )
    if not isinstance(limit, SpreadLimit):
        reasons += _by_extent(limit, kind=kind, extent=extent)
    if amount > limit.amount_without_approval:
        reasons.append(
            ApprovalReason(
                field="amount_without_approval",
                text=f"{amount} birr, more than {limit.amount_without_approval}",
            )
        )
    return limit, tuple(reasons)


def _by_extent(
    limit: DayLimit | ExtensionLimit, *, kind: HardshipKind, extent: int
) -> list[ApprovalReason]:
    match limit:
        case DayLimit():
            name, most, free = "days", limit.days_max, limit.days_without_approval
        case ExtensionLimit():
            name, most = "installments", limit.installments_max
            free = limit.installments_without_approval
        case _:
            assert_never(limit)
    if extent > most:
        rule = f"at most {most} {name}, not {extent}"
        raise refusal("hardship_above_limit", field=_FIELDS[kind], rule=rule)
    if extent <= free:
        return []
    text = f"{extent} {name}, more than {free}"
    return [ApprovalReason(field=f"{name}_without_approval", text=text)]
