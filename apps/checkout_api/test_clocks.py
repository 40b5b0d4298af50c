"""Test clocks: time that an integrator moves by hand, with test keys only."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, TypeVar

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ConfigDict
from temporalio.client import WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from apps.checkout_api.authentication import Authenticated, Merchant
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.own_writes import PLANS_MAX, written_headers
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.plan_process import ProcessGone, StillWorking, asked
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.told import Told
from apps.checkout_api.wire import AdvanceRequest, ClockId, TestClockRequest
from db.bnpl.views import PlanView, plan_view
from meqenet.errors import Unavailable
from meqenet.identity import derived_id
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.messages import TestClockStart, TestClockView, test_clock_workflow_id
from workflows.test_clock import TestClockWorkflow
from workflows.test_clock_messages import Advance

R = TypeVar("R")
_LOOK_AGAIN_AFTER: Final = timedelta(milliseconds=150)
_LOOK_AGAIN_AFTER_MAX: Final = timedelta(seconds=1)
"""Each look is a task for the server and a worker, so whoever waits for long looks more rarely."""
_NOT_THERE: Final = "test_clock_unknown"


async def _test_key_only(merchant: Authenticated) -> None:
    if not merchant.sandbox:
        raise Problem(
            status=403, code="test_key_needed", detail="test clocks are for test keys (mqk_test_…)"
        )


router = APIRouter(
    prefix="/v1/test-clocks",
    tags=["test clocks"],
    route_class=ExactRoute,
    dependencies=[Depends(_test_key_only)],
    responses=openapi_responses(401, 403, 404, 503),
)
_ClockId = Annotated[ClockId, Path()]
_Clock = WorkflowHandle[TestClockWorkflow, None]


class TestClockResource(Told):
    """A test clock. ``advancing``: plans on it still have things to do at ``now``."""

    __test__ = False
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "clk_abcdefghijklmnopqrst",
                    "now": "2026-12-07T06:00:00Z",
                    "target": "2026-12-07T06:00:00Z",
                    "status": "ready",
                    "plans": ["pln_abcdefghijklmnopqrst"],
                    "waiting_for": [],
                }
            ]
        }
    )

    id: str
    now: datetime
    """The time that it shows."""
    target: datetime
    """Where it is going."""
    status: Literal["ready", "advancing"]
    plans: list[str]
    """Plans that live by it; complaints and disputes about them, by their own numbers and ids."""
    waiting_for: list[str]
    """Those that still have something due."""


@router.post(
    "",
    summary="Make a test clock",
    status_code=201,
    response_model=TestClockResource,
    responses=openapi_responses(400, 422),
)
async def make(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    body: TestClockRequest,
) -> Response:
    """It stands still at ``now`` until it is advanced."""

    async def act() -> Answer:
        now = body.now or parts.clock().replace(microsecond=0)
        clock_id = derived_id(prefix="clk", parts=(merchant.merchant_id, key))
        handle = await _asked(
            lambda: parts.temporal.start_workflow(
                TestClockWorkflow.run,
                TestClockStart(clock_id=clock_id, merchant_id=merchant.merchant_id, now=now),
                id=test_clock_workflow_id(clock_id=clock_id),
                task_queue=WORKFLOW_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary="Test clock",
            ),
            parts=parts,
        )
        return Answer(status=201, body=_resource(await _view(handle, parts=parts)))

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


@router.get("/{clock_id}", summary="Read a test clock")
async def read(parts: Parts, merchant: Authenticated, clock_id: _ClockId) -> TestClockResource:
    """What it shows, and which plans still have something due."""
    return _resource(await view_of(parts=parts, merchant=merchant, clock_id=clock_id))


@router.post(
    "/{clock_id}/advance",
    summary="Advance a test clock",
    response_model=TestClockResource,
    responses=openapi_responses(400, 409, 422),
)
async def advance(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    clock_id: _ClockId,
    body: AdvanceRequest,
) -> Response:
    """Plans on it live through what is due, in order; ``ready`` once all of it is done.

    Waits up to 20 seconds for that; after them the answer says ``advancing``: read it again.
    """

    async def act() -> Answer:
        before = await view_of(parts=parts, merchant=merchant, clock_id=clock_id)
        to = body.to if body.by_days is None else before.now + timedelta(days=body.by_days)
        handle = clock_handle(parts=parts, clock_id=clock_id)
        advanced = Advance(to=to or before.now)
        update_id = derived_id(prefix="advance", parts=(merchant.merchant_id, key))
        await _asked(
            lambda: handle.execute_update(TestClockWorkflow.advance, advanced, id=update_id),
            parts=parts,
        )
        after = await _when_ready(handle, parts=parts)
        # A plan that has ended on the way does not live by the clock any more.
        moved = await _plans_of({*before.plans, *after.plans}, parts=parts)
        return Answer(
            status=200,
            body=_resource(after),
            headers=written_headers(parts=parts, plans=moved),
        )

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


def clock_handle(*, parts: ApiParts, clock_id: str) -> _Clock:
    """The clock's workflow."""
    return parts.temporal.get_workflow_handle(test_clock_workflow_id(clock_id=clock_id))


async def time_of_plan(
    *, parts: ApiParts, clock_id: str, ask: Callable[[_Clock], Awaitable[TestClockView]]
) -> datetime:
    """The time of a plan's clock, as it answers what it is asked.

    Raises:
        Problem: the clock refused.
        Unavailable: ``test_clock_busy``, it does not answer within the time.
    """
    handle = clock_handle(parts=parts, clock_id=clock_id)
    try:
        view = await asked(lambda: ask(handle), wait_seconds_max=parts.answer_seconds_max)
    except (ProcessGone, StillWorking):
        raise Unavailable("test_clock_busy", "the plan's test clock does not answer") from None
    return view.now


async def view_of(*, parts: ApiParts, merchant: Merchant, clock_id: str) -> TestClockView:
    """The clock as it stands.

    Raises:
        Problem: 404 ``test_clock_unknown``, for another merchant's clock as well.
    """
    view = await _view(clock_handle(parts=parts, clock_id=clock_id), parts=parts)
    if view.merchant_id != merchant.merchant_id:
        raise _unknown()
    return view


async def _view(handle: _Clock, *, parts: ApiParts) -> TestClockView:
    return await _asked(lambda: handle.query(TestClockWorkflow.view), parts=parts)


async def _when_ready(handle: _Clock, *, parts: ApiParts) -> TestClockView:
    """Look until it is ready, or the time is up. The workflow has no way to call us."""
    view = await _view(handle, parts=parts)
    deadline = asyncio.get_running_loop().time() + parts.advance_seconds_max
    wait = _LOOK_AGAIN_AFTER
    while view.status != "ready" and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(wait.total_seconds())
        wait = min(wait + wait // 3, _LOOK_AGAIN_AFTER_MAX)
        view = await _view(handle, parts=parts)
    return view


async def _plans_of(plan_ids: Collection[str], *, parts: ApiParts) -> list[PlanView]:
    if len(plan_ids) > PLANS_MAX:
        return []
    async with parts.bnpl.write() as session:
        found = [await plan_view(session=session, plan_id=each) for each in sorted(plan_ids)]
    return [plan for plan in found if plan is not None]


async def _asked(call: Callable[[], Awaitable[R]], *, parts: ApiParts) -> R:
    try:
        return await asked(call, wait_seconds_max=parts.answer_seconds_max)
    except ProcessGone:
        raise _unknown() from None
    except StillWorking:
        raise Unavailable("test_clock_busy", "the test clock does not answer in time") from None


def _unknown() -> Problem:
    return Problem(
        status=404, code=_NOT_THERE, detail="test_clock: there is no such test clock of yours"
    )


def _resource(view: TestClockView) -> TestClockResource:
    return TestClockResource(
        id=view.clock_id,
        now=view.now,
        target=view.target,
        status="ready" if view.status == "ready" else "advancing",
        plans=list(view.plans),
        waiting_for=list(view.waiting_for),
    )
