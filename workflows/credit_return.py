"""The return of a customer's credit to the wallet that it came from, because staff say so.

The run is the judge: while one goes on, nobody begins a second, and what has gone back does not go
back again. A refund whose run was lost goes on when somebody asks again: the provider is asked
about it first, and what the wallet has by then is posted.
"""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.contracts import late_money as late
    from activities.contracts import payments as p
    from meqenet.payments.orders import plan_of
    from meqenet.payments.rail import RailStatus, RefundAnswer
    from workflows.asking import ask, passed_on, refusal, report_of
    from workflows.held_refund import hold_money, post_returned, send_held
    from workflows.messages import ReturnCredit
    from workflows.refund import RefundOrder, RefundResult, ReturnedMoney
    from workflows.support import no_signature, require

_NOT_HELD = "not_held"
"""Our own failure code: the books do not have the money, so it was not sent."""
_ASKED_WITHIN = timedelta(minutes=1)
"""A run is begun by whoever asks; if nobody's word is taken, it ends."""


@dataclass(frozen=True, kw_only=True)
class Credit:
    """The attempt whose surplus it is about."""

    attempt_id: str


@dataclass(frozen=True, kw_only=True)
class CreditReturnBegun:
    """The refund by which the money goes back."""

    refund_id: str


@workflow.defn
class CreditReturnWorkflow:
    """Returns what one attempt has brought too much. One at a time, and once."""

    @workflow.init
    def __init__(self, credit: Credit) -> None:
        self._attempt_id = credit.attempt_id
        self._asked: ReturnCredit | None = None
        self._begun: CreditReturnBegun | None = None
        self._refused: ApplicationError | None = None

    @workflow.update
    async def return_credit(self, request: ReturnCredit) -> CreditReturnBegun:
        """Answers once the refund is stored and its money held, or with the refusal."""
        self._asked = request
        await workflow.wait_condition(lambda: self._begun is not None or self._refused is not None)
        if self._begun is None:
            raise self._refused or ApplicationError("neither begun nor refused")
        return self._begun

    @return_credit.validator
    def _may_be_asked(self, request: ReturnCredit) -> None:
        require(no_signature(request))
        if self._asked is not None:
            raise refusal(
                code="return_under_way",
                text="The money is on its way back already; look again in a moment.",
            )

    @workflow.run
    async def run(self, credit: Credit) -> RefundResult | None:
        """Return the end of the refund; None when nothing was returned."""
        del credit  # kept by the initialiser
        try:
            await workflow.wait_condition(lambda: self._asked is not None, timeout=_ASKED_WITHIN)
        except TimeoutError:
            return None
        order = await self._begin()
        if order is None:
            await workflow.wait_condition(workflow.all_handlers_finished)
            return None
        summary = f"Return {order.amount} birr of the customer's credit"
        result = await send_held(order, summary=summary)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return result

    async def _begin(self) -> RefundOrder | None:
        """Store the refund with who and why, and hold its money; None where that is refused."""
        asked = self._asked
        if asked is None:
            raise ValueError("nobody has asked")
        try:
            opened = await ask(
                late.ASK_CREDIT_RETURN,
                late.AskCreditReturn(
                    attempt_id=self._attempt_id, by=asked.who, why=asked.why, at=workflow.now()
                ),
                summary="Store the return, who asked for it and why",
            )
        except ActivityError as error:
            self._refused = passed_on(report_of(error))
            return None
        order = RefundOrder(
            plan_id=plan_of(order_id=self._attempt_id),
            refund_id=opened.refund_id,
            attempt_id=self._attempt_id,
            amount=opened.amount,
            reason=opened.reason,
            at=workflow.now(),
            asks_first=not opened.is_new,
            returns=ReturnedMoney.CUSTOMER_CREDIT,
        )
        if opened.is_returned:
            await post_returned(order, provider=opened.provider)
            text = "The money is back in the wallet."
            self._refused = refusal(code="credit_returned", text=text)
            return None
        try:
            await hold_money(order, provider=opened.provider)
        except ActivityError as error:
            self._refused = passed_on(report_of(error))
            await self._give_up(order)
            return None
        self._begun = CreditReturnBegun(refund_id=order.refund_id)
        return order

    async def _give_up(self, order: RefundOrder) -> None:
        """Nothing was sent under this id, and nothing will be."""
        await ask(
            p.RECORD_REFUND,
            p.RecordRefund(
                refund_id=order.refund_id,
                answer=RefundAnswer(
                    refund_id=order.refund_id, status=RailStatus.FAILED, failure_code=_NOT_HELD
                ),
                at=workflow.now(),
            ),
            summary="The books do not have the money: the refund has failed",
        )
