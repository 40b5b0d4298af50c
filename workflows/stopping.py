"""Collections that wait for their next attempt are stopped, before what they ask for is changed."""

from collections.abc import Collection
from datetime import timedelta

from temporalio import workflow

from workflows.collection_end import attempt_unheard
from workflows.news import CollectionEnd
from workflows.plan_desk import PlanDesk
from workflows.support import No, attempt_under_way

_STOPS_WITHIN = timedelta(minutes=1)
"""A collection that waits for its time ends as soon as it hears that it should."""


async def stop_waiting(desk: PlanDesk, *, numbers: Collection[int], step: str) -> No | None:
    """Stop what waits for its next attempt; why not, where an attempt had begun by then.

    What has begun is seen to its end, and what had not goes on at its time.

    Args:
        desk: the plan's desk.
        numbers: of the installments whose collections are at work.
        step: what is done next, as operators are shown it.
    """
    if not numbers:
        return None
    first = next(iter(numbers))
    for number in numbers:
        installment = desk.life.installment(number=number)
        desk.moved[number] = installment.next_attempt_at or desk.clock.now()
        desk.unmoved.add(number)
        await desk.stop_collection(number=number)
    try:
        await workflow.wait_condition(
            lambda: not any(number in desk.active for number in numbers), timeout=_STOPS_WITHIN
        )
    except TimeoutError:
        return attempt_under_way(next(number for number in numbers if number in desk.active))
    if desk.news or any(each.end is CollectionEnd.PAID for each in desk.results):
        return attempt_under_way(first)
    for result in [each for each in desk.results if each.number in numbers]:
        desk.results.remove(result)
        desk.moved.pop(result.number, None)
        desk.unmoved.discard(result.number)
        installment = desk.life.installment(number=result.number)
        installment.next_attempt_at = None
        failed = attempt_unheard(installment, result, next_attempt_at=None)
        if failed is not None:
            await desk.record(failed, state=desk.life.state, step=step)
    return None
