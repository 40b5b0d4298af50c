"""Telling a difference from something that is under way.

Stores are read one after the other, and a plan's step may have reached one and not yet another. So
what differs is read again and again. It counts as different once nothing has happened to it for
the whole of the patience given, and it still differs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from workers.verifying.findings import BadRecord, Unreadable

_PAUSE_SECONDS: Final = 0.5
_PENDING_MAX: Final = 500
_MOVING_PATIENCES: Final = 6
"""After so many patiences what still moves is left alone, and counted."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Something as it was read. ``marks`` are others whenever something has happened to it."""

    key: str
    marks: tuple[object, ...]
    bad: BadRecord | None


@dataclass(frozen=True, kw_only=True)
class _Pending:
    seen: Seen
    since_seconds: float
    first_seconds: float


@dataclass
class Settling:
    """Reads keys, and again those that differ.

    Attributes:
        read: reads some keys from all stores, in the order in which they are given; may raise
            ``Unreadable``.
        patience_seconds: how long a difference must outlast, with nothing happening.
        moving: how many were left because something happened to them all the time.
    """

    read: Callable[[Sequence[str]], Awaitable[list[Seen]]]
    patience_seconds: float
    moving: int = 0
    _pending: dict[str, _Pending] = field(default_factory=dict)

    async def check(self, keys: Sequence[str]) -> BadRecord | None:
        """Read them; the first that is certainly bad, if that is known yet."""
        now = asyncio.get_running_loop().time()
        for seen in await self._seen(keys):
            if seen.bad is not None:
                self._pending[seen.key] = _Pending(seen=seen, since_seconds=now, first_seconds=now)
        return await self.settle() if len(self._pending) > _PENDING_MAX else None

    async def settle(self) -> BadRecord | None:
        """Wait until everything that differed has come to agree, or is certainly bad."""
        loop = asyncio.get_running_loop()
        while self._pending:
            await asyncio.sleep(min(_PAUSE_SECONDS, self.patience_seconds))
            for seen in await self._seen(list(self._pending)):
                bad = self._again(seen, now_seconds=loop.time())
                if bad is not None:
                    return bad
        return None

    async def _seen(self, keys: Sequence[str]) -> list[Seen]:
        """As :attr:`read`; what makes it fail is found by reading one after the other."""
        try:
            return await self.read(keys)
        except Unreadable as unreadable:
            if len(keys) > 1:
                return [seen for key in keys for seen in await self._seen([key])]
            bad = BadRecord(
                domain=unreadable.domain, stream=keys[0], sequence=None, what=unreadable.what
            )
            return [Seen(key=keys[0], marks=(), bad=bad)]

    def _again(self, seen: Seen, *, now_seconds: float) -> BadRecord | None:
        before = self._pending.pop(seen.key)
        if seen.bad is None:
            return None
        since_seconds = before.since_seconds if seen.marks == before.seen.marks else now_seconds
        if now_seconds - since_seconds >= self.patience_seconds:
            return seen.bad
        if now_seconds - before.first_seconds > _MOVING_PATIENCES * self.patience_seconds:
            self.moving += 1
            return None
        self._pending[seen.key] = _Pending(
            seen=seen, since_seconds=since_seconds, first_seconds=before.first_seconds
        )
        return None
