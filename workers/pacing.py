"""How long a loop that takes in events rests, so that what comes meanwhile is taken in together."""

import asyncio
import contextlib
from typing import Final

REST_SECONDS_MIN: Final = 0.2
REST_SECONDS_MAX: Final = 1.0
"""An event waits at most this long, and an idle loop asks once a second."""
_WORKS_ONE_PART_IN: Final = 40


def rest_seconds(*, worked_seconds: float) -> float:
    """The rest after work that took so long, from a fifth of a second to a whole one.

    Where machine and stores have time, an event is soon told. Where they have not, the same work
    takes longer, the rest grows with it, and more events share one transaction: a loop does not
    take from others what they need to get on.
    """
    return min(max(_WORKS_ONE_PART_IN * worked_seconds, REST_SECONDS_MIN), REST_SECONDS_MAX)


async def rest(*, stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until ``stop`` is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), timeout=seconds)
