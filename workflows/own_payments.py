"""A payment that a customer makes by their own will: asked beside the schedule, whole or in part.

One at a time, and beside nothing that may bring the same money: collections that wait for their
next attempt are set aside while it is open, and go on at their time with what is left.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from activities.contracts.bnpl import NextAction
from activities.contracts.payments import Channel
from meqenet.bnpl.events import InstallmentPaid, PlanEvent
from meqenet.bnpl.own_payment import OwnPayment, own_payment
from meqenet.bnpl.payment_events import (
    FeePart,
    InstallmentPaidInPart,
    LateFeePaid,
    OwnPaymentAsked,
    OwnPaymentEnded,
)
from meqenet.bnpl.states import InstallmentState
from meqenet.calendar import addis_date
from meqenet.errors import Refusal
from meqenet.identity import OWN_PAYMENT_FROM, OWN_PAYMENTS_MAX, attempt_id, installment_id
from meqenet.money import Money, total
from meqenet.payments.rail import WalletProvider
from workflows.agenda import record_in_force
from workflows.collection_end import attempt_unheard
from workflows.interest_payments import take_with_interest
from workflows.late_fees import ask_for_left_fees, take_back_early
from workflows.messages import BillPaid
from workflows.news import CollectionEnd, CollectionOrder, CollectionResult
from workflows.payment_rules import paid_by
from workflows.plan_account import account, bears_interest, policy_of
from workflows.plan_desk import PlanDesk
from workflows.plan_life import InstallmentLife, LeftOff, OpenPayment
from workflows.posting_own_payment import post_own_payment
from workflows.support import No, is_waiting, refused
from workflows.support_deeds import postponed_order

OrderOf = Callable[[PlanDesk, InstallmentLife], CollectionOrder]
"""How an installment is collected as of today."""
_OPEN_FOR = timedelta(minutes=120)
"""So long the customer can pay."""
_LOST = "collection_lost"
_OVERTAKEN = "overtaken"


async def see_to_payment(desk: PlanDesk, *, order_of: OrderOf) -> None:
    """Begin what was asked for, and send it once nothing else of the plan is under way."""
    asked, desk.pay_asked = desk.pay_asked, None
    if asked is not None:
        try:
            await _open(desk, _payment(desk, asked.amount))
        except Refusal as refusal:
            asked.refused = refused(No(refusal.code, refusal.text, refusal.field))
        asked.done = True
    elif desk.life.can_take_bill(active=desk.active, now=desk.clock.now()):
        await _take_up(desk, desk.life.bills.pop(0))
    elif _asks_for_fees(desk):
        desk.life.fees_asked_at = None
        await _open(desk, _left_fees(desk))
    payment = desk.life.payment
    if payment is None or payment.sent or desk.active:
        return
    if payment.receipt is None and _is_overtaken(desk, payment):
        await _end(desk, cause=_OVERTAKEN, order_of=order_of)
        return
    payment.sent = True
    await desk.start_collection(_order(desk, payment))


def set_aside(desk: PlanDesk, result: CollectionResult) -> PlanEvent | None:
    """A collection has stopped for the payment; what is to be recorded of it."""
    at = desk.moved.pop(result.number)
    desk.unmoved.discard(result.number)
    desk.parked[result.number] = at
    installment = desk.life.installment(number=result.number)
    return attempt_unheard(installment, result, next_attempt_at=at)


async def take_own_payment(desk: PlanDesk, result: CollectionResult, *, order_of: OrderOf) -> None:
    """The payment is over: its parts are paid, or nothing has come."""
    payment = desk.life.payment
    if payment is None:
        return
    if result.end is not CollectionEnd.PAID:
        await _end(desk, cause=result.cause or "unknown", order_of=order_of)
        return
    if payment.on is not None and await take_with_interest(
        desk,
        result,
        amount=payment.amount,
        order=payment.number - OWN_PAYMENT_FROM,
        on=payment.on,
    ):
        if _left_fees(desk).late_fees:
            ask_for_left_fees(desk)
        await _end(desk, cause=None, order_of=order_of)
        return
    await post_own_payment(desk, payment, result=result)
    paid_at, attempt = desk.paid_at(result), result.attempt_id or ""
    fees = {part.number: part.amount for part in payment.late_fees}
    await _take_parts(desk, payment, attempt=attempt, paid_at=paid_at, fees=fees)
    for number in payment.installments:
        installment = desk.life.installment(number=number)
        if installment.state is InstallmentState.PAID:
            continue
        left = desk.life.scheduled_left(number=number)
        installment.state, installment.next_attempt_at = InstallmentState.PAID, None
        late_fee = fees.get(number, Money.zero())
        desk.life.account = desk.life.account.with_paid(number=number, amount=late_fee)
        await record_in_force(
            desk,
            InstallmentPaid(
                number=number,
                attempt_id=attempt,
                amount=left + late_fee,
                paid_at=paid_at,
                late_fee=late_fee,
            ),
        )
        await take_back_early(desk, number=number, paid_at=paid_at)
        if desk.life.account.fees_left(number=number):
            ask_for_left_fees(desk)
    for part in payment.late_fees:
        if part.number in payment.touched or not desk.life.account.fees_left(number=part.number):
            continue
        desk.life.account = desk.life.account.with_paid(number=part.number, amount=part.amount)
        await record_in_force(
            desk,
            LateFeePaid(
                number=part.number, attempt_id=attempt, amount=part.amount, paid_at=paid_at
            ),
        )
    await _end(desk, cause=None, order_of=order_of)


async def _take_parts(
    desk: PlanDesk,
    payment: OpenPayment,
    *,
    attempt: str,
    paid_at: datetime,
    fees: dict[int, Money],
) -> None:
    """Installments that are paid in part stay open, with less owed; what is recorded is done."""
    known = {(part.number, part.attempt_id) for part in desk.life.account.parts}
    for part in payment.parts:
        if (part.number, attempt) in known:
            continue
        late_fee = fees.get(part.number, Money.zero())
        told = InstallmentPaidInPart(
            number=part.number,
            attempt_id=attempt,
            amount=part.amount + late_fee,
            paid_at=paid_at,
            late_fee=late_fee,
        )
        desk.life.account = desk.life.account.with_part(told)
        await record_in_force(desk, told)


async def go_on_paying(desk: PlanDesk, left: LeftOff, *, order_of: OrderOf) -> bool:
    """Go on with a lost run's payment; False where there is none to wait for.

    One that was not sent is over; one that may have been is asked about before all else.
    """
    payment = desk.life.payment
    if payment is None:
        if _left_fees(desk).late_fees:
            ask_for_left_fees(desk)
        return False
    first = attempt_id(
        installment_id=installment_id(plan_id=desk.plan_id, number=payment.number), number=1
    )
    made = left.payments.attempt(attempt_id=first)
    if made is None and payment.receipt is None:
        await _end(desk, cause=_LOST, order_of=order_of)
        return False
    for installment in desk.life.installments:
        if installment.state is InstallmentState.COLLECTING:
            number = installment.planned.number
            known = left.progress.collection(number=number)
            desk.parked[number] = known.next_attempt_at or desk.clock.now()
    order = _order(desk, payment)
    channel = order.channel if made is None else made.channel
    await desk.start_collection(replace(order, channel=channel, asks_first=True))
    return True


def no_number_left(desk: PlanDesk) -> No | None:
    """The refusal of a payment for which there is no order id left; None: there is."""
    if desk.life.has_number_left():
        return None
    text = f"A plan takes {OWN_PAYMENTS_MAX} payments beside its schedule, and has had them all."
    return No("too_many_payments", text)


def next_fees_asked(desk: PlanDesk) -> datetime | None:
    """When the plan asks for fees that were left; None while it cannot, or does not any more."""
    if desk.life.payment is not None or desk.active or desk.life.account.charged_off is not None:
        return None
    if no_number_left(desk):
        return None
    return desk.life.fees_asked_at


def _asks_for_fees(desk: PlanDesk) -> bool:
    at = next_fees_asked(desk)
    return at is not None and at <= desk.clock.now() and bool(_left_fees(desk).late_fees)


def _left_fees(desk: PlanDesk) -> OwnPayment:
    """Fees of installments that are paid otherwise."""
    numbers = (
        each.planned.number
        for each in desk.life.installments
        if each.state is InstallmentState.PAID
    )
    parts = tuple(
        FeePart(number=number, amount=left)
        for number in numbers
        if (left := desk.life.account.fees_left(number=number))
    )
    amount = total(part.amount for part in parts)
    return OwnPayment(amount=amount, installments=(), late_fees=parts, ends_plan=False)


def _payment(desk: PlanDesk, amount: Money | None) -> OwnPayment:
    if no := no_number_left(desk):
        raise Refusal(no.code, no.text)
    return own_payment(
        account=account(desk),
        policy=policy_of(desk),
        amount=amount,
        on=addis_date(at=desk.clock.now()),
    )


async def _take_up(desk: PlanDesk, bill: BillPaid) -> None:
    """Money is told of that came to our short code: what is more than is owed is a credit."""
    desk.life.receipts.append(bill.receipt)
    await _open(desk, paid_by(desk, amount=bill.amount), receipt=bill.receipt)


async def _open(desk: PlanDesk, payment: OwnPayment, *, receipt: str | None = None) -> None:
    desk.life.payments += 1
    desk.life.payment = OpenPayment(
        number=OWN_PAYMENT_FROM + desk.life.payments,
        amount=payment.amount,
        installments=payment.installments,
        late_fees=payment.late_fees,
        parts=payment.parts,
        receipt=receipt,
        on=_pays_as_of(desk, payment),
    )
    asked = OwnPaymentAsked(
        order=desk.life.payments,
        amount=payment.amount,
        installments=payment.installments,
        late_fees=payment.late_fees,
        parts=payment.parts,
        receipt=receipt,
        on=desk.life.payment.on,
    )
    await record_in_force(desk, asked, action=None if receipt else _prompt(desk))
    for number in list(desk.active):
        installment = desk.life.installment(number=number)
        if is_waiting(desk, number=number) and installment.next_attempt_at is not None:
            desk.moved[number], installment.next_attempt_at = installment.next_attempt_at, None
            await desk.stop_collection(number=number)


def _pays_as_of(desk: PlanDesk, payment: OwnPayment) -> date | None:
    """Of a plan that bears interest: today, be it paid tomorrow; it costs what was previewed."""
    if not bears_interest(desk) or not (payment.installments or payment.parts):
        return None
    return addis_date(at=desk.clock.now())


def _is_overtaken(desk: PlanDesk, payment: OpenPayment) -> bool:
    """Whether something that it was to pay was paid, or waived, before it was sent."""
    fees = {part.number: part.amount for part in payment.late_fees}
    unpaid = all(
        desk.life.installment(number=number).state is not InstallmentState.PAID
        for number in payment.touched
    )
    owed = all(
        desk.life.account.fees_left(number=number) >= amount for number, amount in fees.items()
    )
    return not (unpaid and owed)


def _order(desk: PlanDesk, payment: OpenPayment) -> CollectionOrder:
    is_bill = payment.receipt is not None
    provider = WalletProvider.MPESA if is_bill else desk.application.wallet_provider
    by_wallet = Channel.PUSH if provider is WalletProvider.MPESA else Channel.CHECKOUT
    return CollectionOrder(
        plan_id=desk.plan_id,
        installment_id=installment_id(plan_id=desk.plan_id, number=payment.number),
        number=payment.number,
        amount=payment.amount,
        provider=provider,
        channel=Channel.PAY_BILL if is_bill else by_wallet,
        first_attempt=1,
        retry_on=(),
        collection_hour=desk.life.signed.collection_hour,
        title=f"Meqenet payment {payment.number - OWN_PAYMENT_FROM}",
        account_reference=desk.account_reference,
        return_url=desk.application.return_url,
        deadline=desk.clock.now() + _OPEN_FOR,
        clock=desk.clock.reading,
        # The customer has paid, or not: it is asked about, and nothing is ever sent.
        asks_first=is_bill,
        is_unwanted=is_bill,
        receipt=payment.receipt,
    )


async def _end(desk: PlanDesk, *, cause: str | None, order_of: OrderOf) -> None:
    desk.life.payment = None
    parked, desk.parked = desk.parked, {}
    waiting = [
        (installment, at)
        for number, at in parked.items()
        if (installment := desk.life.installment(number=number)).state
        is InstallmentState.COLLECTING
    ]
    for installment, at in waiting:
        installment.next_attempt_at = at
    await record_in_force(desk, OwnPaymentEnded(order=desk.life.payments, cause=cause))
    for installment, at in waiting:
        order = order_of(desk, installment)
        await desk.start_collection(postponed_order(desk, order, installment=installment, at=at))


def _prompt(desk: PlanDesk) -> NextAction | None:
    """What an M-PESA customer has to do; the page of a Telebirr payment is told when it is open."""
    if desk.application.wallet_provider is not WalletProvider.MPESA:
        return None
    return NextAction(kind="confirm_on_phone", expires_at=desk.clock.now() + _OPEN_FOR)
