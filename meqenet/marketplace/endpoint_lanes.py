"""How many notices a process has in hand for one merchant: a dead endpoint slows nobody else.

A try at an endpoint that hangs holds its place for seconds. Without a limit, a merchant with
hundreds of notices and a dead endpoint would hold every place of a worker.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

IN_HAND_MAX: Final = 4
"""Notices of one merchant at a time."""
SILENT_IN_HAND_MAX: Final = 12
"""Notices at a time for all endpoints that were silent when last tried, one of each."""


@dataclass
class EndpointLanes:
    """Who has how many notices in hand. Not for several threads.

    An endpoint that was silent is tried by one notice at a time until it answers again; all silent
    ones together have only a part of the places, so however many of them there are, others go on.
    """

    in_hand_max: int = IN_HAND_MAX
    silent_in_hand_max: int = SILENT_IN_HAND_MAX
    _in_hand: Counter[str] = field(default_factory=Counter)
    _silent: set[str] = field(default_factory=set)

    def enter(self, *, merchant_id: str) -> bool:
        """Take a place for one notice; False where none is free, and nothing must be sent."""
        if merchant_id in self._silent:
            silent_in_hand = sum(self._in_hand[each] for each in self._silent)
            is_free = not self._in_hand[merchant_id] and silent_in_hand < self.silent_in_hand_max
        else:
            is_free = self._in_hand[merchant_id] < self.in_hand_max
        if is_free:
            self._in_hand[merchant_id] += 1
        return is_free

    def leave(self, *, merchant_id: str, was_silent: bool) -> None:
        """Give the place back. ``was_silent``: the endpoint let the whole time pass."""
        if self._in_hand[merchant_id] < 1:
            raise ValueError("merchant_id: has no place to give back")
        self._in_hand[merchant_id] -= 1
        if not self._in_hand[merchant_id]:
            del self._in_hand[merchant_id]
        if was_silent:
            self._silent.add(merchant_id)
        else:
            self._silent.discard(merchant_id)
