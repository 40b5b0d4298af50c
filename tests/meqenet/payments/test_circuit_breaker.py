from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.payments.circuit_breaker import (
    Breaker,
    BreakerSettings,
    BreakerState,
    admit,
    after_call,
)

_SETTINGS = BreakerSettings(
    failures_to_open=3,
    open_ms_first=1_000,
    open_ms_max=5_000,
    probes_max=2,
    successes_to_close=2,
    probe_ms_max=400,
)


def _admitted(breaker: Breaker, at_ms: int) -> tuple[Breaker, int]:
    admission = admit(breaker=breaker, settings=_SETTINGS, at_ms=at_ms)
    assert admission.is_admitted
    assert admission.retry_at_ms is None
    return admission.breaker, admission.turn


def _refused(breaker: Breaker, at_ms: int) -> int:
    admission = admit(breaker=breaker, settings=_SETTINGS, at_ms=at_ms)
    assert not admission.is_admitted
    assert admission.breaker == breaker
    assert admission.retry_at_ms is not None
    return admission.retry_at_ms


def _told(breaker: Breaker, turn: int, at_ms: int, *, succeeded: bool) -> Breaker:
    return after_call(
        breaker=breaker, settings=_SETTINGS, turn=turn, succeeded=succeeded, at_ms=at_ms
    )


def _opened(at_ms: int) -> Breaker:
    breaker = Breaker()
    for _ in range(_SETTINGS.failures_to_open):
        breaker, turn = _admitted(breaker, at_ms)
        breaker = _told(breaker, turn, at_ms, succeeded=False)
    assert breaker.state is BreakerState.OPEN
    return breaker


def test_failures_in_a_row_open_it_and_a_success_between_them_does_not() -> None:
    breaker = Breaker()
    for succeeded in (False, False, True, False, False):
        breaker, turn = _admitted(breaker, 0)
        breaker = _told(breaker, turn, 0, succeeded=succeeded)
    assert (breaker.state, breaker.failures) == ("closed", 2)
    breaker = _told(breaker, breaker.turn, 7, succeeded=False)
    assert (breaker.state, breaker.open_until_ms) == ("open", 1_007)


def test_open_it_lets_nothing_through_before_its_time() -> None:
    breaker = _opened(0)
    assert [_refused(breaker, at_ms) for at_ms in (0, 1, 999)] == [1_000] * 3
    half_open, _ = _admitted(breaker, 1_000)
    assert half_open.state is BreakerState.HALF_OPEN


def test_half_open_it_lets_a_few_probes_through_at_once() -> None:
    breaker, _ = _admitted(_opened(0), 1_000)
    breaker, _ = _admitted(breaker, 1_010)
    assert _refused(breaker, 1_020) == 1_410


def test_a_probe_that_has_succeeded_makes_room_for_the_next() -> None:
    breaker, turn = _admitted(_opened(0), 1_000)
    breaker, _ = _admitted(breaker, 1_010)
    breaker = _told(breaker, turn, 1_020, succeeded=True)
    breaker, _ = _admitted(breaker, 1_030)
    assert _refused(breaker, 1_040) == 1_430


def test_probes_that_succeed_close_it() -> None:
    breaker, turn = _admitted(_opened(0), 1_000)
    breaker = _told(breaker, turn, 1_050, succeeded=True)
    assert breaker.state is BreakerState.HALF_OPEN
    breaker, turn = _admitted(breaker, 1_060)
    breaker = _told(breaker, turn, 1_070, succeeded=True)
    assert breaker == Breaker(turn=2)


def test_a_probe_that_fails_opens_it_for_twice_as_long_up_to_the_longest() -> None:
    breaker = _opened(0)
    lasted = []
    for _ in range(5):
        at_ms = breaker.open_until_ms
        breaker, turn = _admitted(breaker, at_ms)
        breaker = _told(breaker, turn, at_ms, succeeded=False)
        lasted.append(breaker.open_until_ms - at_ms)
    assert lasted == [2_000, 4_000, 5_000, 5_000, 5_000]


def test_after_it_was_closed_it_opens_for_the_first_time_again() -> None:
    breaker, turn = _admitted(_opened(0), 1_000)
    breaker = _told(breaker, turn, 1_000, succeeded=False)
    for _ in range(_SETTINGS.successes_to_close):
        breaker, turn = _admitted(breaker, 3_000)
        breaker = _told(breaker, turn, 3_000, succeeded=True)
    for _ in range(_SETTINGS.failures_to_open):
        breaker, turn = _admitted(breaker, 4_000)
        breaker = _told(breaker, turn, 4_000, succeeded=False)
    assert breaker.open_until_ms == 5_000


def test_answers_to_earlier_calls_change_nothing() -> None:
    """Calls made before it opened come back while it is open, half open, and closed again."""
    breaker, turn = _admitted(_opened(0), 1_000)
    for succeeded in (True, False):
        assert _told(_opened(0), 0, 10, succeeded=succeeded) == _opened(0)
        assert _told(breaker, 0, 1_001, succeeded=succeeded) == breaker
    for _ in range(_SETTINGS.successes_to_close):
        breaker = _told(breaker, turn, 1_001, succeeded=True)
    assert _told(breaker, turn, 1_002, succeeded=False) == breaker


def test_probes_that_nobody_hears_of_are_given_up() -> None:
    breaker, _ = _admitted(_opened(0), 1_000)
    breaker, _ = _admitted(breaker, 1_000)
    assert _refused(breaker, 1_399) == 1_400
    breaker, _ = _admitted(breaker, 1_400)
    assert breaker.probes == 1


@pytest.mark.parametrize("name", list(BreakerSettings.__dataclass_fields__))
def test_settings_are_positive(name: str) -> None:
    with pytest.raises(ValueError, match=r"at least 1|not below"):
        replace(_SETTINGS, **{name: 0})


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 3_000), st.sampled_from(["call", "works", "fails"])), max_size=80
    )
)
def test_it_never_lets_a_call_through_while_it_is_open(steps: list[tuple[int, str]]) -> None:
    breaker, at_ms = Breaker(), 0
    calls: list[int] = []
    for elapsed_ms, deed in steps:
        at_ms += elapsed_ms
        if deed == "call":
            admission = admit(breaker=breaker, settings=_SETTINGS, at_ms=at_ms)
            closed_to_calls = breaker.state is BreakerState.OPEN and at_ms < breaker.open_until_ms
            assert not (closed_to_calls and admission.is_admitted)
            assert admission.is_admitted is (admission.retry_at_ms is None)
            if admission.is_admitted:
                calls.append(admission.turn)
            else:
                assert admission.retry_at_ms is not None
                assert admission.retry_at_ms > at_ms
            breaker = admission.breaker
        elif calls:
            breaker = after_call(
                breaker=breaker,
                settings=_SETTINGS,
                turn=calls.pop(0),
                succeeded=deed == "works",
                at_ms=at_ms,
            )
        assert 0 <= breaker.probes <= _SETTINGS.probes_max
        assert breaker.failures < _SETTINGS.failures_to_open
        if breaker.state is BreakerState.OPEN:
            assert breaker.open_until_ms <= at_ms + _SETTINGS.open_ms_max
