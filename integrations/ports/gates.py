"""The gate before a provider: whoever calls it passes first, and is held back before it sends."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from meqenet.payments.lanes import Lane


class Gate(Protocol):
    """One provider's circuit breaker and rate limit, the same for all workers."""

    def passing(self, *, lane: Lane) -> AbstractAsyncContextManager[None]:
        """Pass, make one call in the block, and let how it went be counted.

        ``Unavailable`` and ``OutcomeUnknown`` from the block are faults of the provider; whatever
        else it answered, be it a refusal, shows that it is there.

        Raises:
            HeldBack: before the block, so nothing was sent.
        """
        ...

    async def await_turn(self, *, lane: Lane, line: str) -> None:
        """Return when a call is worth trying; takes nothing from anybody.

        Args:
            lane: which rate the call shares.
            line: a merchant's id: those who wait in different lines do not wait for each other.

        Raises:
            HeldBack: not yet; ``retry_after`` is this caller's place in its line.
        """
        ...
