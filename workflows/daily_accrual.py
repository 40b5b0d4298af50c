"""Shortly after each midnight in Addis Ababa, the day that is over earns its interest."""

from dataclasses import dataclass
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.contracts import ledger
    from workflows.asking import ask

DAILY_ACCRUAL_ID = "daily-accrual"
_NAMED_MAX = 20


@dataclass(frozen=True, kw_only=True)
class DailyAccrual:
    """Where to begin. ``until`` is when the days must be over: None is the start of the run."""

    until: datetime | None = None
    after_plan: str = ""
    count: int = 0
    failed: tuple[str, ...] = ()


@workflow.defn
class DailyAccrualWorkflow:
    """Accrues every plan in real time, some at once; those on a test clock have their own days."""

    @workflow.run
    async def run(self, start: DailyAccrual) -> int:
        """Return how many plans earned something. The run fails if there were any that could not.

        All others have been accrued by then; those named stay behind until the cause is mended,
        and are then caught up with by the next run.
        """
        until, after_plan = start.until or workflow.now(), start.after_plan
        count, failed = start.count, start.failed
        while True:
            page = await ask(
                ledger.ACCRUE_DUE,
                ledger.AccrueDue(until=until, after_plan=after_plan),
                summary=f"Accrue plans after {after_plan or 'none'}",
            )
            count, failed = count + page.count, failed + page.failed
            workflow.set_current_details(f"{count} plans accrued, {len(failed)} failed")
            if page.last_plan is None:
                return _told(count=count, failed=failed)
            after_plan = page.last_plan
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(
                    DailyAccrual(until=until, after_plan=after_plan, count=count, failed=failed)
                )


def _told(*, count: int, failed: tuple[str, ...]) -> int:
    if failed:
        named = ", ".join(failed[:_NAMED_MAX])
        raise ApplicationError(
            f"{len(failed)} plans are not accrued, see the ledger worker's log: {named}",
            type="plans_not_accrued",
            non_retryable=True,
        )
    return count
