"""What providers tell us on their own: kept in the inbox first, then told to whom it concerns.

A callback is a hint, and may come twice, late or never; the workflow that waits for it asks the
provider as well. Nobody waiting for it is no error: the row stays in the inbox. Money of an order
of ours that does not count as paid is followed all the same.
"""

import hashlib
import hmac
import logging
import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from temporalio.client import WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from apps.checkout_api.bill_telling import tell_bill
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.plan_process import ProcessGone, of_rpc
from apps.checkout_api.problems import Problem
from db.bnpl.views import PlanView, plan_of_reference, plan_view
from db.payments.views.credit import awaits_money
from integrations.mpesa.pay_bill import parse_pay_bill
from integrations.mpesa.wire import MpesaResult, ResultPurpose, parse_result, parse_stk_callback
from integrations.telebirr.wire import TelebirrNotify, parse_notify
from meqenet.bnpl.states import PlanState
from meqenet.errors import Defect, Mender, Refusal
from meqenet.identity import installment_of, payday_on_the_wire, wire_id
from meqenet.payments.rail import PaymentAnswer, RailStatus, RefundAnswer
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.collection import InstallmentCollectionWorkflow
from workflows.late_money import LateMoney, LateMoneyWorkflow
from workflows.merchant_transfer import MerchantTransferWorkflow
from workflows.messages import (
    PaymentReported,
    RefundReported,
    collection_workflow_id,
    late_money_workflow_id,
    payout_workflow_id,
    refund_workflow_id,
)
from workflows.refund import RefundWorkflow

telebirr_router = APIRouter(prefix="/v1/callbacks", tags=["provider callbacks"])
_Handle = WorkflowHandle[Any, Any]
_log = logging.getLogger("meqenet.api.callbacks")
_TELEBIRR_TAKEN: Final[dict[str, object]] = {"code": 0, "msg": "success"}
"""Any body with 200 will do; this one is what others send (providers.md 1.10)."""
_MPESA_TAKEN: Final[dict[str, object]] = {"ResultCode": 0, "ResultDesc": "Accepted"}
"""As the sister system wants it (providers.md 2.4)."""
_MPESA_PAY_BILL_TAKEN: Final[dict[str, object]] = {"ResultCode": "0", "ResultDesc": "Accepted"}
_MPESA_NO_SUCH_ACCOUNT: Final[dict[str, object]] = {
    "ResultCode": "C2B00012",
    "ResultDesc": "Invalid account number",
}
"""Kenya's code; any but 0 rejects (providers.md 2.5)."""
_ATTEMPT_ON_THE_WIRE: Final = re.compile(r"pln([a-z2-7]{20})([ix][0-9]{2})(a[0-9]+)", re.ASCII)
_OF_PAYMENTS: Final = frozenset({ResultPurpose.PAYMENT_STATUS})
_OF_REFUNDS: Final = frozenset(
    {ResultPurpose.REVERSAL, ResultPurpose.REVERSAL_STATUS, ResultPurpose.B2C}
)
"""A customer is paid out what of a payment goes back in part."""


async def _body(request: Request) -> bytes:
    return await request.body()


async def _knows_our_secret(
    parts: Parts, secret: Annotated[str, Path(description="Only M-PESA and we know it.")]
) -> None:
    """M-PESA does not sign: who knows the address is M-PESA. For others there is nothing here."""
    ours = parts.mpesa_callback_secret.get_secret_value().encode()
    if not hmac.compare_digest(secret.encode(), ours):
        raise Problem(status=404, code="not_found", detail="there is nothing at this address")


_Body = Annotated[bytes, Depends(_body)]
_OrderId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,80}$", description="Our own id.")]


@telebirr_router.post("/telebirr", summary="Telebirr reports a payment")
async def telebirr(parts: Parts, body: _Body) -> dict[str, object]:
    """Signed with Ethio telecom's key; anything else is refused with 400."""
    try:
        notify = parse_notify(body=body, settings=parts.telebirr)
    except Refusal as refusal:
        raise _not_taken(refusal) from refusal
    order_id = notify.order_id or _attempt_of(notify)
    await _keep(parts, provider="telebirr", kind="notify", order_id=order_id, body=body)
    if order_id is not None:
        await _report_payment(parts, notify.answer_for(order_id=order_id))
    return _TELEBIRR_TAKEN


mpesa_router = APIRouter(
    prefix="/v1/callbacks/mpesa/{secret}",
    tags=["provider callbacks"],
    dependencies=[Depends(_knows_our_secret)],
)


@mpesa_router.post("/stk/{order_id}", summary="M-PESA reports a push")
async def mpesa_stk(parts: Parts, order_id: _OrderId, body: _Body) -> dict[str, object]:
    """The end of an STK push, in either envelope. Unsigned: whoever waits asks M-PESA about it."""
    await _keep(parts, provider="mpesa", kind="stk", order_id=order_id, body=body)
    try:
        answer = parse_stk_callback(order_id=order_id, body=body)
    except Refusal as refusal:
        raise _not_taken(refusal) from refusal
    await _report_payment(parts, answer, is_hint=True)
    return _MPESA_TAKEN


@mpesa_router.post(
    "/result/{purpose}/{order_id}",
    summary="M-PESA answers a request",
)
async def mpesa_result(
    parts: Parts, purpose: ResultPurpose, order_id: _OrderId, body: _Body
) -> dict[str, object]:
    """The Result of a status query, a reversal or a payout."""
    await _keep(parts, provider="mpesa", kind=f"result/{purpose}", order_id=order_id, body=body)
    try:
        result = parse_result(body=body)
        await _report_result(parts, result, purpose=purpose, order_id=order_id)
    except Refusal as refusal:
        raise _not_taken(refusal) from refusal
    except Defect as defect:
        # The question failed and says nothing of the money; whoever waits asks again.
        _log.warning("result/%s of %s says nothing: %s", purpose, order_id, defect.code)
    return _MPESA_TAKEN


@mpesa_router.post(
    "/timeout/{purpose}/{order_id}",
    summary="M-PESA gives a request up",
)
async def mpesa_timeout(
    parts: Parts, purpose: ResultPurpose, order_id: _OrderId, body: _Body
) -> dict[str, object]:
    """It waited too long in the queue. That says nothing of the money: it is kept, no more."""
    # The order is in the kind too: such a body need not say whose it is, and is kept per order.
    kind = f"timeout/{purpose}/{order_id}"
    await _keep(parts, provider="mpesa", kind=kind, order_id=order_id, body=body)
    return _MPESA_TAKEN


@mpesa_router.post("/pay-bill/validation", summary="M-PESA asks whether to take a pay-bill")
async def mpesa_pay_bill_validation(parts: Parts, body: _Body) -> dict[str, object]:
    """A customer is about to pay to our short code: yes, if the reference is a plan in force."""
    try:
        bill = parse_pay_bill(body=body)
    except Refusal as refusal:
        raise _not_taken(refusal) from refusal
    async with parts.stores["bnpl"].read() as session:
        plan_id = await plan_of_reference(session=session, reference=bill.reference)
        plan = None if plan_id is None else await plan_view(session=session, plan_id=plan_id)
    if plan is None or not _takes_bills(plan):
        _log.info("a pay-bill was turned away: its reference is no plan that takes it")
        return _MPESA_NO_SUCH_ACCOUNT
    return {**_MPESA_PAY_BILL_TAKEN, "ThirdPartyTransID": plan.plan_id}


@mpesa_router.post("/pay-bill/confirmation", summary="M-PESA reports a pay-bill")
async def mpesa_pay_bill(parts: Parts, body: _Body) -> dict[str, object]:
    """A customer has paid to our short code. Unsigned: the plan asks M-PESA about its receipt."""
    try:
        bill = parse_pay_bill(body=body)
    except Refusal as refusal:
        raise _not_taken(refusal) from refusal
    async with parts.stores["bnpl"].read() as session:
        plan_id = await plan_of_reference(session=session, reference=bill.reference)
        plan = None if plan_id is None else await plan_view(session=session, plan_id=plan_id)
    # Of no plan it is kept all the same; the statement's line of it stays open for a person.
    kind = f"pay-bill/{bill.receipt}"
    await _keep(parts, provider="mpesa", kind=kind, order_id=plan_id, body=body)
    await parts.inbox.keep_bill(
        receipt=bill.receipt,
        plan_id=plan_id,
        amount=bill.amount,
        payer=bill.payer,
        at=parts.clock(),
    )
    if plan is None:
        _log.warning("a pay-bill names no plan of ours: the statement's line of it waits for staff")
        return _MPESA_PAY_BILL_TAKEN
    await tell_bill(parts, plan, receipt=bill.receipt, amount=bill.amount)
    return _MPESA_PAY_BILL_TAKEN


def _takes_bills(plan: PlanView) -> bool:
    """Whether money that comes unasked pays something of it."""
    in_force = plan.state in (PlanState.ACTIVE, PlanState.PAST_DUE)
    return in_force and plan.charged_off_on is None


async def _keep(
    parts: ApiParts, *, provider: str, kind: str, order_id: str | None, body: bytes
) -> None:
    await parts.inbox.keep(
        provider=provider,
        kind=kind,
        order_id=order_id,
        body_digest=hashlib.sha256(body).digest(),
        body=body,
        verified=True,
        at=parts.clock(),
    )


def _attempt_of(notify: TelebirrNotify) -> str | None:
    """Our attempt id behind the order's spelling on the wire, where Telebirr does not echo it."""
    found = _ATTEMPT_ON_THE_WIRE.fullmatch(notify.merch_order_id)
    if found is None:
        return None
    attempt_id = f"pln_{found[1]}-{found[2]}-{found[3]}"
    return attempt_id if wire_id(meqenet_id=attempt_id) == notify.merch_order_id else None


async def _report_result(
    parts: ApiParts, result: MpesaResult, *, purpose: ResultPurpose, order_id: str
) -> None:
    if purpose in _OF_PAYMENTS:
        await _report_payment(parts, result.payment_answer(order_id=order_id, purpose=purpose))
    elif purpose in _OF_REFUNDS:
        answer = result.refund_answer(refund_id=order_id, purpose=purpose)
        if payday_on_the_wire(reference=wire_id(meqenet_id=order_id)) is not None:
            await _report_payout(parts, answer)
        else:
            await _report_refund(parts, answer)


async def _report_payment(parts: ApiParts, answer: PaymentAnswer, *, is_hint: bool = False) -> None:
    try:
        installment_id = installment_of(attempt_id=answer.order_id)
    except ValueError:
        _log.warning("a callback names an order that is none of ours")
        return
    handle: _Handle = parts.temporal.get_workflow_handle(
        collection_workflow_id(installment_id=installment_id)
    )
    try:
        await handle.signal(
            InstallmentCollectionWorkflow.payment_reported,
            PaymentReported(answer=answer, is_hint=is_hint),
        )
    except RPCError as error:
        _unclaimed(error, order_id=answer.order_id)
        await _follow_money(parts, answer, is_hint=is_hint)


async def _follow_money(parts: ApiParts, answer: PaymentAnswer, *, is_hint: bool) -> None:
    """No collection waits for this payment. If it is news, it is not lost: a run takes it on."""
    if answer.status is not RailStatus.SUCCEEDED:
        return
    async with parts.stores["payments"].write() as session:
        if not await awaits_money(session=session, attempt_id=answer.order_id):
            return
    money = LateMoney(attempt_id=answer.order_id, answer=answer, is_hint=is_hint)
    try:
        await parts.temporal.start_workflow(
            LateMoneyWorkflow.run,
            money,
            start_signal="told",
            start_signal_args=[money],
            id=late_money_workflow_id(attempt_id=answer.order_id),
            task_queue=WORKFLOW_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="Money that nobody waited for",
        )
    except RPCError as error:
        raise of_rpc(error) from error


async def _report_refund(parts: ApiParts, answer: RefundAnswer) -> None:
    handle: _Handle = parts.temporal.get_workflow_handle(
        refund_workflow_id(refund_id=answer.refund_id)
    )
    try:
        await handle.signal(RefundWorkflow.refund_reported, RefundReported(answer=answer))
    except RPCError as error:
        _unclaimed(error, order_id=answer.refund_id)


async def _report_payout(parts: ApiParts, answer: RefundAnswer) -> None:
    """What M-PESA says of a merchant's payout."""
    handle: _Handle = parts.temporal.get_workflow_handle(
        payout_workflow_id(payout_id=answer.refund_id)
    )
    try:
        await handle.signal(MerchantTransferWorkflow.refund_reported, RefundReported(answer=answer))
    except RPCError as error:
        _unclaimed(error, order_id=answer.refund_id)


def _unclaimed(error: RPCError, *, order_id: str) -> None:
    """Nobody waits for it any more, or yet. Any other failure is answered, so that it is resent."""
    meaning = of_rpc(error)
    if not isinstance(meaning, ProcessGone):
        raise meaning from error
    _log.info("nobody waits for the callback of %s", order_id)


def _not_taken(refusal: Refusal) -> Problem:
    _log.warning("callback refused: %s", refusal.code)
    return Problem(
        status=400,
        code=refusal.code,
        detail=refusal.text,
        mender=Mender.NOBODY,
        field=refusal.field,
    )
