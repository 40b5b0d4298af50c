"""Payments that were not what they had seemed: reversed, back-dated, repeated; seen, then done."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ConfigDict, Field

from apps.checkout_api.amounts import Birr, Day, day_of
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import Parts
from apps.checkout_api.plan_after_end import updated_after_end
from apps.checkout_api.plan_process import (
    ProcessGone,
    StillWorking,
    asked,
    handle_of,
    refused_outlook,
    status_of,
)
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.support_plans import closed, found_plan, have_done, told_plan
from apps.checkout_api.support_resource import SupportPlan
from apps.checkout_api.told import Told
from apps.checkout_api.wire import PlanId, Sent, Why
from meqenet.auth.roles import Deed
from meqenet.bnpl.replay_events import (
    CountedPayment,
    InstallmentStood,
    PaymentsReplayed,
    ReplayCause,
    ReplayedInstallment,
)
from meqenet.bnpl.states import PlanState
from meqenet.errors import Unavailable
from meqenet.identity import derived_id
from meqenet.money import Money, total
from workflows.plan import PaymentPlanWorkflow
from workflows.refund_after_end import RefundAfterEndWorkflow
from workflows.replay_messages import ReplayOutlook, ReplayPayment, ReplayRequest

_ATTEMPT = r"^[ix][0-9]{2}-a[0-9]{1,4}$"
router = APIRouter(
    prefix="/v1/support/plans/{plan_id}/payments/{attempt}/replay",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503, 400, 409, 422),
)
_Replayer = Annotated[Staff, Depends(staff_who(Deed.REPLAY_PAYMENT))]
_Attempt = Annotated[str, Path(pattern=_ATTEMPT, description="As the plan's attempts name it.")]


class ReplayBody(Sent):
    """What the payment had not been. Days are dates in Addis Ababa, by the plan's clock."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"cause": "backdated", "value_date": "2027-01-18"}]}
    )

    cause: ReplayCause
    value_date: date | None = None
    """Of one that is back-dated: when its money had moved."""
    repeats: Annotated[str | None, Field(pattern=_ATTEMPT)] = None
    """Of a repetition: the payment that had brought the same before."""

    def asked(self, *, plan_id: str, attempt: str) -> ReplayRequest:
        """As the plan's process is asked."""
        return ReplayRequest(
            cause=self.cause,
            attempt_id=f"{plan_id}-{attempt}",
            value_date=self.value_date,
            repeats=None if self.repeats is None else f"{plan_id}-{self.repeats}",
        )


class ReplayDeed(ReplayBody):
    """The same, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"cause": "reversed", "why": "the provider has taken it back"}]
        }
    )

    why: Why
    """Kept in the plan's log and in the books for ever: no names, phones or identity numbers."""


class StoodRow(Told):
    """What an installment asks for, and what of that is paid."""

    principal: Birr
    interest: Birr
    late_fee: Birr
    paid: Birr
    left: Birr


class ReplayedRow(Told):
    """An installment before the replay and after it."""

    number: int
    due_on: Day
    before: StoodRow
    after: StoodRow
    state: str
    """Where it would be."""


class PaysRow(Told):
    """What of an installment a payment pays."""

    number: int
    principal: Birr
    interest: Birr
    late_fee: Birr


class PaymentRow(Told):
    """A payment as it would count."""

    attempt: str
    on: Day
    """The day as of which it pays."""
    amount: Birr
    pays: list[PaysRow]
    credit: Birr
    """What of it pays nothing: the customer's credit."""
    pays_otherwise: bool
    """It pays otherwise than before: its posting is taken back and posted anew."""


class BookRow(Told):
    """An account of the books that would change: one of the two is nothing."""

    account: str
    debit: Birr
    credit: Birr


class ReplayPreview(Told):
    """What a replay would do now. Having it does exactly that."""

    on: Day
    """The day in Addis Ababa, by the plan's clock."""
    attempt: str
    cause: ReplayCause
    amount: Birr
    """All of the payment's money."""
    installments: list[ReplayedRow]
    payments: list[PaymentRow]
    """All payments that would count, in the order in which they would pay."""
    principal_more: str
    """By how much more principal is owed; with a minus, by how much less."""
    interest_more: str
    """The same of the interest that is asked for."""
    late_fees_more: str
    """The same of late fees, paid or not."""
    credit_more: str
    """By how much more is the customer's credit."""
    days_past_due_before: int
    days_past_due_after: int
    books: list[BookRow]


@router.post("/preview", summary="What replaying a payment would do")
async def preview(
    parts: Parts, staff: _Replayer, plan_id: PlanId, attempt: _Attempt, body: ReplayBody
) -> ReplayPreview:
    """Each installment before and after, what each payment would pay, and the accounts that would
    change. Refused as the replay itself would be. Nothing is stored."""  # noqa: D205, D209 - shown as one paragraph
    del staff  # the dependency has judged the role
    plan = await found_plan(parts, plan_id=plan_id)
    handle = handle_of(parts, plan_id=plan_id)
    request = body.asked(plan_id=plan_id, attempt=attempt)

    async def look() -> ReplayOutlook:
        if plan.state is not PlanState.COMPLETED:
            return await handle.execute_update(PaymentPlanWorkflow.replay_preview, request)
        return await updated_after_end(
            parts, plan_id=plan_id, update=RefundAfterEndWorkflow.replay_preview, asking=request
        )

    try:
        found = await asked(look, wait_seconds_max=parts.answer_seconds_max)
    except StillWorking:
        raise Unavailable("plan_process_busy", "the plan has not answered; ask again") from None
    except ProcessGone:
        raise closed(plan) from None
    if found.told is None:
        text = "the payment is not replayed"
        raise refused_outlook(found, code="replay_refused", text=text)
    return _told(found, found.told, plan_id=plan_id)


@router.post("", summary="Replay a payment", response_model=SupportPlan)
async def replay(
    request: Request,
    parts: Parts,
    staff: _Replayer,
    key: IdempotencyKey,
    plan_id: PlanId,
    attempt: _Attempt,
    body: ReplayDeed,
) -> Response:
    """The payment is taken out, or moved to its day, and what came after it pays anew in the order
    of value dates. Nothing is deleted. Refused while an attempt or a payment is under way."""  # noqa: D205, D209 - shown as one paragraph
    deed = ReplayPayment(
        request=body.asked(plan_id=plan_id, attempt=attempt), who=staff.staff_id, why=body.why
    )

    async def act_after_end() -> Answer:
        update_id = derived_id(prefix="replay_payment", parts=(staff.staff_id, key))
        text = "the replay's process ended before it answered; look again, then ask again"
        status = await status_of(
            lambda: updated_after_end(
                parts,
                plan_id=plan_id,
                update=RefundAfterEndWorkflow.replay_payment,
                asking=deed,
                update_id=update_id,
            ),
            gone=Unavailable("replay_process_missing", text),
            wait_seconds_max=parts.answer_seconds_max,
        )
        now = await found_plan(parts, plan_id=plan_id)
        return Answer(status=status, body=await told_plan(parts, now))

    plan = await found_plan(parts, plan_id=plan_id)
    if plan.state is PlanState.COMPLETED:
        return await once(request=request, parts=parts, asker=staff, key=key, act=act_after_end)
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)


def _told(found: ReplayOutlook, told: PaymentsReplayed, *, plan_id: str) -> ReplayPreview:
    due = {row.number: row.due_on for row in told.installments}
    credit = (each for each in found.books if each.account.startswith("customer_credit:"))
    return ReplayPreview(
        on=day_of(found.on),
        attempt=told.attempt_id.removeprefix(f"{plan_id}-"),
        cause=told.cause,
        amount=told.amount,
        installments=[_row(row, due_on=due[row.number]) for row in told.rows],
        payments=[_payment(each, plan_id=plan_id) for each in told.payments],
        principal_more=str(told.principal_owed_more),
        interest_more=str(told.interest_more),
        late_fees_more=str(told.late_fees_more),
        credit_more=str(-total(each.change for each in credit)),
        days_past_due_before=found.days_past_due_before,
        days_past_due_after=found.days_past_due_after,
        books=[
            BookRow(
                account=each.account,
                debit=max(each.change, Money.zero()),
                credit=max(-each.change, Money.zero()),
            )
            for each in found.books
        ],
    )


def _row(row: ReplayedInstallment, *, due_on: date) -> ReplayedRow:
    return ReplayedRow(
        number=row.number,
        due_on=day_of(due_on),
        before=_stood(row.before),
        after=_stood(row.after),
        state=row.state,
    )


def _stood(stood: InstallmentStood) -> StoodRow:
    return StoodRow(
        principal=stood.principal,
        interest=stood.interest,
        late_fee=stood.late_fee,
        paid=stood.paid,
        left=stood.left,
    )


def _payment(payment: CountedPayment, *, plan_id: str) -> PaymentRow:
    return PaymentRow(
        attempt=payment.attempt_id.removeprefix(f"{plan_id}-"),
        on=day_of(payment.on),
        amount=payment.amount,
        pays=[
            PaysRow(
                number=share.number,
                principal=share.principal,
                interest=share.interest,
                late_fee=share.late_fee,
            )
            for share in (*payment.from_credit, *payment.shares)
        ],
        credit=payment.credit,
        pays_otherwise=payment.is_posted_anew,
    )
