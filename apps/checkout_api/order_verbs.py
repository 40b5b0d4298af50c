"""What a merchant's captures, voids and refunds of an order share."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, TypedDict

from pydantic import Field

from apps.checkout_api.amounts import Birr, Day, day_of
from apps.checkout_api.idempotency import Answer
from apps.checkout_api.parts import ApiParts
from apps.checkout_api.plan_process import PlanHandle, refused_outlook
from apps.checkout_api.plans import closed_plan, shown, written
from apps.checkout_api.problems import Problem
from apps.checkout_api.told import Told
from db.bnpl.views import PlanView
from db.payments.views.cash_back import CashBackView
from meqenet.bnpl.order_money import CaptureMode
from meqenet.bnpl.refund_events import Gone, OrderCaptured
from meqenet.bnpl.states import ALLOWED, PlanState
from meqenet.money import Money
from workflows.messages import PlanAnswer
from workflows.order_capture_messages import CaptureOrder, VoidOrder
from workflows.order_refund_messages import RefundOutlook

DeedReference = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")]
"""The merchant's own number of a capture, a void or a refund."""


class RefundedInstallment(Told):
    """An installment after the refund."""

    number: int
    due_on: Day
    principal: Birr
    interest: Birr
    left: Birr
    """What of both is still to be paid."""


class MoneyBack(Told):
    """Money on its way back to the wallet that had paid it."""

    id: str
    amount: Birr
    state: str
    """`created`, `pending`, `unknown` (being asked about), `succeeded` or `failed`."""


class Outcome(TypedDict):
    """What previews of a refund and of a void have in common."""

    on: Day
    amount: Money
    owed_less: Money
    interest_saved: Money
    cash_back: Money
    installments: list[RefundedInstallment]


class Done(TypedDict):
    """What is told of a refund and of a void alike."""

    id: str
    reference: str
    on: Day
    amount: Money
    owed_less: Money
    interest_saved: Money
    cash_back: Money
    money: list[MoneyBack]


def may_be_looked_at(plan: PlanView, /) -> None:
    """Let only what may come of a deed be looked at; a process that is over still shows itself.

    Raises:
        Problem: 409 ``plan_closed``: the plan has ended, and nothing of it was ever, or will be,
            paid for.
    """
    if not ALLOWED[plan.state] and plan.state is not PlanState.COMPLETED:
        raise closed_plan(plan)


def may_be_asked(plan: PlanView, /) -> None:
    """Let a capture or a void through to the plan's process.

    Raises:
        Problem: 409 ``captured_automatically``, ``authorisation_expired`` or
            ``nothing_authorised``; of a plan that is completed, its process is over;
            ``plan_closed``, of one that has ended otherwise.
    """
    may_be_looked_at(plan)
    order = plan.order
    if order is None:
        return
    if plan.capture is CaptureMode.AUTOMATIC:
        raise Problem(
            status=409,
            code="captured_automatically",
            detail="all of it was captured when the plan became active; take goods back instead",
        )
    if ALLOWED[plan.state] or order.left:
        return
    if order.is_expired:
        raise Problem(
            status=409,
            code="authorisation_expired",
            detail="the time to capture the order is over",
        )
    raise Problem(
        status=409,
        code="nothing_authorised",
        detail="all of the order is captured or voided",
    )


async def asked_once(
    deed: CaptureOrder | VoidOrder,
    *,
    made: Iterable[OrderCaptured | Gone],
    update: Callable[[PlanHandle, str], Awaitable[PlanAnswer]],
    update_id: str,
    plan: PlanView,
    parts: ApiParts,
) -> Answer:
    """Have a capture or a void made, unless there is one under its reference.

    Args:
        deed: what is asked.
        made: those of the plan that there are.
        update: has the plan's process make it.
        update_id: under the same one it is made once.
        plan: the plan.
        parts: the API's parts.

    Raises:
        Problem: the order, or the plan's process, does not allow it.
    """
    if any(
        each.reference == deed.reference and deed.amount in (None, each.amount) for each in made
    ):
        return await shown(plan, parts=parts)
    may_be_asked(plan)
    return await written(update, update_id=update_id, plan=plan, parts=parts)


def outcome_of(found: RefundOutlook, /, *, code: str, text: str) -> tuple[Money, Outcome]:
    """What of the order's price is open to it, and what a refund or a void would do.

    Args:
        found: what the plan's process says.
        code: of the refusal, where that gives none.
        text: the same.

    Raises:
        Problem: it would be refused.
    """
    if (
        found.amount is None
        or found.refundable is None
        or found.owed_less is None
        or found.interest_saved is None
        or found.cash_back is None
    ):
        raise refused_outlook(found, code=code, text=text)
    return found.refundable, Outcome(
        on=day_of(found.on),
        amount=found.amount,
        owed_less=found.owed_less,
        interest_saved=found.interest_saved,
        cash_back=found.cash_back,
        installments=[
            RefundedInstallment(
                number=row.number,
                due_on=day_of(row.due_on),
                principal=row.principal,
                interest=row.interest,
                left=row.left,
            )
            for row in found.after
        ],
    )


def done(made: Gone, /, *, own_id: str, money: Iterable[CashBackView]) -> Done:
    """A refund or a void that was made, and where its money is.

    Args:
        made: what the plan's log tells.
        own_id: its id.
        money: what of the plan goes back.
    """
    return Done(
        id=own_id,
        reference=made.reference,
        on=day_of(made.on),
        amount=made.amount,
        owed_less=made.owed_less,
        interest_saved=made.interest_saved,
        cash_back=made.cash_back,
        money=[
            MoneyBack(id=each.refund_id, amount=each.amount, state=each.state)
            for each in money
            if each.cash_back_id == own_id
        ],
    )
