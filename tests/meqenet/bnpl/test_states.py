from itertools import pairwise, product

import pytest

from meqenet.bnpl.states import (
    ALLOWED,
    ALLOWED_INSTALLMENT,
    InstallmentState,
    PlanState,
    check_installment_transition,
    check_transition,
)
from meqenet.errors import Defect

_LIVES = [
    "applied declined",
    "applied identity_required declined",
    "applied identity_required expired",
    "applied offered accepted active completed",
    "applied identity_required offered accepted active past_due active completed",
    "applied offered expired",
    "applied offered accepted cancelled",
    "applied cancelled",
    "applied offered accepted active past_due completed",
    "applied offered accepted active past_due written_off",
]
_FINAL = {
    PlanState.DECLINED,
    PlanState.EXPIRED,
    PlanState.CANCELLED,
    PlanState.COMPLETED,
    PlanState.WRITTEN_OFF,
}


@pytest.mark.parametrize("life", _LIVES)
def test_lives_that_plans_lead_are_allowed(life: str) -> None:
    states = [PlanState(name) for name in life.split()]
    for before, after in pairwise(states):
        check_transition(before=before, after=after)
        assert after in ALLOWED[before]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (before, after)
        for before, after in product(PlanState, repeat=2)
        if after not in ALLOWED[before] and before is not after
    ],
)
def test_every_other_way_is_a_defect(before: PlanState, after: PlanState) -> None:
    with pytest.raises(Defect) as found:
        check_transition(before=before, after=after)
    assert found.value.code == "plan_transition_forbidden"
    assert found.value.facts == {"before": str(before), "after": str(after)}


def test_final_states_have_no_way_out_and_only_they() -> None:
    assert {state for state in PlanState if not ALLOWED[state]} == _FINAL
    assert set(ALLOWED) == set(PlanState)
    assert set(ALLOWED_INSTALLMENT) == set(InstallmentState)


@pytest.mark.parametrize("state", list(PlanState))
def test_staying_is_no_transition(state: PlanState) -> None:
    check_transition(before=state, after=state)


def test_nothing_leaves_an_active_plan_for_before_its_activation() -> None:
    in_force = {PlanState.ACTIVE, PlanState.PAST_DUE}
    after_activation = in_force | {PlanState.COMPLETED, PlanState.WRITTEN_OFF}
    assert all(ALLOWED[state] <= after_activation for state in in_force)


@pytest.mark.parametrize(
    "life",
    [
        "scheduled collecting paid",
        "scheduled paid",  # at checkout, before the plan is active
        "scheduled collecting failed collecting paid",
        "scheduled collecting failed paid",
        "scheduled failed collecting paid",  # given up with its plan, before it was due
        "scheduled cancelled",
        "scheduled collecting scheduled collecting paid",  # due on another day by a change
        "scheduled collecting failed scheduled",
        "scheduled collecting paid cancelled",
    ],
)
def test_lives_that_installments_lead_are_allowed(life: str) -> None:
    states = [InstallmentState(name) for name in life.split()]
    for before, after in pairwise(states):
        check_installment_transition(before=before, after=after)
        assert after in ALLOWED_INSTALLMENT[before]


@pytest.mark.parametrize(
    ("before", "after"),
    [("cancelled", "paid"), ("paid", "collecting"), ("paid", "failed")],
)
def test_an_installment_is_never_collected_twice(before: str, after: str) -> None:
    with pytest.raises(Defect, match=f"installment: {before} is never followed by {after}"):
        check_installment_transition(before=InstallmentState(before), after=InstallmentState(after))
