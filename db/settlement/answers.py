"""What was said of payouts: kept word by word, and what a payout is by it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from db.kernel.engine import WriteSession
from db.settlement.tables import MerchantPayout, Payout, PayoutAnswer
from meqenet.errors import Defect
from meqenet.event_chain import canonical_json
from meqenet.identity import wire_id
from meqenet.settlement.payouts import PayoutStanding, after_transfer_answer
from meqenet.settlement.transfer import TransferAnswer


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What an answer has done.

    Attributes:
        number: its place among the payout's answers; None when it repeats the one before.
        contradicts: it says otherwise than what is final.
        is_changed: the payout is in another state by it.
    """

    number: int | None
    contradicts: bool
    is_changed: bool = False


async def hear(
    *,
    session: WriteSession,
    stream: str,
    payout: Payout | MerchantPayout,
    answer: TransferAnswer | None,
    at: datetime,
) -> Heard:
    """Keep an answer as evidence, and have the payout stand as it says; the caller has locked it.

    Args:
        session: the transaction.
        stream: the plan, or the merchant's day, whose payout it is.
        payout: the payout; a final state never changes.
        answer: the word; None: no readable answer came.
        at: when it was heard.

    Raises:
        Defect: ``answer_foreign``.
    """
    payout_id = payout.payout_id
    if answer is not None and wire_id(meqenet_id=answer.end_to_end_id) != wire_id(
        meqenet_id=payout_id
    ):
        raise Defect("answer_foreign", f"an answer about another payout came for {payout_id}")
    before = PayoutStanding(
        state=payout.state,
        bank_reference=payout.bank_reference,
        reason_code=payout.reason_code,
    )
    heard = after_transfer_answer(standing=before, answer=answer)
    number = await _keep_answer(
        session,
        stream=stream,
        payout_id=payout_id,
        answer=answer,
        contradicts=heard.contradicts,
        at=at,
    )
    if number is None:
        return Heard(number=None, contradicts=heard.contradicts)
    if heard.standing != before:
        payout.state = heard.standing.state
        payout.bank_reference = heard.standing.bank_reference
        payout.reason_code = heard.standing.reason_code
        payout.changed_at = at
        await session.flush()
    return Heard(
        number=number,
        contradicts=heard.contradicts,
        is_changed=heard.standing.state is not before.state,
    )


async def _keep_answer(
    session: WriteSession,
    *,
    stream: str,
    payout_id: str,
    answer: TransferAnswer | None,
    contradicts: bool,
    at: datetime,
) -> int | None:
    """Its number, or None when it repeats the one before."""
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
