"""Places of a worker: one dead endpoint has one of them, all dead ones have a part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.marketplace.endpoint_lanes import IN_HAND_MAX, SILENT_IN_HAND_MAX, EndpointLanes


def entered(lanes: EndpointLanes, merchant: str, *, count: int) -> int:
    return [lanes.enter(merchant_id=merchant) for _ in range(count)].count(True)


def test_a_merchant_has_so_many_places_and_gets_them_back() -> None:
    lanes = EndpointLanes()
    assert entered(lanes, "a", count=500) == IN_HAND_MAX
    assert entered(lanes, "b", count=1) == 1
    lanes.leave(merchant_id="a", was_silent=False)
    assert entered(lanes, "a", count=500) == 1


def test_a_silent_endpoint_has_one_place_until_it_answers() -> None:
    lanes = EndpointLanes()
    entered(lanes, "a", count=500)
    for _ in range(IN_HAND_MAX):
        lanes.leave(merchant_id="a", was_silent=True)
    assert entered(lanes, "a", count=500) == 1
    lanes.leave(merchant_id="a", was_silent=False)
    assert entered(lanes, "a", count=500) == IN_HAND_MAX


def test_all_silent_endpoints_together_have_a_part_of_the_places() -> None:
    lanes = EndpointLanes()
    dead = [f"dead-{number}" for number in range(100)]
    for merchant in dead:
        assert lanes.enter(merchant_id=merchant)
        lanes.leave(merchant_id=merchant, was_silent=True)
    assert sum(entered(lanes, merchant, count=5) for merchant in dead) == SILENT_IN_HAND_MAX
    assert entered(lanes, "alive", count=5) == IN_HAND_MAX


def test_nobody_gives_back_what_they_have_not() -> None:
    with pytest.raises(ValueError, match="no place"):
        EndpointLanes().leave(merchant_id="a", was_silent=False)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["enter", "silent", "heard"]))))
def test_places_are_never_lost(steps: list[tuple[str, str]]) -> None:
    lanes = EndpointLanes()
    held = dict.fromkeys("abc", 0)
    for merchant, step in steps:
        if step == "enter":
            held[merchant] += lanes.enter(merchant_id=merchant)
        elif held[merchant]:
            held[merchant] -= 1
            lanes.leave(merchant_id=merchant, was_silent=step == "silent")
        assert 0 <= held[merchant] <= IN_HAND_MAX
    for merchant, count in held.items():
        for _ in range(count):
            lanes.leave(merchant_id=merchant, was_silent=False)
        lanes.enter(merchant_id=merchant)
        lanes.leave(merchant_id=merchant, was_silent=False)
        assert entered(lanes, merchant, count=10) == IN_HAND_MAX
