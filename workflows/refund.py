"""The return of an attempt's money to the wallet it came from, exactly once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.contracts import ledger
    from activities.contracts import payments as p
    from activities.contracts.late_money import MPESA_PAY_OUT_REFUND
    from activities.contracts.report import ErrorKind
    from meqenet.ledger.happenings import CheckoutPaymentReturned, CustomerCreditReturned
    from meqenet.money import Money
    from meqenet.payments.rail import RailStatus, RefundAnswer, WalletProvider
    from workflows.asking import ask, believed_from, distances, report_of
    from workflows.messages import RefundReported
    from workflows.rails import patience
    from workflows.turns import Turns, in_turn

_AGAIN_AFTER = distances(first=timedelta(seconds=5), longest=timedelta(hours=6), count=40)


class ReturnedMoney(StrEnum):
    """What it is in the books that goes back."""

    CHECKOUT_PAYMENT = "checkout_payment"
    """Paid at checkout, of a plan that did not become active."""
    CUSTOMER_CREDIT = "customer_credit"
    """Paid beyond what was owed; the books hold it under the refund's id."""


class RefundEnd(StrEnum):
    """How a refund ended."""

    RETURNED = "returned"
    """The money is back in the wallet."""
    REFUSED = "refused"
    """The provider refused it for good: a person must pay it back."""


@dataclass(frozen=True, kw_only=True)
class RefundOrder:
    """Which attempt's money goes back, and why.

    ``asks_first``: a run that was lost may have sent the refund.
    """

    plan_id: str
    refund_id: str
    attempt_id: str
    amount: Money
    reason: str
    at: datetime
    asks_first: bool = False
    returns: ReturnedMoney = ReturnedMoney.CHECKOUT_PAYMENT


@dataclass(frozen=True, kw_only=True)
class RefundResult:
    """The end of a refund."""

    refund_id: str
    end: RefundEnd
    failure_code: str | None = None


@workflow.defn
class RefundWorkflow:
    """Returns a payment. Sent once under its id; an unknown outcome is asked about."""

    @workflow.init
    def __init__(self, order: RefundOrder) -> None:
        self._order = order
        self._refund_id = order.refund_id
        self._reported: RefundAnswer | None = None

    @workflow.signal
    def refund_reported(self, report: RefundReported) -> None:
        """A provider's verified callback."""
        if report.answer.refund_id == self._refund_id:
            self._reported = report.answer

    @workflow.run
    async def run(self, order: RefundOrder) -> RefundResult:
        """Return the money and post it."""
        opened = await ask(
            p.OPEN_REFUND,
            p.OpenRefund(
                refund_id=self._refund_id,
                attempt_id=order.attempt_id,
                amount=order.amount,
                reason=order.reason,
                at=order.at,
            ),
            summary="Store the refund",
        )
        answer = await self._see_through(opened)
        if answer.status is RailStatus.SUCCEEDED:
            await ask(
                ledger.POST,
                ledger.Post(
                    posting_id=self._refund_id,
                    happening=happening_of(order=order, provider=opened.provider),
                    effective_at=order.at,
                ),
                summary="Post the refund",
            )
        await workflow.wait_condition(workflow.all_handlers_finished)
        returned = answer.status is RailStatus.SUCCEEDED
        return RefundResult(
            refund_id=self._refund_id,
            end=RefundEnd.RETURNED if returned else RefundEnd.REFUSED,
            failure_code=answer.failure_code,
        )

    async def _see_through(self, opened: p.RefundOpened) -> RefundAnswer:
        turn = 0
        may_send = not self._order.asks_first
        believed_at = believed_from(asks_first=self._order.asks_first)
        while True:
            answer = await (self._send(opened) if may_send else self._ask(opened))
            may_send = False
            if answer is not None and answer.status is RailStatus.NOT_FOUND:
                may_send = workflow.now() >= believed_at
            if answer is None or not _final(answer):
                heard = await patience(self._heard, turn=turn, waits=_AGAIN_AFTER)
                turn += 1
                if heard and self._reported is not None:
                    answer, self._reported = self._reported, None
                    await self._record(answer)
            if answer is not None and _final(answer):
                return answer

    async def _send(self, opened: p.RefundOpened) -> RefundAnswer | None:
        step = p.TELEBIRR_REFUND
        if opened.provider is WalletProvider.MPESA:
            step = MPESA_PAY_OUT_REFUND if opened.order.is_part else p.MPESA_REVERSE_PAYMENT
        try:
            answer = await in_turn(step, opened.order, summary="Return the payment", turns=Turns())
        except ActivityError as error:
            report = report_of(error)
            workflow.logger.warning("refund not answered: %s", report.code)
            if report.kind is ErrorKind.UNKNOWN:
                await self._record(None)
                return None
            # Nothing happened there: the same id may be sent again after a wait.
            return RefundAnswer(refund_id=self._refund_id, status=RailStatus.NOT_FOUND)
        await self._record(answer)
        return answer

    async def _ask(self, opened: p.RefundOpened) -> RefundAnswer | None:
        mpesa = opened.provider is WalletProvider.MPESA
        step = p.MPESA_ASK_REFUND if mpesa else p.TELEBIRR_QUERY_REFUND
        question = p.QueryRefund(
            refund_id=self._refund_id,
            order_id=opened.order.order_id,
            receipt=opened.order.receipt,
        )
        try:
            answer = await in_turn(
                step,
                question,
                summary="What became of the refund?",
                turns=Turns(unless=self._heard),
            )
        except ActivityError as error:
            workflow.logger.warning("refund query failed: %s", report_of(error).code)
            return None
        await self._record(answer)
        return answer

    async def _record(self, answer: RefundAnswer | None) -> None:
        await ask(
            p.RECORD_REFUND,
            p.RecordRefund(refund_id=self._refund_id, answer=answer, at=workflow.now()),
            summary=f"Store the answer: {answer.status if answer else 'outcome unknown'}",
        )

    def _heard(self) -> bool:
        return self._reported is not None


def happening_of(
    *, order: RefundOrder, provider: WalletProvider
) -> CheckoutPaymentReturned | CustomerCreditReturned:
    """What the books are told once the money is back; a hold waits for the same."""
    if order.returns is ReturnedMoney.CHECKOUT_PAYMENT:
        return CheckoutPaymentReturned(
            plan_id=order.plan_id,
            refund_id=order.refund_id,
            provider=provider,
            amount=order.amount,
        )
    return CustomerCreditReturned(
        plan_id=order.plan_id,
        refund_id=order.refund_id,
        provider=provider,
        amount=order.amount,
    )


def _final(answer: RefundAnswer) -> bool:
    return answer.status in (RailStatus.SUCCEEDED, RailStatus.FAILED)
