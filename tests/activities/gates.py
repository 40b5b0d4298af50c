"""A gate that lets everybody pass and remembers by which lane."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from meqenet.payments.lanes import Lane


@dataclass
class OpenGate:
    passed: list[Lane] = field(default_factory=list)
    awaited: list[tuple[Lane, str]] = field(default_factory=list)

    @asynccontextmanager
    async def passing(self, *, lane: Lane) -> AsyncIterator[None]:
        self.passed.append(lane)
        yield

    async def await_turn(self, *, lane: Lane, line: str) -> None:
        self.awaited.append((lane, line))
