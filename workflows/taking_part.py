"""A part of an installment has been collected, of an amount that its wallet may not pay at once.

What it pays inside the installment follows the plan's order; the rest is being asked for already.
"""

from activities.contracts import ledger
from meqenet.bnpl.payment_events import InstallmentPaidInPart
from meqenet.bnpl.servicing.amounts import Amounts
from meqenet.bnpl.servicing.pouring import amounts_of, pour
from meqenet.calendar import addis_date
from meqenet.ledger.earning import PaidPart
from meqenet.ledger.happenings import RecoveryReceived
from meqenet.money import Money
from workflows.agenda import record_in_force
from workflows.asking import ask
from workflows.news import CollectionNews
from workflows.plan_account import account, policy_of
from workflows.plan_desk import PlanDesk
from workflows.repayment import count_repayment


async def take_part(desk: PlanDesk, news: CollectionNews) -> None:
    """Post a part, count it against the limit, and record it; what was recorded is done.

    Args:
        desk: the plan's desk.
        news: of the part: the attempt, how much, and when the rest is asked for.
    """
    installment = desk.life.installment(number=news.number)
    attempt, amount = news.attempt_id or "", news.amount or Money.zero()
    installment.next_attempt_at = news.next_attempt_at
    if any(part.attempt_id == attempt for part in desk.life.account.parts):
        return
    installment.attempts += 1
    paid, paid_at = _what_it_pays(desk, news.number, amount=amount), news.paid_at
    await _post(desk, news, paid)
    moved_at = paid_at or desk.clock.now()
    if paid.principal:
        on_time = addis_date(at=moved_at) <= installment.planned.due_on
        await count_repayment(desk, attempt_id=attempt, principal=paid.principal, on_time=on_time)
    told = InstallmentPaidInPart(
        number=news.number,
        attempt_id=attempt,
        amount=amount,
        paid_at=moved_at,
        late_fee=paid.fees,
        interest=paid.interest,
    )
    desk.life.account = desk.life.account.with_part(told)
    if installment.asked is not None:
        # The rest is what its collection asks for: it need not begin anew for that.
        installment.asked = installment.asked - amount
    await record_in_force(desk, told)


def _what_it_pays(desk: PlanDesk, number: int, *, amount: Money) -> Amounts:
    held = account(desk)
    row = held.installment(number=number)
    if row is None or row.left.total < amount:
        raise ValueError("a part is less than what is owed of its installment")
    poured = pour(
        account=held,
        amount=amount,
        payable={number: row.left},
        components=policy_of(desk).allocation_order,
    )
    return amounts_of(poured.parts)


async def _post(desk: PlanDesk, news: CollectionNews, paid: Amounts) -> None:
    provider = news.provider or desk.application.wallet_provider
    lender, attempt = desk.life.signed.lender_of_record, news.attempt_id or ""
    summary = f"Post a part of installment {news.number}"
    if desk.life.account.charged_off is not None:
        recovered = RecoveryReceived(
            plan_id=desk.plan_id,
            attempt_id=attempt,
            provider=provider,
            lender=lender,
            principal=paid.principal,
            interest=paid.interest,
            late_fee=paid.fees,
        )
        posting = ledger.Post(
            posting_id=attempt, happening=recovered, effective_at=desk.clock.now()
        )
        await ask(ledger.POST, posting, summary=summary)
        return
    history, planned = desk.life.account, desk.life.installment(number=news.number).planned
    before = history.paid_in_part(number=news.number)
    part = PaidPart(
        number=news.number,
        financed=planned.principal,
        returned_before=before - history.interest_paid_in_part(number=news.number),
        principal=paid.principal,
        interest=paid.interest,
        late_fee=paid.fees,
        is_whole=False,
    )
    await ask(
        ledger.TAKE_PAYMENT,
        ledger.TakePayment(
            plan_id=desk.plan_id,
            posting_id=attempt,
            provider=provider,
            lender=lender,
            parts=(part,),
            from_credit=(),
            overpaid=Money.zero(),
            earnings=(),
            at=desk.clock.now(),
        ),
        summary=summary,
    )
