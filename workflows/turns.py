"""Calling a provider in turn: what its gate holds back was not sent, and waits without counting."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError

from activities.contracts.step import Step, StepKind
from activities.contracts.turns import TURNS, AwaitTurn
from meqenet.payments.lanes import HELD_BACK, Lane
from workflows.asking import ask, report_of

C = TypeVar("C")
R = TypeVar("R")
_URGENT = 2
"""Before the usual 3: somebody stands at a checkout."""


def never() -> bool:
    """Of a call that is wanted however long it takes."""
    return False


@dataclass
class Turns:
    """How a caller waits at gates.

    Attributes:
        unless: the calls are not wanted any more: nobody waits any longer.
        waited: how often it had to wait.
    """

    unless: Callable[[], bool] = never
    waited: int = 0

    def is_over(self, *, code: str | None) -> bool:
        """Whether a call that ended with this code was held back, and is not wanted any more."""
        return code == HELD_BACK and self.unless()


def of_merchant(merchant_id: str, *, is_urgent: bool = False) -> Priority:
    """Between merchants a task queue is served in turn, however many tasks one of them has.

    Given to a child workflow, it goes for all that the child asks for.
    """
    return Priority(fairness_key=merchant_id, priority_key=_URGENT if is_urgent else None)


async def in_turn(step: Step[C, R], command: C, *, summary: str, turns: Turns | None = None) -> R:
    """Ask a provider; held back at its gate, wait until it is our turn and ask again.

    Args:
        step: the call.
        command: the same each time: a call that was held back was not sent.
        summary: what an operator reads.
        turns: how the caller waits; None of one that would rather be told, as of any failure.

    Raises:
        ActivityError: see :func:`workflows.asking.report_of`; with the code ``held_back`` when the
            caller does not wait, or does not any more.
    """
    while True:
        try:
            return await ask(step, command, summary=summary)
        except ActivityError as error:
            if turns is None or report_of(error).code != HELD_BACK:
                raise
            turns.waited += 1
            if not await _turn_comes(step, unless=turns.unless):
                raise


async def _turn_comes(step: Step[C, R], *, unless: Callable[[], bool]) -> bool:
    """Wait until the provider may be called; False when that is not wanted any more."""
    lane = Lane.ORDERS if step.kind is StepKind.COMMAND else Lane.QUESTIONS
    line = workflow.info().priority.fairness_key or ""
    waiting = asyncio.create_task(
        ask(
            TURNS[step.provider],
            AwaitTurn(lane=lane, line=line),
            summary=f"{step.provider} takes no calls now: wait for our turn",
        )
    )
    try:
        await workflow.wait_condition(lambda: waiting.done() or unless())
        if unless():
            return False
        await waiting
    finally:
        waiting.cancel()
    return True
