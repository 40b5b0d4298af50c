"""Children that outlive a run which an operator has terminated: the next run waits for them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError, WorkflowAlreadyStartedError

from workflows.asking import distances

T = TypeVar("T")
_AGAIN_AFTER = distances(first=timedelta(seconds=1), longest=timedelta(minutes=10), count=12)


async def when_free(
    begin: Callable[[], Awaitable[T]], *, orphan_id: str, ask_to_stop: bool = False
) -> T:
    """Begin a child as soon as no orphan holds its id; what the orphan did is in the stores.

    Args:
        begin: starts the child.
        orphan_id: the child's id.
        ask_to_stop: the orphan takes the signal ``stop``.
    """
    turn = 0
    while True:
        try:
            return await begin()
        except WorkflowAlreadyStartedError:
            workflow.logger.info("an orphan is still at work under the child's id")
        if ask_to_stop:
            await _stop(orphan_id)
        wait = _AGAIN_AFTER[min(turn, len(_AGAIN_AFTER) - 1)]
        await workflow.sleep(wait, summary="then begin, if the orphan has ended")
        turn += 1


async def _stop(orphan_id: str) -> None:
    try:
        await workflow.get_external_workflow_handle(orphan_id).signal("stop")
    except FailureError:
        workflow.logger.info("the orphan has ended meanwhile")
