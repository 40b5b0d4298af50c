"""Payments of a plan that are replayed: taken back and posted anew, in one transaction.

Nothing that was posted is changed. Afterwards every account of the plan stands where it would, had
its payments been what they are known to have been. All of it counts from now on.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import select

from db.kernel.engine import WriteSession
from db.ledger import accruals, reversals, store
from db.ledger.tables import EarningInstallment, LedgerEntry, LedgerTransaction
from db.ledger.writing import enter
from meqenet.errors import Defect
from meqenet.identity import installment_id, order_of_posting, replayed_id
from meqenet.ledger.accounts import AccountName, Side
from meqenet.ledger.accruals import first_day_not_over
from meqenet.ledger.earning import PaidPart
from meqenet.ledger.happenings import (
    NOTHING,
    CustomerCreditApplied,
    CustomerCreditReceived,
    Happening,
    InstallmentCollected,
    InterestRefunded,
    LateFeeCharged,
    LateFeeWaived,
    PostingReversed,
)
from meqenet.ledger.recounting import InterestRecounted
from meqenet.ledger.replays import (
    AccountChange,
    EarnedSoFar,
    PostedAnew,
    ReplayPayments,
    earned_so_far,
)
from meqenet.money import Money, total

_COLLECTED: Final = TypeAdapter(InstallmentCollected)
_BESIDE: Final = ("credit", "interest")
"""What follows the id of a payment in those of what was posted beside it."""
_Rows = Mapping[int, EarningInstallment]


async def replay_payments(*, session: WriteSession, replay: ReplayPayments) -> None:
    """Post a replay, once by its id.

    Raises:
        Refusal: as of :func:`db.ledger.reversals.reverse`.
        Defect: ``payment_not_posted``: the books have no such payment in force.
    """
    plan_id = replay.plan_id
    await enter(session=session, plan_id=plan_id)
    known = await _postings(session, plan_id=plan_id)
    if any(each.startswith(f"{replay.replay_id}-") for each in known):
        return
    if replay.earnings:
        await accruals.accrue(session=session, plan_id=plan_id, until=replay.at)
    was = await _take_back(session, replay, known=known)
    rows = await accruals.installments_of(session=session, plan_id=plan_id)
    await _move_fees(session, replay)
    earned = _earn(rows, replay)
    for payment in replay.anew:
        await _post_anew(session, replay, payment, was=was[payment.attempt_id], rows=rows)
    if replay.taken_out is not None and replay.is_credit:
        await _credit(session, replay, was=was[replay.taken_out], attempt_id=replay.taken_out)
    if replay.earnings:
        await _recount_interest(session, replay, earned=earned)
    await session.flush()


async def preview_replay(
    *, session: WriteSession, replay: ReplayPayments
) -> tuple[AccountChange, ...]:
    """What a replay would change on each account, in the order of their codes: nothing is kept.

    Raises:
        Refusal, Defect: as of :func:`replay_payments`.
    """
    tried = await session.begin_nested()
    await replay_payments(session=session, replay=replay)
    changes = await _changes(session, replay)
    await tried.rollback()
    return changes


async def _changes(session: WriteSession, replay: ReplayPayments) -> tuple[AccountChange, ...]:
    changed: dict[str, Money] = {}
    for entry in await session.scalars(
        select(LedgerEntry).where(
            LedgerEntry.plan_id == replay.plan_id,
            LedgerEntry.posting_id.startswith(f"{replay.replay_id}-", autoescape=True),
        )
    ):
        signed = entry.amount_santim if entry.side is Side.DEBIT else -entry.amount_santim
        changed[entry.account_code] = changed.get(entry.account_code, NOTHING) + signed
    return tuple(
        AccountChange(account=code, change=amount)
        for code, amount in sorted(changed.items())
        if amount
    )


async def _postings(session: WriteSession, *, plan_id: str) -> dict[str, LedgerTransaction]:
    """What is posted of the plan, days aside, by id."""
    found = await session.scalars(
        select(LedgerTransaction).where(
            LedgerTransaction.plan_id == plan_id, LedgerTransaction.kind != "interest_accrued"
        )
    )
    return {each.posting_id: each for each in found}


async def _take_back(
    session: WriteSession, replay: ReplayPayments, *, known: Mapping[str, LedgerTransaction]
) -> dict[str, InstallmentCollected]:
    """Take back what was posted of the payments; returns that, by the attempt."""
    gone = {each.reverses for each in known.values() if each.reverses is not None}
    in_force = {
        order_of_posting(posting_id=posting_id): posted
        for posting_id, posted in known.items()
        if posted.kind == "installment_collected" and posting_id not in gone
    }
    attempts = [payment.attempt_id for payment in replay.anew]
    if replay.taken_out is not None:
        attempts.append(replay.taken_out)
    was: dict[str, InstallmentCollected] = {}
    for attempt_id in attempts:
        posted = in_force.get(attempt_id)
        if posted is None:
            raise Defect("payment_not_posted", f"{attempt_id}: no payment of it is in force")
        was[attempt_id] = _COLLECTED.validate_python(posted.happening)
        made_id = replayed_id(replay_id=replay.replay_id, attempt_id=attempt_id)
        for of in ("", *_BESIDE):
            original = f"{posted.posting_id}-{of}" if of else posted.posting_id
            if original in known and original not in gone:
                await reversals.reverse(
                    session=session,
                    posting_id=f"{made_id}-{of}-back" if of else f"{made_id}-back",
                    correction=PostingReversed(
                        plan_id=replay.plan_id,
                        reverses=original,
                        reason=replay.why,
                        reversed_by=replay.by,
                    ),
                    effective_at=replay.at,
                )
    return was


async def _move_fees(session: WriteSession, replay: ReplayPayments) -> None:
    for fee in replay.fees:
        more = fee.amount > NOTHING
        kind = LateFeeCharged if more else LateFeeWaived
        number = installment_id(plan_id=replay.plan_id, number=fee.number)
        suffix = number.removeprefix(f"{replay.plan_id}-")
        await _post(
            session,
            replay,
            posting_id=f"{replay.replay_id}-fee-{suffix}",
            happening=kind(
                plan_id=replay.plan_id,
                lender=replay.lender,
                number=fee.number,
                amount=fee.amount if more else -fee.amount,
            ),
        )


async def _post_anew(
    session: WriteSession,
    replay: ReplayPayments,
    payment: PostedAnew,
    *,
    was: InstallmentCollected,
    rows: _Rows,
) -> None:
    """The interest of it counts as earned before: what is earned in all is posted at the end."""
    made_id = replayed_id(replay_id=replay.replay_id, attempt_id=payment.attempt_id)
    if payment.interest_returned:
        returned = InterestRefunded(
            plan_id=replay.plan_id,
            refund_id=f"{made_id}-interest",
            lender=was.lender,
            unpaid=NOTHING,
            paid=payment.interest_returned,
        )
        await _post(session, replay, posting_id=f"{made_id}-interest", happening=returned)
    if payment.from_credit:
        applied = CustomerCreditApplied(
            plan_id=replay.plan_id,
            lender=was.lender,
            principal=total(part.principal for part in payment.from_credit),
            accrued_interest=total(part.interest for part in payment.from_credit),
            late_fee=total(part.late_fee for part in payment.from_credit),
            merchant_fee=_fee(payment.from_credit, rows=rows),
        )
        await _post(session, replay, posting_id=f"{made_id}-credit", happening=applied)
    collected = InstallmentCollected(
        plan_id=replay.plan_id,
        attempt_id=payment.attempt_id,
        provider=was.provider,
        lender=was.lender,
        principal=total(part.principal for part in payment.parts),
        interest=NOTHING,
        accrued_interest=total(part.interest for part in payment.parts),
        late_fee=total(part.late_fee for part in payment.parts),
        overpaid=payment.overpaid,
        merchant_fee=_fee(payment.parts, rows=rows),
    )
    await _post(session, replay, posting_id=made_id, happening=collected)


async def _credit(
    session: WriteSession, replay: ReplayPayments, *, was: InstallmentCollected, attempt_id: str
) -> None:
    """The money is still with the provider, and the customer's."""
    paid = was.principal + was.interest + was.accrued_interest + was.late_fee + was.overpaid
    credit = CustomerCreditReceived(
        plan_id=replay.plan_id, attempt_id=attempt_id, provider=was.provider, amount=paid
    )
    made_id = replayed_id(replay_id=replay.replay_id, attempt_id=attempt_id)
    await _post(session, replay, posting_id=made_id, happening=credit)


def _fee(parts: Sequence[PaidPart], *, rows: _Rows) -> Money:
    """What of the merchant's fee is earned with the principal of these parts."""
    fee = NOTHING
    for part in parts:
        row = rows.get(part.number)
        if row is not None and part.principal:
            fee += part.fee_earned(fee=row.merchant_fee_santim)
    return fee


def _earn(rows: _Rows, replay: ReplayPayments) -> list[EarnedSoFar]:
    """Note how far each installment has come, had it been paid as it is known now."""
    until, found = first_day_not_over(at=replay.at), list[EarnedSoFar]()
    for earning in replay.earnings:
        row = rows[earning.number]
        so_far = earned_so_far(earning=earning, day_count=row.day_count, until=until)
        row.interest_santim = earning.interest
        row.starts_on, row.ends_on = earning.starts_on, earning.ends_on
        row.accrued_santim, row.paid_santim = so_far.earned, so_far.paid
        row.accrued_until, row.is_done = so_far.until, so_far.is_done
        row.base_on, row.base_santim = so_far.base_on, so_far.base
        found.append(so_far)
    return found


async def _recount_interest(
    session: WriteSession, replay: ReplayPayments, *, earned: Sequence[EarnedSoFar]
) -> None:
    """Interest is earned as the replayed payments have it: the difference is posted."""
    posted = NOTHING
    for entry in await session.scalars(
        select(LedgerEntry).where(
            LedgerEntry.plan_id == replay.plan_id,
            LedgerEntry.account_code == f"{AccountName.INTEREST_INCOME}:{replay.lender}",
        )
    ):
        is_earned = entry.side is Side.CREDIT
        posted += entry.amount_santim if is_earned else -entry.amount_santim
    more = total(each.earned for each in earned) - posted
    if more:
        recounted = InterestRecounted(
            plan_id=replay.plan_id,
            replay_id=replay.replay_id,
            lender=replay.lender,
            more=max(more, NOTHING),
            less=max(-more, NOTHING),
        )
        await _post(
            session,
            replay,
            posting_id=f"{replay.replay_id}-interest",
            happening=recounted,
        )


async def _post(
    session: WriteSession, replay: ReplayPayments, *, posting_id: str, happening: Happening
) -> None:
    await store.post(
        session=session, posting_id=posting_id, happening=happening, effective_at=replay.at
    )
