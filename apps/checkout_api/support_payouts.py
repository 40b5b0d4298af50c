"""Rejected payouts: staff see them, and let a merchant be paid again."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict
from pydantic.config import JsonDict
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.payout_resource import PAYOUT_SHOWN, PayoutTold, payout_told
from apps.checkout_api.payouts import PayoutId, unknown_payout
from apps.checkout_api.plan_process import of_rpc
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.support_plans import Reasoned
from apps.checkout_api.told import Told
from db.settlement.views.merchants import MerchantPayoutView, merchant_payout, merchant_payouts
from meqenet.auth.roles import Deed
from meqenet.settlement.payouts import PayoutState
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.merchant_settlement import MerchantSettlementWorkflow
from workflows.payday_messages import CloseMerchantDay, RetryPayout, settlement_workflow_id

router = APIRouter(
    prefix="/v1/support/payouts",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 503),
)
_Reader = Annotated[Staff, Depends(staff_who(Deed.READ_PLAN))]
_Retrier = Annotated[Staff, Depends(staff_who(Deed.RETRY_PAYOUT))]
_WRITES: Final = openapi_responses(400, 404, 409, 422)
_LIMIT: Final = 100
_SHOWN: Final[JsonDict] = {
    **PAYOUT_SHOWN,
    "state": "rejected",
    "bank_reference": None,
    "reason_code": "AC04",
    "merchant": "mer_abcdefghijklmnopqrst",
    "retried_by": None,
}


class SupportPayout(PayoutTold):
    """A payout as staff see it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})

    merchant: str
    retried_by: str | None
    """Of a rejected one: who has let the merchant be paid again."""


class SupportPayouts(Told):
    """The newest first, at most 100."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"as_of": "2026-11-24T08:00:00Z", "payouts": [_SHOWN]}]}
    )

    as_of: datetime
    payouts: list[SupportPayout]


@router.get("", summary="List payouts", responses=openapi_responses(422))
async def listed(
    parts: Parts,
    staff: _Reader,
    state: Annotated[PayoutState | None, Query(description="Only those that stand so.")] = None,
    merchant: Annotated[str | None, Query(description="Only of this merchant.")] = None,
) -> SupportPayouts:
    """Payouts of all merchants: `state=rejected` are those that may wait for somebody."""
    del staff  # the dependency has judged the role
    async with parts.stores["settlement"].read() as session:
        found = await merchant_payouts(
            session=session, merchant_id=merchant, state=state, limit=_LIMIT
        )
    return SupportPayouts(as_of=parts.clock(), payouts=[_told(each) for each in found])


@router.post(
    "/{payout_id}/retry",
    summary="Let a merchant be paid again",
    response_model=SupportPayout,
    responses=_WRITES,
)
async def retry(
    request: Request,
    parts: Parts,
    staff: _Retrier,
    key: IdempotencyKey,
    payout_id: PayoutId,
    body: Reasoned,
) -> Response:
    """Close the merchant's day again: all that waits goes to the account that is on file by now."""

    async def act() -> Answer:
        payout = await _found(parts, payout_id=payout_id)
        if payout.state is not PayoutState.REJECTED or payout.retried_by is not None:
            raise Problem(
                status=409,
                code="payout_not_refused",
                detail="payout: only a rejected payout that nobody has sent again is sent again",
                field="payout",
            )
        await _close(
            parts, payout, retry=RetryPayout(payout_id=payout_id, who=staff.staff_id, why=body.why)
        )
        return Answer(status=202, body=_told(await _found(parts, payout_id=payout_id)))

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)


async def _close(parts: ApiParts, payout: MerchantPayoutView, *, retry: RetryPayout) -> None:
    try:
        await parts.temporal.start_workflow(
            MerchantSettlementWorkflow.run,
            CloseMerchantDay(
                merchant_id=payout.merchant_id,
                test_clock_id=payout.test_clock_id,
                at=None if payout.test_clock_id is None else payout.finished_at,
                retry=retry,
            ),
            id=settlement_workflow_id(
                merchant_id=payout.merchant_id, test_clock_id=payout.test_clock_id
            ),
            task_queue=WORKFLOW_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            static_summary="Pay the merchant again",
        )
    except WorkflowAlreadyStartedError as error:
        raise Problem(
            status=409,
            code="merchant_being_paid",
            detail="payout: the merchant's day is being closed; look again in a moment",
            field="payout",
        ) from error
    except RPCError as error:
        raise of_rpc(error) from error


async def _found(parts: ApiParts, *, payout_id: str) -> MerchantPayoutView:
    async with parts.stores["settlement"].read() as session:
        found = await merchant_payout(session=session, payout_id=payout_id)
    if found is None:
        raise unknown_payout()
    return found


def _told(payout: MerchantPayoutView) -> SupportPayout:
    return SupportPayout(
        **payout_told(payout).model_dump(),
        merchant=payout.merchant_id,
        retried_by=payout.retried_by,
    )
