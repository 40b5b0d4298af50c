"""What was said of payouts, kept word by word."""

import hashlib
from datetime import datetime

from sqlalchemy import select

from db.kernel.engine import WriteSession
from db.settlement.tables import PayoutAnswer
from meqenet.event_chain import canonical_json
from meqenet.settlement.transfer import TransferAnswer


async def keep_answer(
    *,
    session: WriteSession,
    stream: str,
    payout_id: str,
    answer: TransferAnswer | None,
    contradicts: bool,
    at: datetime,
) -> int | None:
    """Keep an answer as evidence; its number, or None when it repeats the one before.

    Args:
        session: the transaction.
        stream: the plan, or the merchant's day, whose payout it is.
        payout_id: the payout.
        answer: the word; None: no readable answer came.
        contradicts: whether it says otherwise than what is final.
        at: when it was heard.
    """
    digest = hashlib.sha256(canonical_json(value={"answer": answer, "at": at})).digest()
    last = await session.execute(
        select(PayoutAnswer.number, PayoutAnswer.digest)
        .where(PayoutAnswer.plan_id == stream, PayoutAnswer.payout_id == payout_id)
        .order_by(PayoutAnswer.number.desc())
        .limit(1)
    )
    number, last_digest = last.one_or_none() or (0, None)
    if digest == last_digest:
        return None
    session.add(
        PayoutAnswer(
            plan_id=stream,
            payout_id=payout_id,
            number=number + 1,
            digest=digest,
            status=answer.status if answer else None,
            bank_reference=answer.bank_reference if answer else None,
            reason_code=answer.reason_code if answer else None,
            heard_at=at,
            contradicts=contradicts,
        )
    )
    await session.flush()
    return int(number) + 1
