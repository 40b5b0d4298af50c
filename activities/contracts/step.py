"""A step that a domain can take: its name, payloads, queue, patience. Workflows ask by these."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from temporalio.common import RetryPolicy

from meqenet.payments.lanes import HELD_BACK

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
    TURN = "turn"
    """Whether a provider may be called: asked until it may, at the times that its gate gives."""


@dataclass(frozen=True, kw_only=True)
class Step(Generic[C, R]):
    """One activity. ``name`` is ``<domain or provider>.<deed>``; ``queue`` its task queue.

    ``is_apart``: it does not wait behind a burst of orders, but has a queue for what only asks.
    """

    name: str
    command: type[C]
    result: type[R]
    kind: StepKind = StepKind.STORE
    is_apart: bool = False

    @property
    def provider(self) -> str:
        """The domain or provider that takes the step."""
        return self.name.partition(".")[0]

    @property
    def queue(self) -> str:
        """Each domain and each provider has a task queue of its own name."""
        return questions_queue(provider=self.provider) if self.is_apart else self.provider

    @property
    def attempt_max(self) -> timedelta:
        """How long one attempt may take before it counts as lost."""
        return timedelta(seconds=45) if self._calls else timedelta(seconds=15)

    @property
    def heartbeat_max(self) -> timedelta | None:
        """A worker that died during a provider call is noticed after this silence."""
        return timedelta(seconds=5) if self._calls else None

    @property
    def retry(self) -> RetryPolicy:
        """Stores are awaited for ever, in sight of an operator; money is sent once."""
        match self.kind:
            case StepKind.STORE | StepKind.TURN:
                return RetryPolicy(
                    initial_interval=timedelta(milliseconds=500),
                    maximum_interval=timedelta(minutes=1),
                )
            case StepKind.QUESTION:
                # Held back is no failure of the question: whoever asks decides whether to wait.
                return RetryPolicy(
                    initial_interval=timedelta(seconds=1),
                    maximum_attempts=3,
                    non_retryable_error_types=[HELD_BACK],
                )
            case StepKind.COMMAND:
                return RetryPolicy(maximum_attempts=1)

    @property
    def _calls(self) -> bool:
        return self.kind in (StepKind.QUESTION, StepKind.COMMAND)


def questions_queue(*, provider: str) -> str:
    """The task queue of what a provider is only asked, where that has one of its own."""
    return f"{provider}-questions"


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """The result of a step that has nothing to tell."""
