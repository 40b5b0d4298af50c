"""The browser comes back from Fayda: the plan is told, and the shopper goes back to the shop."""

import hashlib
import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from temporalio.client import WorkflowHandle, WorkflowQueryFailedError

from apps.checkout_api.identity_pages import (
    DONE,
    NOT_AWAITED,
    NOT_CONFIRMED,
    NOT_OURS,
    NOT_THE_NEWEST,
    SEE_THE_SHOP,
    STILL_WORKING,
    TRY_AGAIN,
    Said,
    page,
)
from apps.checkout_api.parts import Parts
from apps.checkout_api.plan_process import ProcessGone, StillWorking, asked
from apps.checkout_api.problems import Problem
from apps.checkout_api.wire import PLAN_ID
from meqenet.bnpl.states import PlanState
from meqenet.errors import Unavailable
from workflows.messages import ReturnFromIdentity, plan_workflow_id
from workflows.plan import PaymentPlanWorkflow
from workflows.plan_life import PlanOutcome

router = APIRouter(prefix="/v1/identity", tags=["identity"])
_QUERY_SECONDS_MAX: Final = 5
_SAID_BY_CODE: Final = {
    "login_not_awaited": NOT_AWAITED,
    "identity_state_mismatch": NOT_THE_NEWEST,
}
_SAID_BY_STATE: Final[dict[str, Said]] = {
    PlanState.IDENTITY_REQUIRED: NOT_CONFIRMED,
    PlanState.DECLINED: SEE_THE_SHOP,
}
_Given = Annotated[str | None, Query(max_length=1000)]
_Plan = WorkflowHandle[PaymentPlanWorkflow, PlanOutcome]


@router.get(
    "/fayda/return",
    summary="A browser comes back from Fayda",
    response_class=Response,
    responses={
        303: {"description": "To the merchant's `return_url`, with `plan=<id>` added"},
        200: {"description": "A page for the shopper, where the merchant named no address"},
    },
)
async def fayda_return(
    parts: Parts, state: _Given = None, code: _Given = None, error: _Given = None
) -> Response:
    """For browsers only. ``state`` is ``<plan id>.<random>`` as the login was opened with."""
    plan_id = (state or "").partition(".")[0]
    if state is None or not re.fullmatch(PLAN_ID, plan_id) or (code is None and error is None):
        return page(NOT_OURS, status=400)
    handle: WorkflowHandle[Any, Any] = parts.temporal.get_workflow_handle(
        plan_workflow_id(plan_id=plan_id)
    )
    returned = ReturnFromIdentity(state=state, code=code, error=error)
    try:
        answer = await asked(
            lambda: handle.execute_update(
                PaymentPlanWorkflow.return_from_identity, returned, id=_update_id(returned)
            ),
            wait_seconds_max=parts.answer_seconds_max,
        )
        done = page(_SAID_BY_STATE.get(answer.state, DONE), status=200)
    except StillWorking:
        done = page(STILL_WORKING, status=202)
    except ProcessGone:
        return page(NOT_AWAITED, status=409)
    except Unavailable:
        return page(TRY_AGAIN, status=503)
    except Problem as problem:
        return page(_said(problem), status=409)
    return await _back_to_the_shop(handle, plan_id=plan_id, otherwise=done)


def _update_id(returned: ReturnFromIdentity) -> str:
    """A reloaded page asks for the answer that the first one gets. Update ids are not encrypted."""
    text = "\x1f".join((returned.state, returned.code or "", returned.error or ""))
    return f"return-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _said(problem: Problem) -> Said:
    return _SAID_BY_CODE.get(problem.code, NOT_AWAITED)


async def _back_to_the_shop(handle: _Plan, *, plan_id: str, otherwise: Response) -> Response:
    try:
        url = await asked(
            lambda: handle.query(PaymentPlanWorkflow.return_url),
            wait_seconds_max=_QUERY_SECONDS_MAX,
        )
    except (StillWorking, ProcessGone, Unavailable, WorkflowQueryFailedError):
        # The shopper's deed is done and told; the shop's own page shows how the plan stands.
        return otherwise
    if url is None:
        return otherwise
    return RedirectResponse(_with_plan(url, plan_id=plan_id), status_code=303)


def _with_plan(url: str, *, plan_id: str) -> str:
    """The shop's own query stays as it is, letter by letter."""
    joint = "?" if "?" not in url else "" if url.endswith(("?", "&")) else "&"
    return f"{url}{joint}plan={plan_id}"
