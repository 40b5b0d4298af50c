"""Goods that go back: the customer owes less, the merchant's side shrinks, the fee is shared."""

from datetime import datetime
from typing import Final

from db.kernel.engine import WriteSession
from db.ledger import accruals, holds, store
from db.ledger.earning import replan_accrued
from db.ledger.tables import EarningInstallment, Hold, HoldEnd
from db.ledger.writing import enter, is_posted
from meqenet.ledger.earning import RefundOrder, fee_kept
from meqenet.ledger.happenings import NOTHING, InterestRefunded, OrderRefunded
from meqenet.ledger.holds import HoldState, protection_id
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money, total

_LEFT: Final = "protection-left"
"""What follows a plan's id where a part of protected money went back before the rest is let go."""
_OF_PAID: Final = "paid-interest"
"""What follows the id of a refund, where interest of installments that are paid goes back."""


async def refund_order(*, session: WriteSession, refund: RefundOrder) -> None:
    """Post a refund, once by its posting id.

    Raises:
        Refusal, Defect: as of :func:`db.ledger.earning.replan` and :func:`db.ledger.store.post`.
    """
    plan_id = refund.plan_id
    await enter(session=session, plan_id=plan_id)
    if await is_posted(session=session, plan_id=plan_id, posting_id=refund.posting_id):
        return
    await accruals.accrue(session=session, plan_id=plan_id, until=refund.at)
    if refund.earnings:
        await replan_accrued(
            session=session,
            plan_id=plan_id,
            change_id=refund.posting_id,
            installments=refund.earnings,
            at=refund.at,
        )
    if refund.interest_back:
        await _give_back(session, refund)
    if refund.taken_from is MerchantMoney.PROTECTED:
        await free_protected(session=session, plan_id=plan_id, why=refund.posting_id, at=refund.at)
    deferred = await _share_fee(session, refund)
    not_earned = min(refund.fee_back, deferred)
    await store.post(
        session=session,
        posting_id=refund.posting_id,
        happening=OrderRefunded(
            plan_id=plan_id,
            merchant_id=refund.merchant_id,
            refund_id=refund.posting_id,
            lender=refund.lender,
            amount=refund.amount,
            owed_less=total(part.gone for part in refund.parts),
            taken_from=refund.taken_from,
            fee_not_earned=not_earned,
            fee_earned=refund.fee_back - not_earned,
            merchant_fee=deferred - not_earned,
            also_payable=refund.also_payable,
            also_paid_out=refund.also_paid_out,
        ),
        effective_at=refund.at,
    )
    await session.flush()


async def _give_back(session: WriteSession, refund: RefundOrder) -> None:
    posting_id = f"{refund.posting_id}-{_OF_PAID}"
    await store.post(
        session=session,
        posting_id=posting_id,
        happening=InterestRefunded(
            plan_id=refund.plan_id,
            refund_id=posting_id,
            lender=refund.lender,
            unpaid=NOTHING,
            paid=refund.interest_back,
        ),
        effective_at=refund.at,
    )


async def free_protected(*, session: WriteSession, plan_id: str, why: str, at: datetime) -> None:
    """The hold of all protected money ends; what is left stays protected by its account alone.

    What was captured in parts is so from the start.
    """
    hold_id = protection_id(plan_id=plan_id)
    if await session.get(Hold, (plan_id, hold_id)) is None:
        return
    if await session.get(HoldEnd, (plan_id, hold_id)) is None:
        await holds.void(
            session=session,
            plan_id=plan_id,
            hold_id=hold_id,
            reason=f"{why}: a part of it goes back",
            at=at,
        )


async def release_id(*, session: WriteSession, plan_id: str) -> str:
    """Under which id what is left of protected money is let go.

    It is that of the hold, unless goods went back, by which the hold has ended.
    """
    hold_id = protection_id(plan_id=plan_id)
    end = await session.get(HoldEnd, (plan_id, hold_id))
    is_over = end is not None and end.state is HoldState.VOIDED
    return f"{plan_id}-{_LEFT}" if is_over else hold_id


async def _share_fee(session: WriteSession, refund: RefundOrder) -> Money:
    """Installments earn less of the merchant's fee; returns how much less that is."""
    less = NOTHING
    for part in refund.parts:
        row = await session.get(EarningInstallment, (refund.plan_id, part.number))
        if row is None:
            continue  # of a plan from before there were any, all of the fee was earned at once
        kept = fee_kept(fee=row.merchant_fee_santim, part=part)
        less += row.merchant_fee_santim - kept
        row.merchant_fee_santim = kept
    return less
