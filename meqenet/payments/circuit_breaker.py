"""Whether a provider that seems to be down is called: a state machine over whole milliseconds.

::

    CLOSED --failures in a row--> OPEN --its time is over--> HALF_OPEN --probes succeed--> CLOSED
                                    ^------------------ a probe fails, and for longer --------|

All state is whole numbers and one word, and the time is an argument: the same steps can be taken
by a script in the place where workers share it. Without that place each worker keeps a breaker of
its own by the same settings: it learns from its own calls alone, and still lets nothing through
while it is open.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

_DOUBLINGS_MAX: Final = 30
"""Two to the thirtieth times any first time is more than any longest one."""


class BreakerState(StrEnum):
    """What the breaker does with a call."""

    CLOSED = "closed"
    """Calls pass."""
    OPEN = "open"
    """No call passes before its time is over."""
    HALF_OPEN = "half_open"
    """A few calls pass as probes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BreakerSettings:
    """When it opens, for how long, and what closes it.

    Attributes:
        failures_to_open: so many in a row open it.
        open_ms_first: how long it stays open at first, in milliseconds.
        open_ms_max: each failed probe doubles that, up to so long.
        probes_max: so many probes may be under way at once.
        successes_to_close: so many probes that succeed close it.
        probe_ms_max: a probe that is not heard of for so long is given up, in milliseconds.

    Raises:
        ValueError: one of them is not positive, or the longest time is the shorter one.
    """

    failures_to_open: int
    open_ms_first: int
    open_ms_max: int
    probes_max: int
    successes_to_close: int
    probe_ms_max: int

    def __post_init__(self) -> None:
        counts = (self.failures_to_open, self.probes_max, self.successes_to_close)
        if min(*counts, self.open_ms_first, self.probe_ms_max) < 1:
            raise ValueError("breaker: every setting is at least 1")
        if self.open_ms_max < self.open_ms_first:
            raise ValueError("open_ms_max: not below open_ms_first")


@dataclass(frozen=True, kw_only=True, slots=True)
class Breaker:
    """Where the breaker stands. A new one is closed.

    Attributes:
        state: what it does with calls.
        turn: counts its openings and closings; an answer to a call of an earlier turn is stale.
        failures: calls that failed in a row, while closed.
        reopenings: probes that failed since it was last closed.
        open_until_ms: the end of the present opening.
        probes: probes under way.
        probed_at_ms: when the last of them was let through.
        successes: probes of this turn that succeeded.
    """

    state: BreakerState = BreakerState.CLOSED
    turn: int = 0
    failures: int = 0
    reopenings: int = 0
    open_until_ms: int = 0
    probes: int = 0
    probed_at_ms: int = 0
    successes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """Whether a call may be made.

    Attributes:
        breaker: where it stands now.
        is_admitted: the call may be made; :func:`after_call` has to be told how it went.
        turn: to be told with it.
        retry_at_ms: when to ask again; None for a call that may be made.
    """

    breaker: Breaker
    is_admitted: bool
    turn: int
    retry_at_ms: int | None


def admit(*, breaker: Breaker, settings: BreakerSettings, at_ms: int) -> Admission:
    """Ask before a call.

    Args:
        breaker: where it stands.
        settings: its settings.
        at_ms: the time, in milliseconds of any one clock that all callers share.
    """
    if breaker.state is BreakerState.CLOSED:
        return Admission(breaker=breaker, is_admitted=True, turn=breaker.turn, retry_at_ms=None)
    if breaker.state is BreakerState.OPEN:
        if at_ms < breaker.open_until_ms:
            return _refused(breaker, retry_at_ms=breaker.open_until_ms)
        half_open = replace(breaker, state=BreakerState.HALF_OPEN, probes=0, successes=0)
        return _probe(half_open, at_ms=at_ms)
    if breaker.probes < settings.probes_max:
        return _probe(breaker, at_ms=at_ms)
    given_up_at_ms = breaker.probed_at_ms + settings.probe_ms_max
    if at_ms < given_up_at_ms:
        return _refused(breaker, retry_at_ms=given_up_at_ms)
    # Whoever made the probes was stopped before it could tell: others take their place.
    return _probe(replace(breaker, probes=0), at_ms=at_ms)


def after_call(
    *, breaker: Breaker, settings: BreakerSettings, turn: int, succeeded: bool, at_ms: int
) -> Breaker:
    """Tell how an admitted call went.

    Args:
        breaker: where it stands.
        settings: its settings.
        turn: that of the call's admission.
        succeeded: the provider answered, be it with a refusal; False when it could not be reached,
            was busy, or gave no readable answer.
        at_ms: the time, in milliseconds of the same clock.
    """
    if turn != breaker.turn or breaker.state is BreakerState.OPEN:
        return breaker
    if breaker.state is BreakerState.CLOSED:
        failures = 0 if succeeded else breaker.failures + 1
        if failures < settings.failures_to_open:
            return replace(breaker, failures=failures)
        return _opened(breaker, settings=settings, reopenings=0, at_ms=at_ms)
    if not succeeded:
        reopenings = breaker.reopenings + 1
        return _opened(breaker, settings=settings, reopenings=reopenings, at_ms=at_ms)
    successes = breaker.successes + 1
    if successes < settings.successes_to_close:
        return replace(breaker, successes=successes, probes=max(breaker.probes - 1, 0))
    return Breaker(turn=breaker.turn + 1)


def _probe(breaker: Breaker, *, at_ms: int) -> Admission:
    probing = replace(breaker, probes=breaker.probes + 1, probed_at_ms=at_ms)
    return Admission(breaker=probing, is_admitted=True, turn=breaker.turn, retry_at_ms=None)


def _refused(breaker: Breaker, *, retry_at_ms: int) -> Admission:
    return Admission(breaker=breaker, is_admitted=False, turn=breaker.turn, retry_at_ms=retry_at_ms)


def _opened(breaker: Breaker, *, settings: BreakerSettings, reopenings: int, at_ms: int) -> Breaker:
    doubled = settings.open_ms_first * 2 ** min(reopenings, _DOUBLINGS_MAX)
    return Breaker(
        state=BreakerState.OPEN,
        turn=breaker.turn + 1,
        reopenings=reopenings,
        open_until_ms=at_ms + min(doubled, settings.open_ms_max),
    )
