"""The gate before a provider: shared through Redis, and each worker's own without it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from redis.exceptions import RedisError

from integrations.throttling.local import LocalGate
from integrations.throttling.settings import WAIT_MS_MAX, GateSettings
from integrations.throttling.shared import SharedGate
from integrations.throttling.verdicts import Verdict
from meqenet.errors import Defect, OutcomeUnknown, Refusal, Unavailable
from meqenet.payments.lanes import HeldBack, HoldReason, Lane

_MS: Final = 1000
_LOOK_MS: Final = 250
"""How often whoever is first in line looks whether a probe has come back."""
_AWAY_MS_MIN: Final = 1_000
"""Whoever waits elsewhere looks no more often than that."""
_LOST_MS: Final = 1_000
"""A Redis that was away is asked again after so long, so that not every call waits for it."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ticket:
    turn: int
    is_shared: bool


class ProviderGate:
    """See :class:`integrations.ports.gates.Gate`.

    Args:
        provider: its name, as in settings and metrics.
        settings: its limits.
        shared: the gate in Redis; None where a process has none.
        now_ms: a clock of this process that never steps back, in milliseconds.
    """

    def __init__(
        self,
        *,
        provider: str,
        settings: GateSettings,
        shared: SharedGate | None,
        now_ms: Callable[[], int],
    ) -> None:
        self._provider = provider
        self._shared = shared
        self._local = LocalGate(settings=settings, now_ms=now_ms)
        self._now_ms = now_ms
        self._lost_until_ms: int | None = None
        # First come, first served: only the first one in line asks.
        self._lines = {lane: asyncio.Lock() for lane in Lane}

    @asynccontextmanager
    async def passing(self, *, lane: Lane) -> AsyncIterator[None]:
        """Pass, make one call in the block, and let how it went be counted.

        Raises:
            HeldBack: before the block, so nothing was sent.
        """
        ticket = await self._ticket(lane)
        try:
            yield
        except (Unavailable, OutcomeUnknown):
            await self._tell(ticket, succeeded=False)
            raise
        except (Refusal, Defect):
            await self._tell(ticket, succeeded=True)
            raise
        else:
            await self._tell(ticket, succeeded=True)

    async def await_turn(self, *, lane: Lane, line: str) -> None:
        """Return when a call is worth trying.

        Raises:
            HeldBack: not yet.
        """
        verdict, _ = await self._either(
            lambda gate: gate.look(lane=lane, line=line), lambda: self._local.look(lane=lane)
        )
        if verdict.held is not None:
            raise self._held(verdict.held, wait_ms=max(verdict.wait_ms, _AWAY_MS_MIN))

    async def _ticket(self, lane: Lane) -> _Ticket:
        until_ms = self._now_ms() + WAIT_MS_MAX
        line = self._lines[lane]
        try:
            async with asyncio.timeout(WAIT_MS_MAX / _MS):
                await line.acquire()
        except TimeoutError:
            raise self._held(HoldReason.RATE, wait_ms=WAIT_MS_MAX) from None
        try:
            while True:
                verdict, is_shared = await self._either(
                    lambda gate: gate.admit(lane=lane), lambda: self._local.admit(lane=lane)
                )
                if verdict.held is None:
                    return _Ticket(turn=verdict.turn, is_shared=is_shared)
                wait_ms = verdict.wait_ms
                if verdict.held is HoldReason.HALF_OPEN:
                    wait_ms = min(wait_ms, _LOOK_MS)
                if self._now_ms() + wait_ms > until_ms:
                    raise self._held(verdict.held, wait_ms=wait_ms)
                await asyncio.sleep(wait_ms / _MS)
        finally:
            line.release()

    async def _tell(self, ticket: _Ticket, *, succeeded: bool) -> None:
        if not ticket.is_shared or self._shared is None:
            self._local.tell(turn=ticket.turn, succeeded=succeeded)
            return
        try:
            await self._shared.tell(turn=ticket.turn, succeeded=succeeded)
        except (RedisError, OSError) as error:
            self._lose(error)

    async def _either(
        self,
        shared: Callable[[SharedGate], Awaitable[Verdict]],
        local: Callable[[], Verdict],
    ) -> tuple[Verdict, bool]:
        """The shared gate's verdict; this process's own while Redis is away."""
        is_lost = self._lost_until_ms is not None and self._now_ms() < self._lost_until_ms
        if self._shared is None or is_lost:
            return local(), False
        try:
            verdict = await shared(self._shared)
        except (RedisError, OSError) as error:
            self._lose(error)
            return local(), False
        if self._lost_until_ms is not None:
            self._lost_until_ms = None
            _log.info("%s: the limits are shared through Redis again", self._provider)
        return verdict, True

    def _lose(self, error: Exception) -> None:
        if self._lost_until_ms is None:
            self._local.begin()
            _log.warning(
                "%s: Redis cannot be reached (%s); this worker keeps to its own part of the rate",
                self._provider,
                type(error).__name__,
            )
        self._lost_until_ms = self._now_ms() + _LOST_MS

    def _held(self, reason: HoldReason, *, wait_ms: int) -> HeldBack:
        return HeldBack(
            provider=self._provider, reason=reason, retry_after=timedelta(milliseconds=wait_ms)
        )
