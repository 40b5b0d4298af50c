"""The states of a plan and of its installments, and the only ways between them."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from meqenet.errors import Defect


class PlanState(StrEnum):
    """Where a plan is in its life."""

    APPLIED = "applied"
    """The checkout has applied; we are verifying and deciding."""
    IDENTITY_REQUIRED = "identity_required"
    """The customer has to log in at Fayda first."""
    DECLINED = "declined"
    """We said no, with reasons. Final."""
    OFFERED = "offered"
    """The terms lie before the customer, for a limited time."""
    EXPIRED = "expired"
    """The customer did not finish in time; nothing is kept or owed. Final."""
    ACCEPTED = "accepted"
    """The customer signed; the payment at checkout or the mandate is still to come."""
    CANCELLED = "cancelled"
    """Ended before activation; whatever was collected went back. Final."""
    ACTIVE = "active"
    """In force, and nothing is overdue."""
    PAST_DUE = "past_due"
    """In force, and some installment was not paid by the end of its due date.

    A plan that was charged off is, too, until it is paid after all or written off.
    """
    COMPLETED = "completed"
    """Everything owed was paid. Final."""
    WRITTEN_OFF = "written_off"
    """Given up as a loss, and what has not come is asked for no more. Final."""


class InstallmentState(StrEnum):
    """Where one installment is."""

    SCHEDULED = "scheduled"
    """Not due yet."""
    COLLECTING = "collecting"
    """Due; the set attempts are being made, the waits between them included."""
    PAID = "paid"
    """Its money is with us; owed again only where a replay finds that it never was."""
    FAILED = "failed"
    """Every set attempt has failed, or its plan was charged off before; it is still owed, and may
    be collected again."""
    CANCELLED = "cancelled"
    """No longer owed: what was collected for it went back, or what was unpaid of it was moved to
    later ones."""


ALLOWED: Final[Mapping[PlanState, frozenset[PlanState]]] = MappingProxyType(
    {
        PlanState.APPLIED: frozenset(
            {
                PlanState.IDENTITY_REQUIRED,
                PlanState.DECLINED,
                PlanState.OFFERED,
                PlanState.CANCELLED,
            }
        ),
        PlanState.IDENTITY_REQUIRED: frozenset(
            {
                PlanState.DECLINED,
                PlanState.OFFERED,
                PlanState.EXPIRED,
                PlanState.CANCELLED,
            }
        ),
        PlanState.DECLINED: frozenset(),
        PlanState.OFFERED: frozenset({PlanState.ACCEPTED, PlanState.EXPIRED, PlanState.CANCELLED}),
        PlanState.EXPIRED: frozenset(),
        PlanState.ACCEPTED: frozenset({PlanState.ACTIVE, PlanState.EXPIRED, PlanState.CANCELLED}),
        PlanState.CANCELLED: frozenset(),
        PlanState.ACTIVE: frozenset({PlanState.PAST_DUE, PlanState.COMPLETED}),
        PlanState.PAST_DUE: frozenset(
            {PlanState.ACTIVE, PlanState.COMPLETED, PlanState.WRITTEN_OFF}
        ),
        PlanState.COMPLETED: frozenset(),
        PlanState.WRITTEN_OFF: frozenset(),
    }
)
"""From each state of a plan, those that may follow."""

ALLOWED_INSTALLMENT: Final[Mapping[InstallmentState, frozenset[InstallmentState]]] = (
    MappingProxyType(
        {
            InstallmentState.SCHEDULED: frozenset(
                {
                    InstallmentState.COLLECTING,
                    InstallmentState.PAID,
                    InstallmentState.FAILED,
                    InstallmentState.CANCELLED,
                }
            ),
            InstallmentState.COLLECTING: frozenset(
                {
                    InstallmentState.PAID,
                    InstallmentState.FAILED,
                    InstallmentState.CANCELLED,
                    InstallmentState.SCHEDULED,
                }
            ),
            InstallmentState.PAID: frozenset({InstallmentState.CANCELLED}),
            InstallmentState.FAILED: frozenset(
                {
                    InstallmentState.COLLECTING,
                    InstallmentState.PAID,
                    InstallmentState.CANCELLED,
                    InstallmentState.SCHEDULED,
                }
            ),
            InstallmentState.CANCELLED: frozenset(),
        }
    )
)
"""From each state of an installment, those that may follow."""
REOPENED: Final[Mapping[InstallmentState, frozenset[InstallmentState]]] = MappingProxyType(
    {
        before: frozenset({InstallmentState.SCHEDULED, InstallmentState.FAILED})
        for before in (InstallmentState.PAID, InstallmentState.CANCELLED)
    }
)
"""What an installment that was over may be again, once its payments are replayed, and only then."""

_State = TypeVar("_State", PlanState, InstallmentState)


def check_transition(*, before: PlanState, after: PlanState) -> None:
    """Hold a plan to the ways that its states allow; to stay in a state is always allowed.

    Raises:
        Defect: ``plan_transition_forbidden``.
    """
    _check(before, after, allowed=ALLOWED, of="plan")


def check_installment_transition(*, before: InstallmentState, after: InstallmentState) -> None:
    """Hold an installment to the ways its states allow; to stay in a state is always allowed.

    Raises:
        Defect: ``installment_transition_forbidden``.
    """
    _check(before, after, allowed=ALLOWED_INSTALLMENT, of="installment")


def check_plan_replayed(*, before: PlanState, after: PlanState) -> None:
    """As :func:`check_transition`, where payments are replayed: a plan may owe something again.

    Raises:
        Defect: ``plan_transition_forbidden``.
    """
    in_force = frozenset({PlanState.ACTIVE, PlanState.PAST_DUE})
    allowed = {**ALLOWED, PlanState.COMPLETED: in_force}
    _check(before, after, allowed=allowed, of="plan")


def check_replayed_transition(*, before: InstallmentState, after: InstallmentState) -> None:
    """As :func:`check_installment_transition`, where payments are replayed.

    Raises:
        Defect: ``installment_transition_forbidden``.
    """
    allowed = {
        state: ALLOWED_INSTALLMENT[state] | REOPENED.get(state, frozenset())
        for state in InstallmentState
    }
    _check(before, after, allowed=allowed, of="installment")


def _check(
    before: _State, after: _State, *, allowed: Mapping[_State, frozenset[_State]], of: str
) -> None:
    if after is not before and after not in allowed[before]:
        raise Defect(
            f"{of}_transition_forbidden",
            f"{of}: {before} is never followed by {after}",
            facts={"before": before, "after": after},
        )
