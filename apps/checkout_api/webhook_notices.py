"""What a merchant was told: its notices with every try, those of a plan, and telling them again."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict, Field, StringConstraints
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from activities.contracts.marketplace import DeliverNotice
from apps.checkout_api.authentication import Authenticated, Merchant
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.periods import Period
from apps.checkout_api.plan_process import of_rpc
from apps.checkout_api.plans import own_plan
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.webhook_resource import (
    NoticeId,
    NoticeList,
    NoticeOfPath,
    NoticeTold,
    NoticeWithTries,
    PlanNoticesTold,
    ReplayBegun,
    notice_told,
    with_tries,
)
from apps.checkout_api.wire import PLAN_ID, PlanId
from db.marketplace.views.notices import NoticeView, TryView, WantedNotices
from meqenet.identity import derived_id
from meqenet.marketplace.notices import NoticeState
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.messages import notice_replay_workflow_id
from workflows.notice import MerchantNoticeWorkflow
from workflows.notice_replay import NoticeReplayWorkflow, ReplayNotices
from workflows.turns import of_merchant

router = APIRouter(tags=["webhooks"], route_class=ExactRoute, responses=openapi_responses(401, 403))
_LIMIT_MAX: Final = 100
_Kind = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}$")]
_Plan = Annotated[str, StringConstraints(pattern=PLAN_ID)]


class NoticeQuery(Period):
    """Which notices, put on file on which days."""

    plan: _Plan | None = None
    """Only the notices of this plan."""
    state: NoticeState | None = None
    """Only those that stand so now."""
    kind: _Kind | None = None
    """Only news of this kind: `plan.approved` and others."""
    limit: Annotated[int, Field(ge=1, le=_LIMIT_MAX)] = 20
    after: NoticeId | None = None
    """The last notice of the page before: its `next_after`."""


class ReplayRequest(Period):
    """Notices of which days, by when they were put on file; all without a day."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from": "2026-11-20", "to": "2026-11-23"}, {}]}
    )


@router.get("/v1/webhooks/notices", summary="List notices", responses=openapi_responses(404, 422))
async def listed(
    parts: Parts, merchant: Authenticated, query: Annotated[NoticeQuery, Query()]
) -> NoticeList:
    """What you were told, newest first, narrowed by plan, state, kind and days."""
    query.require_order()
    page = await parts.webhooks.page(
        wanted=WantedNotices(
            merchant_id=merchant.merchant_id,
            plan_id=query.plan,
            state=query.state,
            kind=query.kind,
            since=query.since,
            until=query.until,
        ),
        after=query.after,
        limit=query.limit,
    )
    if page is None:
        raise _unknown()
    return NoticeList(
        notices=[notice_told(each) for each in page.notices],
        next_after=page.notices[-1].notice_id if page.more else None,
    )


@router.get(
    "/v1/webhooks/notices/{notice_id}",
    summary="Read a notice with its tries",
    responses=openapi_responses(404, 422),
)
async def one(parts: Parts, merchant: Authenticated, notice_id: NoticeOfPath) -> NoticeWithTries:
    """What it says, where it stands, and how each try went."""
    notice, tries = await _own(parts, merchant, notice_id=notice_id)
    return with_tries(notice, tries=tries)


@router.post(
    "/v1/webhooks/notices/{notice_id}/replay",
    summary="Have a notice told again",
    response_model=NoticeTold,
    responses=openapi_responses(400, 404, 409, 422, 503),
)
async def replay(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    notice_id: NoticeOfPath,
) -> Response:
    """It is sent at once under the same `webhook-id`, and then as patiently as at first, also when
    you have taken it before. Two replays at the same time are one."""  # noqa: D205, D209 - shown as one paragraph

    async def act() -> Answer:
        notice, _ = await _own(parts, merchant, notice_id=notice_id)
        # A merchant without a webhook is refused.
        await parts.webhooks.signing(merchant_id=merchant.merchant_id, at=parts.clock())
        await _started(lambda: _tell_again(parts, notice))
        return Answer(status=200, body=notice_told(notice))

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


@router.post(
    "/v1/webhooks/notices/replay",
    summary="Have all given-up notices told again",
    response_model=ReplayBegun,
    responses=openapi_responses(400, 409, 422, 503),
)
async def replay_given_up(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    body: ReplayRequest,
) -> Response:
    """Every notice of the period that was given up is begun anew, under its own `webhook-id`."""
    body.require_order()
    wanted = ReplayNotices(merchant_id=merchant.merchant_id, since=body.since, until=body.until)

    async def act() -> Answer:
        await parts.webhooks.signing(merchant_id=merchant.merchant_id, at=parts.clock())
        count = await parts.webhooks.given_up(
            merchant_id=merchant.merchant_id, since=body.since, until=body.until
        )
        run = derived_id(prefix="rpl", parts=(merchant.merchant_id, key))
        await _started(
            lambda: parts.temporal.start_workflow(
                NoticeReplayWorkflow.run,
                wanted,
                id=f"replays-{run}",
                task_queue=WORKFLOW_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                priority=of_merchant(merchant.merchant_id),
                static_summary="Given-up notices to the merchant, again",
            )
        )
        return Answer(status=200, body=ReplayBegun(notices=count))

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


@router.get(
    "/v1/plans/{plan_id}/notices",
    summary="Fetch a plan's notices",
    responses=openapi_responses(404, 422, 503),
)
async def of_plan(
    parts: Parts,
    merchant: Authenticated,
    plan_id: PlanId,
    after: Annotated[int, Query(ge=0, description="The number of the last one you know.")] = 0,
    limit: Annotated[int, Query(ge=1, le=_LIMIT_MAX)] = _LIMIT_MAX,
) -> PlanNoticesTold:
    """Everything that you were to be told of the plan after a number, whatever became of it: if
    you hear number 3 after number 1, ask for what is after 1."""  # noqa: D205, D209 - shown as one paragraph
    plan = await own_plan(parts, merchant, plan_id=plan_id)
    found = await parts.webhooks.of_plan(plan_id=plan.plan_id, after=after, limit=limit)
    return PlanNoticesTold(
        notices=[notice_told(each) for each in found.notices], newest=found.newest
    )


async def _tell_again(parts: ApiParts, notice: NoticeView) -> object:
    return await parts.temporal.start_workflow(
        MerchantNoticeWorkflow.run,
        DeliverNotice(
            notice_id=notice.notice_id,
            merchant_id=notice.merchant_id,
            plan_id=notice.plan_id,
            reference=notice.reference,
            kind=notice.kind,
            at=notice.at,
            sequence=notice.sequence,
            is_replay=True,
        ),
        id=notice_replay_workflow_id(notice_id=notice.notice_id),
        task_queue=WORKFLOW_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        priority=of_merchant(notice.merchant_id),
        static_summary=f"{notice.kind} to the merchant, again",
    )


async def _started(start: Callable[[], Awaitable[object]]) -> None:
    """Begin a process, or leave the one that this request has begun before.

    Raises:
        Unavailable: the Temporal server cannot be reached.
        Defect: it does not understand us.
    """
    try:
        await start()
    except WorkflowAlreadyStartedError:
        return
    except RPCError as error:
        raise of_rpc(error) from error


async def _own(
    parts: ApiParts, merchant: Merchant, *, notice_id: str
) -> tuple[NoticeView, tuple[TryView, ...]]:
    found = await parts.webhooks.find(merchant_id=merchant.merchant_id, notice_id=notice_id)
    if found is None:
        raise _unknown()
    return found


def _unknown() -> Problem:
    return Problem(
        status=404,
        code="notice_unknown",
        detail="notice: there is no such notice of yours",
        field="notice",
    )
