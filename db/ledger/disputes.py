"""A merchant's money of a disputed part waits, and is the merchant's again."""

from datetime import datetime

from db.kernel.engine import WriteSession
from db.ledger import store
from db.ledger.order_refunds import free_protected
from db.ledger.writing import enter, is_posted
from meqenet.ledger.dispute_happenings import DisputeHeld
from meqenet.ledger.merchant_money import MerchantMoney


async def hold_disputed(
    *, session: WriteSession, posting_id: str, held: DisputeHeld, at: datetime
) -> None:
    """Have money wait, once by its posting id; of protected money the buyer's own hold ends.

    Raises:
        Refusal, Defect: as of :func:`db.ledger.store.post`.
    """
    await enter(session=session, plan_id=held.plan_id)
    is_new = not await is_posted(session=session, plan_id=held.plan_id, posting_id=posting_id)
    if is_new and held.taken_from is MerchantMoney.PROTECTED:
        await free_protected(session=session, plan_id=held.plan_id, why=posting_id, at=at)
    await store.post(session=session, posting_id=posting_id, happening=held, effective_at=at)
