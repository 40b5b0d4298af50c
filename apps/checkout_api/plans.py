"""Plans: apply, read, accept, cancel. The workflow decides; answers are read from the store."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from fastapi import APIRouter, Request, Response

from apps.checkout_api.applying import application_of, bind_clock, start_plan
from apps.checkout_api.authentication import Authenticated, Merchant
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.own_writes import written_headers
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.plan_process import (
    PlanHandle,
    ProcessGone,
    StillWorking,
    asked,
    handle_of,
    status_of,
)
from apps.checkout_api.plan_resource import PlanResource, resource_of
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.wire import AcceptRequest, CancelRequest, PlanId, PlanRequest
from db.bnpl.views import PlanView, plan_view
from db.payments.views.credit import CreditView, credits_of
from meqenet.bnpl.states import ALLOWED, PlanState
from meqenet.errors import Defect, Mender, Unavailable
from meqenet.identity import derived_id
from workflows.messages import Accept, Application, Cancel, PlanAnswer
from workflows.plan import PaymentPlanWorkflow

R = TypeVar("R")
router = APIRouter(
    prefix="/v1/plans",
    tags=["plans"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 503),
)
_UNSIGNED: Final = (
    PlanState.APPLIED,
    PlanState.IDENTITY_REQUIRED,
    PlanState.DECLINED,
    PlanState.OFFERED,
)
ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": PlanResource,
        "description": "Not decided within 25 seconds: the plan as it stands; read it again",
    }
}
"""What a write may answer before it is done."""


@router.post(
    "",
    summary="Apply for a plan",
    status_code=201,
    response_model=PlanResource,
    responses={
        200: {"model": PlanResource, "description": "The plan that this reference already has"},
        **ACCEPTED,
        **openapi_responses(400, 409, 422),
    },
)
async def apply(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    body: PlanRequest,
) -> Response:
    """Start a plan for an order; answers once the customer can go on, or with the refusal.

    One reference is one plan: the same application again gets the plan as it stands (200),
    another one under the same reference is refused (409 `reference_reused`).
    """
    application = application_of(body=body, merchant=merchant, parts=parts)
    return await once(
        request=request,
        parts=parts,
        asker=merchant,
        key=key,
        act=lambda: _apply(application, parts=parts),
    )


@router.get("/{plan_id}", summary="Read a plan", responses=openapi_responses(404))
async def read(
    parts: Parts, merchant: Authenticated, response: Response, plan_id: PlanId
) -> PlanResource:
    """Where it stands, what the customer has to do, and what happens next and when."""
    async with parts.bnpl.read() as session:
        plan = await plan_view(session=session, plan_id=plan_id, merchant_id=merchant.merchant_id)
    if plan is None:
        raise unknown_plan()
    response.headers.update(written_headers(parts=parts, plans=[plan]))
    return resource_of(plan, surpluses=await _credits(parts, plan))


@router.post(
    "/{plan_id}/accept",
    summary="Accept the offer",
    response_model=PlanResource,
    responses={**ACCEPTED, **openapi_responses(400, 404, 409, 422)},
)
async def accept(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: AcceptRequest,
) -> Response:
    """The customer signs; answers with what they have to do next, or with the active plan.

    After a failed payment at checkout the same request, under a new key, tries again.
    """
    accepted = Accept(agreement_version=body.agreement_version)

    async def act() -> Answer:
        return await written(
            lambda handle, update_id: handle.execute_update(
                PaymentPlanWorkflow.accept, accepted, id=update_id
            ),
            update_id=derived_id(prefix="accept", parts=(merchant.merchant_id, key)),
            plan=await own_plan(parts, merchant, plan_id=plan_id),
            parts=parts,
        )

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


@router.post(
    "/{plan_id}/cancel",
    summary="Cancel a plan that is not active yet",
    response_model=PlanResource,
    responses={**ACCEPTED, **openapi_responses(400, 404, 409, 422)},
)
async def cancel(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: CancelRequest,
) -> Response:
    """End it before activation; what was collected goes back to the wallet."""
    cancelled = Cancel(reason=body.reason)

    async def act() -> Answer:
        plan = await own_plan(parts, merchant, plan_id=plan_id)
        if plan.state is PlanState.CANCELLED:
            return await shown(plan, parts=parts)
        return await written(
            lambda handle, update_id: handle.execute_update(
                PaymentPlanWorkflow.cancel, cancelled, id=update_id
            ),
            update_id=derived_id(prefix="cancel", parts=(merchant.merchant_id, key)),
            plan=plan,
            parts=parts,
        )

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


async def _apply(application: Application, *, parts: ApiParts) -> Answer:
    stored = await _stored(application, parts=parts)
    if stored is not None and stored.state is not PlanState.APPLIED:
        return await shown(stored, parts=parts)
    if application.test_clock_id is not None:
        now = await bind_clock(
            application=application, clock_id=application.test_clock_id, parts=parts
        )
        application = replace(application, test_clock_now=now)
    status = 201
    try:
        await start_plan(application=application, parts=parts)
    except StillWorking:
        status = 202
    except ProcessGone:
        status = 200
    plan = await _stored(application, parts=parts)
    if plan is None and status == 202:  # noqa: PLR2004 - set above
        raise Unavailable("plan_not_ready", "the plan is not in our books yet")
    if plan is None:
        raise Defect("plan_missing", f"{application.plan_id} has a process and is in no book")
    return await shown(plan, status=status, parts=parts)


async def _stored(application: Application, *, parts: ApiParts) -> PlanView | None:
    """The plan that the reference already has.

    Raises:
        Problem: 409 ``reference_reused``: it was made by another application.
    """
    plan = await _fresh(parts, plan_id=application.plan_id, merchant_id=application.merchant_id)
    if plan is not None and plan.request_hash != application.request_hash:
        raise Problem(
            status=409,
            code="reference_reused",
            detail="reference: there is a plan with other content under it; take a new one",
            field="reference",
        )
    return plan


async def written(
    update: Callable[[PlanHandle, str], Awaitable[PlanAnswer]],
    *,
    update_id: str,
    plan: PlanView,
    parts: ApiParts,
) -> Answer:
    """Have the plan's workflow carry an update out; the same id is carried out once."""
    handle = handle_of(parts, plan_id=plan.plan_id)
    status = await status_of(
        lambda: update(handle, update_id),
        gone=closed_plan(plan),
        wait_seconds_max=parts.answer_seconds_max,
    )
    now = await _fresh(parts, plan_id=plan.plan_id, merchant_id=plan.merchant_id)
    return await shown(now or plan, status=status, parts=parts)


async def answered(ask: Callable[[], Awaitable[R]], *, plan: PlanView, parts: ApiParts) -> R:
    """What the plan's process answers, where nothing can be told without it.

    Raises:
        Problem: the process refused; 409 ``plan_closed``, ``plan_process_missing``.
        Unavailable: ``plan_not_ready``, it does not answer within the time; or the Temporal server
            cannot be reached.
    """
    try:
        return await asked(ask, wait_seconds_max=parts.answer_seconds_max)
    except ProcessGone:
        raise closed_plan(plan) from None
    except StillWorking:
        raise Unavailable("plan_not_ready", "the plan does not answer now") from None


async def shown(plan: PlanView, *, status: int = 200, parts: ApiParts) -> Answer:
    """The plan as it stands, as the answer to a write."""
    return Answer(
        status=status,
        body=resource_of(plan, surpluses=await _credits(parts, plan)),
        headers=written_headers(parts=parts, plans=[plan]),
    )


async def _credits(parts: ApiParts, plan: PlanView) -> tuple[CreditView, ...]:
    """What was paid too much. Before the customer has signed, nobody has been asked to pay."""
    if plan.state in _UNSIGNED:
        return ()
    async with parts.stores["payments"].read() as session:
        return await credits_of(session=session, plan_id=plan.plan_id)


async def own_plan(parts: ApiParts, merchant: Merchant, *, plan_id: str) -> PlanView:
    """A plan of the merchant's, as it was last written.

    Raises:
        Problem: 404 ``plan_unknown``.
    """
    plan = await _fresh(parts, plan_id=plan_id, merchant_id=merchant.merchant_id)
    if plan is None:
        raise unknown_plan()
    return plan


async def _fresh(parts: ApiParts, *, plan_id: str, merchant_id: str) -> PlanView | None:
    """Read where it is written, so that whoever has just changed a plan sees the change."""
    async with parts.bnpl.write() as session:
        return await plan_view(session=session, plan_id=plan_id, merchant_id=merchant_id)


def closed_plan(plan: PlanView) -> Problem:
    """Its process is over, or is not there."""
    if ALLOWED[plan.state]:
        return Problem(
            status=409,
            code="plan_process_missing",
            detail="the plan's process is not running; we have to start it again",
            mender=Mender.MEQENET,
        )
    return Problem(
        status=409,
        code="plan_closed",
        detail=f"a plan that is {plan.state} does not change any more",
        mender=Mender.NOBODY,
    )


def unknown_plan() -> Problem:
    """There is none, or it is another merchant's."""
    return Problem(status=404, code="plan_unknown", detail="there is no such plan of yours")
