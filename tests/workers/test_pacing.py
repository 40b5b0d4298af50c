import pytest

from workers.pacing import REST_SECONDS_MAX, REST_SECONDS_MIN, rest_seconds


@pytest.mark.parametrize(
    ("worked", "rest"),
    [(0.0, REST_SECONDS_MIN), (0.005, 0.2), (0.01, 0.4), (0.025, 1.0), (3.0, REST_SECONDS_MAX)],
)
def test_who_works_longer_rests_longer_within_a_second(worked: float, rest: float) -> None:
    assert rest_seconds(worked_seconds=worked) == pytest.approx(rest)
