"""The plan's update and query about payments by the customer's own will; part of its workflow."""

from temporalio import workflow

from meqenet.bnpl.own_payment import own_payment, payable_amounts
from meqenet.calendar import addis_date
from meqenet.money import Money
from workflows.asked_payment import AskedPayment
from workflows.messages import BillPaid, Payable, PayNow, PlanAnswer
from workflows.own_payments import no_number_left
from workflows.payment_rules import no_payment
from workflows.plan_account import account, policy_of
from workflows.plan_desk import PlanDesk
from workflows.support import No, refused, require


class PaymentUpdates:
    """Paying before an installment is collected, and asking what that would pay."""

    _desk: PlanDesk
    _over: bool

    @workflow.update
    async def pay(self, request: PayNow) -> PlanAnswer:
        """Ask the wallet for a payment; answers once it is under way."""
        asked = self._desk.pay_asked = AskedPayment(amount=request.amount)
        await workflow.wait_condition(lambda: asked.done or self._over)
        if not asked.done:
            raise refused(No("plan_paid", "Nothing is owed any more."))
        if asked.refused is not None:
            raise asked.refused
        return PlanAnswer(plan_id=self._desk.plan_id, state=self._desk.life.state)

    @pay.validator
    def _may_be_paid(self, request: PayNow) -> None:
        require(_no(self._desk, amount=request.amount))

    @workflow.signal
    def bill_paid(self, bill: BillPaid) -> None:
        """The customer has paid to our short code; what was told before changes nothing."""
        life = self._desk.life
        known = {*life.receipts, *(each.receipt for each in life.bills)}
        if bill.receipt in known:
            return
        if no_number_left(self._desk):
            workflow.logger.error("money came to our short code, and the plan has no number left")
            return
        life.bills.append(bill)

    @workflow.query
    def payable(self, request: PayNow | None = None) -> Payable:
        """What can be paid now and what each amount pays; or why nothing can.

        Of a request for an amount: what that pays alone, or why it cannot be paid.
        """
        desk, asked = self._desk, None if request is None else request.amount
        no = _no(desk, amount=asked)
        if no is not None:
            return Payable(payments=(), code=no.code, text=no.text, field=no.field)
        today, held, policy = addis_date(at=desk.clock.now()), account(desk), policy_of(desk)
        amounts = (
            payable_amounts(account=held, policy=policy, on=today) if asked is None else (asked,)
        )
        return Payable(
            on=today,
            payments=tuple(
                own_payment(account=held, policy=policy, amount=amount, on=today)
                for amount in amounts
            ),
        )


def _no(desk: PlanDesk, *, amount: Money | None) -> No | None:
    """Why the customer cannot pay now; None: they can."""
    return no_number_left(desk) or no_payment(desk, amount=amount)
