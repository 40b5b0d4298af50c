"""Payouts to merchants: the intent is stored before the bank hears of it, its word after."""

from datetime import datetime

from db.kernel.encryption import Keyring
from db.kernel.engine import WriteSession
from db.settlement.answers import hear
from db.settlement.log import lock_plan, tell
from db.settlement.merchants import account_of, terms_of
from db.settlement.tables import Payout, Settlement
from meqenet.errors import Defect
from meqenet.settlement.events import PAYOUT_IS, PayoutContradicted, PayoutOpened
from meqenet.settlement.payouts import PayoutState, plan_and_number_of
from meqenet.settlement.transfer import CreditTransfer, TransferAnswer


async def open_payout(
    *, session: WriteSession, keyring: Keyring, payout_id: str, at: datetime
) -> CreditTransfer:
    """Store the intent to pay; the same payout again gives the same order.

    Raises:
        Defect: ``settlement_missing``: it was never scheduled.
        Refusal: ``merchant_terms_missing``; ``person_erased``.
    """
    plan_id, _ = plan_and_number_of(payout_id=payout_id)
    await lock_plan(session=session, plan_id=plan_id)
    settlement = await session.get(Settlement, (plan_id, payout_id))
    if settlement is None:
        raise Defect("settlement_missing", f"{payout_id} was never scheduled")
    merchant_id = settlement.merchant_id
    payout = await session.get(Payout, (plan_id, payout_id))
    if payout is None:
        terms = await terms_of(session=session, merchant_id=merchant_id, at=at)
        payout = Payout(
            plan_id=plan_id,
            payout_id=payout_id,
            merchant_id=merchant_id,
            terms_at=terms.effective_at,
            amount_santim=settlement.net_santim,
            state=PayoutState.CREATED,
            opened_at=at,
            changed_at=at,
        )
        session.add(payout)
        await session.flush()
        opened = PayoutOpened(
            payout_id=payout_id, merchant_id=merchant_id, amount=settlement.net_santim
        )
        await tell(session=session, payout_id=payout_id, data=opened, at=at)
    account = await account_of(
        session=session, keyring=keyring, merchant_id=merchant_id, terms_at=payout.terms_at
    )
    return CreditTransfer(
        end_to_end_id=payout_id,
        creditor=account,
        amount=payout.amount_santim,
        remittance=f"Meqenet {plan_id}",
    )


async def record_payout(
    *, session: WriteSession, payout_id: str, answer: TransferAnswer | None, at: datetime
) -> bool:
    """Store what the bank said; a final state never changes.

    Returns:
        Whether the answer contradicts what is known. The caller raises a defect once the evidence
        is committed.

    Raises:
        Defect: ``payout_missing``; ``answer_foreign``.
    """
    plan_id, _ = plan_and_number_of(payout_id=payout_id)
    await lock_plan(session=session, plan_id=plan_id)
    payout = await session.get(Payout, (plan_id, payout_id))
    if payout is None:
        raise Defect("payout_missing", f"{payout_id} was never opened")
    heard = await hear(session=session, stream=plan_id, payout=payout, answer=answer, at=at)
    if heard.number is None:
        return heard.contradicts
    if heard.is_changed or heard.contradicts:
        told = PayoutContradicted if heard.contradicts else PAYOUT_IS[payout.state]
        data = told(
            payout_id=payout_id,
            merchant_id=payout.merchant_id,
            amount=payout.amount_santim,
            reason_code=payout.reason_code,
            bank_reference=payout.bank_reference,
        )
        await tell(session=session, payout_id=payout_id, data=data, at=at, heard=heard.number)
    return heard.contradicts
