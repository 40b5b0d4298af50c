"""Each business morning, the day of every merchant with money due is closed, side by side."""

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.contracts import merchant_settlement
    from meqenet.calendar import addis_date
    from workflows.asking import ask
    from workflows.merchant_settlement import MerchantSettlementWorkflow
    from workflows.payday_messages import CloseMerchantDay, settlement_workflow_id
    from workflows.turns import of_merchant

SETTLEMENT_DAY_ID = "settlement-day"
_AT_WORK_MAX = 100
"""So many merchants' days are begun at a time; one that waits for its bank keeps no other back."""
_PER_RUN = 2_000
"""After so many merchants the run goes on as a new one, with a history of its own."""


@dataclass(frozen=True, kw_only=True)
class SettlementDay:
    """Where to begin. ``until``: lines available by then; None is the start of the run."""

    until: datetime | None = None
    after: str = ""
    begun: int = 0
    at_work: int = 0


@dataclass(frozen=True, kw_only=True)
class DayBegun:
    """How many merchants' days were begun, and how many were being closed already."""

    begun: int
    at_work: int


@workflow.defn
class SettlementDayWorkflow:
    """Begins the close of each merchant's day and waits for none: each has a run of its own.

    One that fails stays failed alone: its lines are there for the next morning, or for whoever
    closes its day before that.
    """

    @workflow.run
    async def run(self, start: SettlementDay) -> DayBegun:
        """Return how many there were."""
        until = start.until or workflow.now()
        state = replace(start, until=until)
        in_this_run = 0
        while True:
            page = await ask(
                merchant_settlement.FIND_MERCHANTS_DUE,
                merchant_settlement.FindMerchantsDue(at=until, after=state.after),
                summary=f"Merchants due behind {state.after or 'none'}",
            )
            if not page.merchant_ids:
                return DayBegun(begun=state.begun, at_work=state.at_work)
            begun = await _begin_all(page.merchant_ids, until=until)
            in_this_run += len(page.merchant_ids)
            state = replace(
                state,
                after=page.merchant_ids[-1],
                begun=state.begun + begun,
                at_work=state.at_work + len(page.merchant_ids) - begun,
            )
            workflow.set_current_details(
                f"{addis_date(at=until)}: {state.begun} merchants' days begun"
            )
            if in_this_run >= _PER_RUN or workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(state)


async def _begin_all(merchant_ids: tuple[str, ...], *, until: datetime) -> int:
    waiting, begun = deque(merchant_ids), 0

    async def work() -> None:
        nonlocal begun
        while waiting:
            # Read after the wait: the others count meanwhile.
            is_begun = await _begin(waiting.popleft(), until=until)
            begun += is_begun

    await asyncio.gather(*(work() for _ in range(min(_AT_WORK_MAX, len(merchant_ids)))))
    return begun


async def _begin(merchant_id: str, *, until: datetime) -> bool:
    """Whether a run was begun; a merchant whose day is being closed has one."""
    try:
        # Started, not awaited: it outlives this run, and its failure is its own.
        _ = await workflow.start_child_workflow(
            MerchantSettlementWorkflow.run,
            CloseMerchantDay(merchant_id=merchant_id, due_at=until),
            id=settlement_workflow_id(merchant_id=merchant_id, test_clock_id=None),
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary="Close the merchant's day",
            priority=of_merchant(merchant_id),
        )
    except WorkflowAlreadyStartedError:
        return False
    except FailureError:
        workflow.logger.warning("a merchant's day could not be begun: the next morning does")
        return False
    return True
