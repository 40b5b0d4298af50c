"""Open plans begun again from the stores, after Temporal has lost them. Nothing here decides.

Only steps are asked: whoever has this done needs no store's address, and no key of one.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.contracts import bnpl
    from workflows.asking import ask, passed_on, report_of
    from workflows.loading_plan import load_plan
    from workflows.messages import plan_workflow_id
    from workflows.plan import PaymentPlanWorkflow
    from workflows.stored_plan import run_of

PATIENCE = timedelta(minutes=1)
"""A domain that does not answer for so long is told of; its plans can be begun again later."""


@dataclass(frozen=True, kw_only=True)
class OpenPlansPage:
    """Begin the next ``limit`` open plans, behind the plan ``after``."""

    after: str | None
    limit: int


@dataclass(frozen=True, kw_only=True)
class NotBegun:
    """What could not be begun again, and why. ``text`` holds no private data."""

    name: str
    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class PageBegun:
    """What became of a page.

    Attributes:
        begun: how many go on from the stores now.
        running: how many have a run; it was left alone.
        over: how many have ended meanwhile.
        failed: those that could not be begun.
        last: the page's last plan; None when there was none left.
        count: of all open plans.
    """

    begun: int
    running: int
    over: int
    failed: tuple[NotBegun, ...]
    last: str | None
    count: int


@workflow.defn
class RehydrationWorkflow:
    """Begins a page of open plans again. A plan that has a run is left alone."""

    @workflow.run
    async def run(self, page: OpenPlansPage) -> PageBegun:
        """Return what became of each. The run fails when the plans cannot be listed."""
        try:
            listed = await ask(
                bnpl.LIST_OPEN_PLANS,
                bnpl.ListOpenPlans(after=page.after, limit=page.limit),
                summary="Which plans have work left?",
                patience=PATIENCE,
            )
        except ActivityError as error:
            raise passed_on(report_of(error)) from error
        ends = await asyncio.gather(*(_begin(plan_id) for plan_id in listed.plan_ids))
        return PageBegun(
            begun=ends.count("begun"),
            running=ends.count("running"),
            over=ends.count("over"),
            failed=tuple(end for end in ends if isinstance(end, NotBegun)),
            last=listed.plan_ids[-1] if listed.plan_ids else None,
            count=listed.count,
        )


async def _begin(plan_id: str) -> str | NotBegun:
    try:
        stored = await load_plan(plan_id=plan_id, patience=PATIENCE)
    except ActivityError as error:
        report = report_of(error)
        text = f"{error.activity_type}: {report.text or report.code}"
        return NotBegun(name=plan_id, code=report.code, text=text)
    if stored.plan.ended:
        return "over"
    try:
        # Started, not awaited: the plan has a life of its own.
        _ = await workflow.start_child_workflow(
            PaymentPlanWorkflow.run,
            run_of(stored),
            id=plan_workflow_id(plan_id=plan_id),
            parent_close_policy=ParentClosePolicy.ABANDON,
            # A plan that has come to its end since it was loaded must not be lived twice.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            static_summary=(
                f"{stored.plan.option} {stored.plan.amount} birr, {plan_id}, from the stores"
            ),
        )
    except WorkflowAlreadyStartedError:
        return "running"
    return "begun"
