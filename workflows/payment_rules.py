"""Whether a customer may pay by their own will now, and why not; what money that came pays."""

from dataclasses import replace

from meqenet.bnpl.own_payment import OwnPayment, own_payment, told_of
from meqenet.bnpl.servicing.allocation import allocate
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.calendar import addis_date
from meqenet.errors import Refusal
from meqenet.money import Money
from workflows.plan_account import account, policy_of
from workflows.plan_desk import PlanDesk
from workflows.support import No, is_under_way, no_force, payment_under_way


def no_payment(desk: PlanDesk, *, amount: Money | None) -> No | None:
    """A plan is paid at any time, one payment after the other.

    Args:
        desk: the plan's desk.
        amount: what the customer wants to pay; None pays the plan off.
    """
    if no := no_force(desk) or payment_under_way(desk):
        return no
    if desk.life.bills:
        text = "Money that came to our short code is being taken. Wait for its end."
        return No("payment_under_way", text)
    if desk.life.account.charged_off is not None:
        text = "A plan that was charged off is not paid ahead of its schedule."
        return No("payment_not_offered", text)
    numbers = [each.planned.number for each in desk.life.installments]
    if desk.deeds or any(is_under_way(desk, number=number) for number in numbers):
        text = "An installment is being collected right now; look again in a moment."
        return No("attempt_under_way", text)
    on = addis_date(at=desk.clock.now())
    try:
        own_payment(account=account(desk), policy=policy_of(desk), amount=amount, on=on)
    except Refusal as refusal:
        return No(refusal.code, refusal.text, refusal.field)
    return None


def paid_by(desk: PlanDesk, *, amount: Money) -> OwnPayment:
    """What money that has come pays; what is more than is owed is left for the customer's credit.

    Of a plan that was charged off it pays nothing.
    """
    nothing = OwnPayment(amount=amount, installments=(), late_fees=(), ends_plan=False)
    if desk.life.account.charged_off is not None:
        return nothing
    on, held, policy = addis_date(at=desk.clock.now()), account(desk), policy_of(desk)
    most = min(amount, pay_off_quote(account=held, policy=policy, on=on).total)
    if not most:
        return nothing
    allocation = allocate(account=held, policy=policy, amount=most, on=on)
    return replace(told_of(account=held, allocation=allocation), amount=amount)
