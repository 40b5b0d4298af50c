"""What a payment by the customer's own will is in the books, and what of it is a credit."""

from activities.contracts import ledger
from meqenet.calendar import addis_date
from meqenet.ledger.happenings import InstallmentCollected
from meqenet.money import Money, total
from workflows.asking import ask
from workflows.news import CollectionResult
from workflows.overpayment import keep_overpaid
from workflows.plan_desk import PlanDesk
from workflows.plan_life import OpenPayment
from workflows.repayment import accrue_until_now, count_repayment, earned_with


async def post_own_payment(
    desk: PlanDesk, payment: OpenPayment, *, result: CollectionResult
) -> None:
    """Post principal, the merchant's fee with it, and late fees; what is more is a credit.

    Args:
        desk: of a plan that is free of interest, or that owes nothing which earns some.
        payment: what it pays.
        result: what has brought it.
    """
    attempt = result.attempt_id or ""
    rows = [desk.life.installment(number=number).planned for number in payment.touched]
    returned = _returned(desk, payment, attempt=attempt)
    earned = [
        earned_with(
            row,
            accrued=await accrue_until_now(desk, number=row.number),
            returned_before=returned[row.number][0],
            returned=returned[row.number][1],
        )
        for row in rows
    ]
    principal = total(now for _, now in returned.values())
    late_fee = total(part.amount for part in payment.late_fees)
    overpaid = payment.amount - principal - late_fee
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=attempt,
            happening=InstallmentCollected(
                plan_id=desk.plan_id,
                attempt_id=attempt,
                provider=result.provider or desk.application.wallet_provider,
                lender=desk.life.signed.lender_of_record,
                principal=principal,
                interest=Money.zero(),
                late_fee=late_fee,
                overpaid=overpaid,
                merchant_fee=total(earned),
            ),
            effective_at=desk.clock.now(),
        ),
        summary="Post the customer's payment",
    )
    await keep_overpaid(desk, attempt_id=attempt, amount=overpaid)
    if principal:
        paid_on = addis_date(at=desk.paid_at(result))
        on_time = all(paid_on <= row.due_on for row in rows)
        await count_repayment(desk, attempt_id=attempt, principal=principal, on_time=on_time)


def _returned(
    desk: PlanDesk, payment: OpenPayment, *, attempt: str
) -> dict[int, tuple[Money, Money]]:
    """Principal of each installment that had been paid before, and that this payment pays."""
    parts, found = {part.number: part.amount for part in payment.parts}, {}
    for number in payment.touched:
        before = desk.life.account.paid_in_part(number=number, without=attempt)
        planned = desk.life.installment(number=number).planned
        found[number] = (before, parts.get(number, planned.principal - before))
    return found
