"""Money goes back to the wallets that paid, because goods went back: each of them once.

The books hold it before it is sent. What a provider refuses stays the customer's credit, in sight
of an operator, until a member of staff has it sent again.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.contracts.cash_back import SHARE_CASH_BACK, CashBackPart, ShareCashBack
    from meqenet.money import Money, total
    from workflows.asking import ask, refusal
    from workflows.cash_back_messages import CashBack
    from workflows.held_refund import hold_money, post_returned, send_held
    from workflows.messages import RetryMoneyOut
    from workflows.refund import RefundEnd, RefundOrder, ReturnedMoney
    from workflows.support import no_signature, require


@workflow.defn
class CashBackWorkflow:
    """Returns what one refund of an order gives back. Ends once all of it is in the wallets."""

    @workflow.init
    def __init__(self, cash_back: CashBack) -> None:
        self._cash_back = cash_back
        self._asked: RetryMoneyOut | None = None
        self._waits = False

    @workflow.update
    async def retry(self, request: RetryMoneyOut) -> None:
        """Send again what was refused; answers once that has begun."""
        self._asked = request
        await workflow.wait_condition(lambda: self._asked is None)

    @retry.validator
    def _was_refused(self, request: RetryMoneyOut) -> None:
        require(no_signature(request))
        if not self._waits or self._asked is not None:
            text = "Nothing of it was refused: it is on its way, or back."
            raise refusal(code="cash_back_not_refused", text=text)

    @workflow.query
    def waits(self) -> bool:
        """Whether something was refused and waits for a member of staff."""
        return self._waits

    @workflow.run
    async def run(self, cash_back: CashBack) -> Money:
        """Return what has gone back: all of it."""
        while True:
            returned = await self._return(again=self._asked)
            if returned == cash_back.amount:
                await workflow.wait_condition(workflow.all_handlers_finished)
                return returned
            self._waits = True
            workflow.set_current_details(
                f"{cash_back.amount - returned} birr were refused: a member of staff has to look"
            )
            await workflow.wait_condition(lambda: self._asked is not None)
            self._waits = False

    async def _return(self, *, again: RetryMoneyOut | None) -> Money:
        order = self._cash_back
        shared = await ask(
            SHARE_CASH_BACK,
            ShareCashBack(
                plan_id=order.plan_id,
                cash_back_id=order.cash_back_id,
                amount=order.amount,
                at=order.at,
                again_by=None if again is None else again.who,
                again_why="" if again is None else again.why,
            ),
            summary=f"Which payments do {order.amount} birr go back to?",
        )
        self._asked = None
        back = [
            part.amount
            for part in shared.parts
            if await self._return_part(part, reason=shared.reason)
        ]
        return total(back)

    async def _return_part(self, part: CashBackPart, *, reason: str) -> bool:
        order = self._order(part, reason=reason)
        if part.is_returned:
            await post_returned(order, provider=part.provider)
            return True
        await hold_money(order, provider=part.provider)
        result = await send_held(order, summary=f"Return {part.amount} birr")
        return result.end is RefundEnd.RETURNED

    def _order(self, part: CashBackPart, *, reason: str) -> RefundOrder:
        return RefundOrder(
            plan_id=self._cash_back.plan_id,
            refund_id=part.refund_id,
            attempt_id=part.attempt_id,
            amount=part.amount,
            reason=reason,
            at=self._cash_back.at,
            asks_first=not part.is_new,
            returns=ReturnedMoney.CUSTOMER_CREDIT,
        )
