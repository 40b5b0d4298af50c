"""A plan's share of a merchant's payout: what its own log, and its statement, tell of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from db.kernel.engine import WriteSession
from db.settlement.log import tell
from db.settlement.scheduling import add_settlement, newest_settlement
from db.settlement.tables import MerchantPayout, Payout, Settlement, SettlementLine
from meqenet.errors import Defect
from meqenet.identity import payout_id as share_id_of
from meqenet.money import Money
from meqenet.settlement.events import PAYOUT_IS, PayoutOpened
from meqenet.settlement.lines import LineKind, LineMoney
from meqenet.settlement.payouts import PayoutState


async def open_shares(
    *,
    session: WriteSession,
    payout: MerchantPayout,
    lines: Sequence[SettlementLine],
    at: datetime,
) -> None:
    """Store what each plan whose order is in the payout has in it, in the order of their ids."""
    brought: dict[str, Money] = {}
    for line in lines:
        if line.plan_id is not None and line.money is LineMoney.PAYABLE:
            brought[line.plan_id] = brought.get(line.plan_id, Money.zero()) + line.net_santim
    # Several captures of a plan have one share.
    ordered = sorted({line.plan_id or "" for line in lines if line.kind is LineKind.ORDER})
    for plan_id in ordered:
        settlement = await _free_settlement(session=session, plan_id=plan_id, at=at)
        session.add(
            Payout(
                plan_id=plan_id,
                payout_id=settlement.payout_id,
                merchant_id=payout.merchant_id,
                terms_at=payout.terms_at,
                amount_santim=brought[plan_id],
                state=PayoutState.CREATED,
                opened_at=at,
                changed_at=at,
                carried_by=payout.payout_id,
            )
        )
        await session.flush()
        opened = PayoutOpened(
            payout_id=settlement.payout_id,
            merchant_id=payout.merchant_id,
            amount=brought[plan_id],
        )
        await tell(session=session, payout_id=settlement.payout_id, data=opened, at=at)


async def shares_of(*, session: WriteSession, payout_id: str) -> list[Payout]:
    """The shares of a merchant's payout, in the order of their plans."""
    found = await session.scalars(
        select(Payout).where(Payout.carried_by == payout_id).order_by(Payout.plan_id)
    )
    return list(found)


async def pass_on(
    *, session: WriteSession, payout: MerchantPayout, heard: int, at: datetime
) -> None:
    """What was heard of a payout goes for each of its shares."""
    for share in await shares_of(session=session, payout_id=payout.payout_id):
        share.state = payout.state
        share.bank_reference = payout.bank_reference
        share.reason_code = payout.reason_code
        share.changed_at = at
        await session.flush()
        data = PAYOUT_IS[payout.state](
            payout_id=share.payout_id,
            merchant_id=share.merchant_id,
            amount=share.amount_santim,
            reason_code=share.reason_code,
            bank_reference=share.bank_reference,
        )
        await tell(session=session, payout_id=share.payout_id, data=data, at=at, heard=heard)


async def _free_settlement(*, session: WriteSession, plan_id: str, at: datetime) -> Settlement:
    """The plan's newest settlement; a further one of the same money after an earlier payout.

    That was rejected, or had other captures of the plan.
    """
    found = await newest_settlement(session=session, plan_id=plan_id)
    if found is None:
        raise Defect("settlement_missing", f"{plan_id} was never scheduled")
    newest, is_taken = found
    if not is_taken:
        return newest
    further = Settlement(
        plan_id=plan_id,
        payout_id=share_id_of(plan_id=plan_id, number=newest.number + 1),
        number=newest.number + 1,
        merchant_id=newest.merchant_id,
        option=newest.option,
        gross_santim=newest.gross_santim,
        fee_santim=newest.fee_santim,
        net_santim=newest.net_santim,
        activated_on=newest.activated_on,
        protection_days=newest.protection_days,
        due_at=at,
        scheduled_at=at,
    )
    await add_settlement(session=session, settlement=further)
    return further
