"""A step that a domain can take: its name, payloads, queue, patience. Workflows ask by these."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from temporalio.common import RetryPolicy

C = TypeVar("C")
R = TypeVar("R")


class StepKind(StrEnum):
    """How a step may be repeated."""

    STORE = "store"
    """One database transaction, idempotent by an id in its command: repeated until it works."""
    QUESTION = "question"
    """A provider call that changes nothing: repeated a few times, then asked again later."""
    COMMAND = "command"
    """A provider call that moves money or uses up a code: sent once; the workflow decides."""


@dataclass(frozen=True, kw_only=True)
class Step(Generic[C, R]):
    """One activity. ``name`` is ``<domain or provider>.<deed>``; ``queue`` its task queue."""

    name: str
    command: type[C]
    result: type[R]
    kind: StepKind = StepKind.STORE

    @property
    def queue(self) -> str:
        """Each domain and each provider has a task queue of its own name."""
        return self.name.partition(".")[0]

    @property
    def attempt_max(self) -> timedelta:
        """How long one attempt may take before it counts as lost."""
        return timedelta(seconds=15) if self.kind is StepKind.STORE else timedelta(seconds=45)

    @property
    def heartbeat_max(self) -> timedelta | None:
        """A worker that died during a provider call is noticed after this silence."""
        return None if self.kind is StepKind.STORE else timedelta(seconds=5)

    @property
    def retry(self) -> RetryPolicy:
        """Stores are awaited for ever, in sight of an operator; money is sent once."""
        match self.kind:
            case StepKind.STORE:
                return RetryPolicy(
                    initial_interval=timedelta(milliseconds=500),
                    maximum_interval=timedelta(minutes=1),
                )
            case StepKind.QUESTION:
                return RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
            case StepKind.COMMAND:
                return RetryPolicy(maximum_attempts=1)


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """The result of a step that has nothing to tell."""
