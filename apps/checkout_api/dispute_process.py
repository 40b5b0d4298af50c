"""How the API reaches a dispute: opened by its plan's process, brought on by its own."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Path, Response
from temporalio.client import WorkflowHandle

from apps.checkout_api.dispute_resource import EvidenceTold, evidence_told
from apps.checkout_api.parts import ApiParts
from apps.checkout_api.plan_after_end import updated_after_end
from apps.checkout_api.plan_process import ProcessGone, StillWorking, asked, handle_of
from apps.checkout_api.plans import answered
from apps.checkout_api.problems import Problem
from apps.checkout_api.test_clocks import time_of_plan
from db.bnpl.views import PlanView
from db.disputes.views.disputes import DisputeView
from meqenet.bnpl.states import PlanState
from meqenet.disputes.dispute_ids import evidence_id, plan_and_number_of
from meqenet.disputes.dispute_states import DisputeKind, Move
from meqenet.disputes.evidence import ContentType, Side, content_type_of
from meqenet.disputes.signatures import require_signature
from meqenet.errors import Mender, Unavailable
from meqenet.identity import derived_id
from meqenet.money import Money
from workers.dispute_desk import DisputeFile
from workflows.dispute import DisputeWorkflow
from workflows.dispute_messages import (
    AddFile,
    AskMove,
    DisputeAnswer,
    DisputeOrder,
    dispute_workflow_id,
)
from workflows.plan import PaymentPlanWorkflow
from workflows.refund_after_end import RefundAfterEndWorkflow
from workflows.test_clock import TestClockWorkflow

Number = Annotated[int, Path(ge=1, le=999, description="Which dispute of the plan, from 1.")]
FileNumber = Annotated[int, Path(ge=1, le=999, description="Which file of the dispute, from 1.")]
_CONTENT: Final = {
    kind.value: {"schema": {"type": "string", "format": "binary"}} for kind in ContentType
}
UPLOAD: Final = {
    "requestBody": {
        "required": True,
        "description": "The file itself, up to 5 MiB. What it is, is told by its bytes.",
        "content": _CONTENT,
    }
}
"""What the document says of a request that is a file."""
DOWNLOAD: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file as it was brought in.", "content": _CONTENT}
}
"""The same of an answer."""
_ENDINGS: Final = {
    ContentType.PDF: "pdf",
    ContentType.JPEG: "jpg",
    ContentType.PNG: "png",
    ContentType.TEXT: "txt",
}
_Handle = WorkflowHandle[DisputeWorkflow, object]


async def opened(
    *, parts: ApiParts, plan: PlanView, kind: DisputeKind, amount: Money | None, by: str, key: str
) -> DisputeFile:
    """Open a dispute of a plan; the same key of the same asker is the same dispute.

    Raises:
        Problem: the plan's process, or the rules of disputes, said no.
        Unavailable: no answer within the time; the same request may be sent again.
    """
    order = DisputeOrder(
        opening_id=derived_id(prefix="opening", parts=(plan.plan_id, by, key)),
        kind=kind,
        by=by,
        amount=amount,
        clock_now=await _clock_now(parts, plan),
    )
    answer = await answered(lambda: _open(parts, plan, order), plan=plan, parts=parts)
    _, number = plan_and_number_of(dispute_id=answer.dispute_id)
    file = await found(parts, plan_id=plan.plan_id, number=number)
    handle = _run(parts, file.dispute)
    try:
        await asked(
            lambda: handle.execute_update(DisputeWorkflow.begun, id=f"{order.opening_id}-begun"),
            wait_seconds_max=parts.answer_seconds_max,
        )
    except (ProcessGone, StillWorking):
        # It is open, and waits: whoever reads it later sees that the merchant was asked.
        return file
    return await found(parts, plan_id=plan.plan_id, number=number)


async def found(parts: ApiParts, *, plan_id: str, number: int) -> DisputeFile:
    """A dispute of a plan that the asker may see.

    Raises:
        Problem: 404 ``dispute_unknown``.
    """
    file = await parts.disputes.file(plan_id=plan_id, number=number)
    if file is None:
        raise Problem(
            status=404,
            code="dispute_unknown",
            detail="number: the plan has no such dispute",
            mender=Mender.MERCHANT,
        )
    return file


async def moved(
    *, parts: ApiParts, file: DisputeFile, move: Move, by: str, why: str, key: str
) -> DisputeFile:
    """Bring a dispute on; the same key of the same asker is done once.

    Raises:
        Problem: the rules said no; 409 ``dispute_closed``, ``dispute_process_missing``.
        Refusal: ``reason_missing``; ``reason_private``.
        Unavailable: no answer within the time; the same request may be sent again.
    """
    require_signature(who=by, why=why)
    dispute = file.dispute
    move_id = derived_id(prefix="move", parts=(dispute.dispute_id, by, key))
    asking = AskMove(move_id=move_id, move=move, by=by, why=why)
    return await _after(
        parts,
        dispute,
        lambda run: run.execute_update(DisputeWorkflow.act, asking, id=move_id),
        is_done=lambda now: any(each.move_id == move_id for each in now.moves),
    )


async def file_added(
    *, parts: ApiParts, file: DisputeFile, content: bytes, side: Side, by: str
) -> EvidenceTold:
    """Bring a file in, and make it evidence of a side; the same file again is the same evidence.

    Raises:
        Problem: the rules said no; 409 ``dispute_closed``, ``dispute_process_missing``.
        Refusal: what is no evidence, or too much of it.
        Unavailable: no answer within the time; the same request may be sent again.
    """
    content_type_of(content=content)
    dispute = file.dispute
    brought = await parts.disputes.bring(
        dispute_id=dispute.dispute_id, content=content, by=by, at=parts.clock()
    )
    asking = AddFile(evidence_id=brought, side=side)
    now = await _after(
        parts, dispute, lambda run: run.execute_update(DisputeWorkflow.add_evidence, asking)
    )
    numbers = {
        evidence_id(dispute_id=dispute.dispute_id, number=each.number): each
        for each in evidence_told(now)
    }
    return numbers[brought]


async def file_read(
    parts: ApiParts, file: DisputeFile, *, number: int, only: Side | None = None
) -> Response:
    """A file's bytes, as a download.

    Args:
        parts: the API's parts.
        file: the dispute.
        number: which of its files.
        only: the side whose files the asker may see; None: both.

    Raises:
        Problem: 404 ``evidence_unknown``; 403 ``evidence_of_other_side``.
    """
    known = next((each for each in evidence_told(file) if each.number == number), None)
    if known is None:
        raise Problem(
            status=404,
            code="evidence_unknown",
            detail="file: the dispute has no such evidence",
            mender=Mender.MERCHANT,
        )
    if only not in (None, known.side):
        raise Problem(
            status=403,
            code="evidence_of_other_side",
            detail=f"file: it is evidence of the {known.side}, which staff alone may read",
            mender=Mender.NOBODY,
        )
    file_id = evidence_id(dispute_id=file.dispute.dispute_id, number=number)
    name = f"{file_id}.{_ENDINGS[known.content_type]}"
    return Response(
        await parts.disputes.content(evidence_id=file_id),
        media_type=known.content_type.value,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


async def _clock_now(parts: ApiParts, plan: PlanView) -> datetime | None:
    """The time of a test clock that a plan which has ended does not live by any more."""
    if plan.test_clock_id is None or plan.state is not PlanState.COMPLETED:
        return None
    return await time_of_plan(
        parts=parts,
        clock_id=plan.test_clock_id,
        ask=lambda clock: clock.query(TestClockWorkflow.view),
    )


async def _open(parts: ApiParts, plan: PlanView, order: DisputeOrder) -> DisputeAnswer:
    if plan.state is not PlanState.COMPLETED:
        return await handle_of(parts, plan_id=plan.plan_id).execute_update(
            PaymentPlanWorkflow.dispute_order, order, id=order.opening_id
        )
    return await updated_after_end(
        parts,
        plan_id=plan.plan_id,
        update=RefundAfterEndWorkflow.dispute_order,
        asking=order,
        update_id=order.opening_id,
        summary=f"A dispute of {plan.plan_id} after its end",
    )


async def _after(
    parts: ApiParts,
    dispute: DisputeView,
    ask: Callable[[_Handle], Awaitable[object]],
    *,
    is_done: Callable[[DisputeFile], bool] = lambda _now: False,
) -> DisputeFile:
    """The dispute after its run has done what is asked; ``is_done``: or had, before it ended."""
    run, is_over = _run(parts, dispute), False
    try:
        await asked(lambda: ask(run), wait_seconds_max=parts.answer_seconds_max)
    except StillWorking:
        raise Unavailable("dispute_not_ready", "the dispute does not answer now") from None
    except ProcessGone:
        is_over = True
    now = await found(parts, plan_id=dispute.plan_id, number=dispute.number)
    if is_over and not is_done(now):
        raise _over(now.dispute)
    return now


def _run(parts: ApiParts, dispute: DisputeView) -> _Handle:
    return parts.temporal.get_workflow_handle(dispute_workflow_id(dispute_id=dispute.dispute_id))


def _over(dispute: DisputeView) -> Problem:
    if dispute.outcome is not None:
        return Problem(
            status=409,
            code="dispute_closed",
            detail=f"the dispute is over ({dispute.outcome}): it does not change any more",
            mender=Mender.NOBODY,
        )
    return Problem(
        status=409,
        code="dispute_process_missing",
        detail="the dispute's process is not running; we have to start it again",
        mender=Mender.MEQENET,
    )
