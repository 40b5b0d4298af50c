import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.payments.token_bucket import (
    MICRO,
    Bucket,
    BucketSettings,
    empty_bucket,
    full_bucket,
    local_share,
    take,
)

_FIVE_A_SECOND = BucketSettings(capacity_tokens=10, refill_micro_tokens_per_ms=5_000)
_settings = st.builds(
    BucketSettings,
    capacity_tokens=st.integers(1, 1_000),
    refill_micro_tokens_per_ms=st.integers(1, 1_000_000),
)


def _granted(bucket: Bucket, *, times: int, at_ms: int) -> tuple[Bucket, int]:
    granted = 0
    for _ in range(times):
        taken = take(bucket=bucket, settings=_FIVE_A_SECOND, at_ms=at_ms)
        bucket, granted = taken.bucket, granted + taken.is_granted
    return bucket, granted


def test_a_burst_up_to_the_capacity_then_the_lasting_rate() -> None:
    bucket, granted = _granted(full_bucket(settings=_FIVE_A_SECOND, at_ms=0), times=20, at_ms=0)
    assert granted == 10
    bucket, granted = _granted(bucket, times=20, at_ms=1_000)
    assert granted == 5
    _, granted = _granted(bucket, times=20, at_ms=3_600_000)
    assert granted == 10


@pytest.mark.parametrize(
    ("held", "tokens", "at_ms", "wait_ms"),
    [
        (0, 1, 0, 200),
        (0, 1, 199, 1),
        (0, 1, 200, 0),
        (0, 10, 0, 2_000),
        (MICRO - 1, 1, 0, 1),
        (MICRO, 1, 0, 0),
        (MICRO // 2, 1, 0, 100),
    ],
)
def test_how_long_to_wait(held: int, tokens: int, at_ms: int, wait_ms: int) -> None:
    bucket = Bucket(micro_tokens=held, at_ms=0)
    taken = take(bucket=bucket, settings=_FIVE_A_SECOND, at_ms=at_ms, tokens=tokens)
    assert taken.wait_ms == wait_ms
    assert taken.is_granted is (wait_ms == 0)


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    bucket = Bucket(micro_tokens=MICRO, at_ms=1_000)
    taken = take(bucket=bucket, settings=_FIVE_A_SECOND, at_ms=0)
    assert taken.bucket == Bucket(micro_tokens=0, at_ms=1_000)


@given(settings=_settings, held=st.integers(0, 10**9), waits=st.lists(st.integers(0, 10**14)))
def test_it_never_holds_more_than_its_capacity_nor_less_than_nothing(
    settings: BucketSettings, held: int, waits: list[int]
) -> None:
    bucket, at_ms = Bucket(micro_tokens=min(held, settings.capacity_micro_tokens), at_ms=0), 0
    for wait_ms in waits:
        at_ms += wait_ms
        bucket = take(bucket=bucket, settings=settings, at_ms=at_ms).bucket
        assert 0 <= bucket.micro_tokens <= settings.capacity_micro_tokens


@given(settings=_settings, gaps=st.lists(st.integers(0, 500), max_size=60))
def test_in_any_time_no_more_than_the_burst_and_the_rate(
    settings: BucketSettings, gaps: list[int]
) -> None:
    bucket, at_ms, granted = full_bucket(settings=settings, at_ms=0), 0, 0
    for gap_ms in gaps:
        at_ms += gap_ms
        taken = take(bucket=bucket, settings=settings, at_ms=at_ms)
        bucket, granted = taken.bucket, granted + taken.is_granted
        most = settings.capacity_micro_tokens + at_ms * settings.refill_micro_tokens_per_ms
        assert granted * MICRO <= most


@given(settings=_settings, held=st.integers(0, 10**9), at_ms=st.integers(0, 10**6))
def test_whoever_waits_as_told_gets_the_token_and_nobody_gets_it_earlier(
    settings: BucketSettings, held: int, at_ms: int
) -> None:
    bucket = Bucket(micro_tokens=min(held, settings.capacity_micro_tokens), at_ms=0)
    taken = take(bucket=bucket, settings=settings, at_ms=at_ms)
    if taken.is_granted:
        return
    due_ms = at_ms + taken.wait_ms
    assert not take(bucket=taken.bucket, settings=settings, at_ms=due_ms - 1).is_granted
    assert take(bucket=taken.bucket, settings=settings, at_ms=due_ms).is_granted


@given(settings=_settings, workers=st.integers(1, 50))
def test_shares_together_are_no_faster_than_the_whole(
    settings: BucketSettings, workers: int
) -> None:
    if workers > settings.refill_micro_tokens_per_ms:
        with pytest.raises(ValueError, match="refill_micro_tokens_per_ms"):
            local_share(settings=settings, workers=workers)
        return
    share = local_share(settings=settings, workers=workers)
    together = share.refill_micro_tokens_per_ms * workers
    assert together <= settings.refill_micro_tokens_per_ms
    assert share.capacity_tokens >= 1
    assert not take(bucket=empty_bucket(at_ms=0), settings=share, at_ms=0).is_granted


def test_nobody_has_no_share() -> None:
    with pytest.raises(ValueError, match="workers: at least 1"):
        local_share(settings=_FIVE_A_SECOND, workers=0)


@pytest.mark.parametrize("tokens", [0, 11])
def test_what_it_never_holds_is_not_asked_for(tokens: int) -> None:
    with pytest.raises(ValueError, match="tokens: between 1 and 10"):
        take(bucket=empty_bucket(at_ms=0), settings=_FIVE_A_SECOND, at_ms=0, tokens=tokens)


@pytest.mark.parametrize(
    ("capacity", "refill", "rule"),
    [(0, 1, "capacity_tokens"), (1, 0, "refill_micro_tokens_per_ms"), (10**10, 1, "below 2")],
)
def test_settings_are_positive_and_exact(capacity: int, refill: int, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        BucketSettings(capacity_tokens=capacity, refill_micro_tokens_per_ms=refill)
