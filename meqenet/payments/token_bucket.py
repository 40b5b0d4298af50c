"""How many calls a provider takes: a bucket of tokens that fills up evenly.

Tokens are counted in millionths and time in milliseconds, whole numbers below 2^53 throughout: a
script in the place where workers share the bucket comes to the same results with its numbers.
"""

from dataclasses import dataclass
from typing import Final

MICRO: Final = 1_000_000
"""Millionths in a token."""
_EXACT_MAX: Final = 2**53
"""Up to here a double holds every whole number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketSettings:
    """How fast calls may be made.

    Attributes:
        capacity_tokens: so many at once after a rest.
        refill_micro_tokens_per_ms: the lasting rate: 1000 is one call a second.

    Raises:
        ValueError: one of them is not positive, or a number would become inexact.
    """

    capacity_tokens: int
    refill_micro_tokens_per_ms: int

    def __post_init__(self) -> None:
        if self.capacity_tokens < 1:
            raise ValueError("capacity_tokens: at least 1")
        if self.refill_micro_tokens_per_ms < 1:
            raise ValueError("refill_micro_tokens_per_ms: at least 1")
        if self.capacity_micro_tokens + self.refill_micro_tokens_per_ms >= _EXACT_MAX:
            raise ValueError("bucket: its numbers are below 2^53")

    @property
    def capacity_micro_tokens(self) -> int:
        """What a full bucket holds."""
        return self.capacity_tokens * MICRO


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """What the bucket held at a time.

    Attributes:
        micro_tokens: millionths of a token.
        at_ms: the time, in milliseconds of any one clock that all callers share.
    """

    micro_tokens: int
    at_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """The answer to a wish for tokens.

    Attributes:
        bucket: what it holds now.
        is_granted: they were taken; otherwise none was.
        wait_ms: when not granted, how long until there would be enough if nobody else took any.
    """

    bucket: Bucket
    is_granted: bool
    wait_ms: int


def full_bucket(*, settings: BucketSettings, at_ms: int) -> Bucket:
    """The bucket that all workers share, when it is new."""
    return Bucket(micro_tokens=settings.capacity_micro_tokens, at_ms=at_ms)


def empty_bucket(*, at_ms: int) -> Bucket:
    """A worker's own bucket: what was in the shared one may have been taken already."""
    return Bucket(micro_tokens=0, at_ms=at_ms)


def take(*, bucket: Bucket, settings: BucketSettings, at_ms: int, tokens: int = 1) -> Taken:
    """Take tokens if there are enough.

    Args:
        bucket: what it held when it was last looked at.
        settings: its settings.
        at_ms: the time; one that is earlier than the bucket's is taken for the bucket's.
        tokens: how many.

    Raises:
        ValueError: fewer than one, or more than the bucket ever holds.
    """
    if not 1 <= tokens <= settings.capacity_tokens:
        raise ValueError(f"tokens: between 1 and {settings.capacity_tokens}")
    now_ms = max(at_ms, bucket.at_ms)
    held = _filled(bucket, settings=settings, elapsed_ms=now_ms - bucket.at_ms)
    missing = tokens * MICRO - held
    if missing <= 0:
        return Taken(bucket=Bucket(micro_tokens=-missing, at_ms=now_ms), is_granted=True, wait_ms=0)
    return Taken(
        bucket=Bucket(micro_tokens=held, at_ms=now_ms),
        is_granted=False,
        wait_ms=-(-missing // settings.refill_micro_tokens_per_ms),
    )


def local_share(*, settings: BucketSettings, workers: int) -> BucketSettings:
    """What one of so many workers may use when they cannot reach the bucket that they share.

    All of them together are no faster than the whole. Each starts with an empty bucket.

    Raises:
        ValueError: there is no worker, or so many that no rate is left for each.
    """
    if workers < 1:
        raise ValueError("workers: at least 1")
    return BucketSettings(
        capacity_tokens=max(settings.capacity_tokens // workers, 1),
        refill_micro_tokens_per_ms=settings.refill_micro_tokens_per_ms // workers,
    )


def _filled(bucket: Bucket, *, settings: BucketSettings, elapsed_ms: int) -> int:
    room = max(settings.capacity_micro_tokens - bucket.micro_tokens, 0)
    # After so long it is full, however long it was; so the product stays small.
    to_fill_ms = -(-room // settings.refill_micro_tokens_per_ms)
    gained = min(elapsed_ms, to_fill_ms) * settings.refill_micro_tokens_per_ms
    return min(bucket.micro_tokens + gained, settings.capacity_micro_tokens)
