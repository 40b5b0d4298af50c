"""A merchant's payout after its close: what it is sent by, what was heard of it, and its end."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from db.kernel.encryption import Keyring
from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append
from db.settlement.answers import hear
from db.settlement.captured import Release, held_lines, releases_of
from db.settlement.lines import NewLine, add_line, lines_of_payout, lock_merchant
from db.settlement.merchants import account_of
from db.settlement.shares import pass_on, shares_of
from db.settlement.tables import MerchantPayout, Payout, SettlementLine
from meqenet.errors import Defect, Mender, Refusal
from meqenet.event_chain import canonical_json
from meqenet.event_types import EventData
from meqenet.money import Money, total
from meqenet.settlement.events import (
    MerchantPayoutFinished,
    MerchantPayoutHeard,
    MerchantPayoutRetryAsked,
    MerchantPayoutUnproven,
)
from meqenet.settlement.lines import LineKind, LineMoney
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import CreditTransfer, TransferAnswer


@dataclass(frozen=True, kw_only=True)
class PlanShare:
    """What a plan has in a payout.

    Attributes:
        payout_id: the plan's own number of it; None of a plan whose order is not in this payout.
        amount: what its payable lines in the payout come to.
        owed: what all its payable lines come to that no settled payout has paid.
        protected: what of it was held for the buyer until now.
        releases: of an order that its merchant captures itself, the same by capture.
    """

    plan_id: str
    payout_id: str | None
    amount: Money
    owed: Money
    protected: Money
    releases: tuple[Release, ...] = ()


async def transfer_of(
    *, session: WriteSession, keyring: Keyring, payout: MerchantPayout
) -> CreditTransfer:
    """The order that pays it, to the account of the terms under which it was opened.

    Raises:
        Refusal: ``merchant_terms_missing``; ``person_erased``.
    """
    account = await account_of(
        session=session,
        keyring=keyring,
        merchant_id=payout.merchant_id,
        terms_at=payout.terms_at,
    )
    return CreditTransfer(
        end_to_end_id=payout.payout_id,
        creditor=account,
        amount=payout.amount_santim,
        remittance=f"Meqenet {payout.day:%Y-%m-%d}",
    )


async def plan_shares(*, session: WriteSession, payout: MerchantPayout) -> tuple[PlanShare, ...]:
    """What each plan has in the payout, in the order of their ids."""
    lines = await lines_of_payout(session=session, payout_id=payout.payout_id)
    shares = await shares_of(session=session, payout_id=payout.payout_id)
    own_ids = {share.plan_id: share.payout_id for share in shares}
    payable = [line for line in lines if line.money is LineMoney.PAYABLE]
    plans = sorted({line.plan_id for line in payable if line.plan_id is not None})
    owed = await _owed(session=session, plans=plans)
    releases = await releases_of(session=session, lines=payable)
    return tuple(
        PlanShare(
            plan_id=plan_id,
            payout_id=own_ids.get(plan_id),
            amount=total(line.net_santim for line in payable if line.plan_id == plan_id),
            owed=owed[plan_id],
            protected=total(
                line.net_santim for line in payable if line.plan_id == plan_id and line.is_protected
            ),
            releases=releases.get(plan_id, ()),
        )
        for plan_id in plans
    )


async def record_answer(
    *, session: WriteSession, payout_id: str, answer: TransferAnswer | None, at: datetime
) -> bool:
    """Store what the provider said; a final state never changes. A rejection frees the lines.

    Returns:
        Whether the answer contradicts what is known. The caller raises a defect once the evidence
        is committed.

    Raises:
        Defect: ``payout_missing``; ``answer_foreign``.
    """
    payout = await _locked(session=session, payout_id=payout_id)
    heard = await hear(
        session=session, stream=payout.payday_id, payout=payout, answer=answer, at=at
    )
    if heard.number is None:
        return heard.contradicts
    if heard.is_changed or heard.contradicts:
        told = MerchantPayoutHeard(
            payout_id=payout_id,
            merchant_id=payout.merchant_id,
            amount=payout.amount_santim,
            state=payout.state,
            contradicts=heard.contradicts,
            reason_code=payout.reason_code,
            bank_reference=payout.bank_reference,
        )
        await _tell(session=session, payout=payout, what=f"heard-{heard.number}", data=told, at=at)
    if heard.is_changed:
        await pass_on(session=session, payout=payout, heard=heard.number, at=at)
    if heard.is_changed and payout.state is PayoutState.REJECTED:
        await _free_lines(session=session, payout=payout)
    return heard.contradicts


async def record_unproven(
    *, session: WriteSession, payout_id: str, differences: Sequence[str]
) -> None:
    """Tell that the lines and the ledger do not agree; the same differences are told once."""
    payout = await _locked(session=session, payout_id=payout_id)
    told = MerchantPayoutUnproven(
        payout_id=payout_id, merchant_id=payout.merchant_id, differences=tuple(differences)
    )
    digest = hashlib.sha256(canonical_json(value=told)).hexdigest()[:12]
    await _tell(
        session=session, payout=payout, what=f"unproven-{digest}", data=told, at=payout.opened_at
    )


async def finish(*, session: WriteSession, payout_id: str, at: datetime) -> MerchantPayout:
    """Nothing is left to do for it; what was kept as a reserve has its day. Again: nothing.

    Raises:
        Defect: ``payout_missing``; ``payout_under_way`` while its end is not known.
    """
    payout = await _locked(session=session, payout_id=payout_id)
    if payout.finished_at is not None:
        return payout
    if not payout.state.is_final:
        raise Defect("payout_under_way", f"{payout_id} is {payout.state}: its end is not known")
    payout.finished_at = at
    await session.flush()
    if payout.state is PayoutState.SETTLED and payout.reserve_held_santim:
        await add_line(
            session=session,
            line=NewLine(
                line_id=f"{payout_id}-released",
                merchant_id=payout.merchant_id,
                clock_id=payout.clock_id,
                kind=LineKind.RESERVE_RELEASED,
                money=LineMoney.RESERVE,
                gross=payout.reserve_held_santim,
                fee=Money.zero(),
                tax=Money.zero(),
                available_at=payout.reserve_until,
                stream=payout.payday_id,
            ),
            at=at,
        )
    told = MerchantPayoutFinished(
        payout_id=payout_id, merchant_id=payout.merchant_id, state=payout.state
    )
    await _tell(session=session, payout=payout, what="finished", data=told, at=at)
    return payout


async def let_retry(
    *, session: WriteSession, payout_id: str, who: str, why: str, at: datetime
) -> MerchantPayout:
    """Let a merchant be paid again after a rejected payout; done once, it stays.

    Raises:
        Refusal: ``payout_unknown``; ``payout_not_refused``.
    """
    payout = await session.get(MerchantPayout, payout_id)
    if payout is None:
        raise Refusal(
            "payout_unknown",
            "payout: there is no such payout",
            mender=Mender.MEQENET,
            field="payout",
        )
    payout = await _locked(session=session, payout_id=payout_id)
    if payout.state is not PayoutState.REJECTED or payout.finished_at is None:
        raise Refusal(
            "payout_not_refused",
            f"payout: it is {payout.state}; only a rejected payout is sent again",
            mender=Mender.MEQENET,
            field="payout",
        )
    if payout.retried_by is not None:
        return payout
    payout.retried_by, payout.retried_because = who, why
    await session.flush()
    told = MerchantPayoutRetryAsked(
        payout_id=payout_id, merchant_id=payout.merchant_id, who=who, why=why
    )
    await _tell(session=session, payout=payout, what="retry", data=told, at=at)
    return payout


async def _locked(*, session: WriteSession, payout_id: str) -> MerchantPayout:
    payout = await session.get(MerchantPayout, payout_id)
    if payout is None:
        raise Defect("payout_missing", f"{payout_id} was never opened")
    await lock_merchant(session=session, merchant_id=payout.merchant_id)
    await session.refresh(payout)
    return payout


async def _owed(*, session: WriteSession, plans: Sequence[str]) -> dict[str, Money]:
    found = await session.scalars(
        select(SettlementLine)
        .outerjoin(MerchantPayout, MerchantPayout.payout_id == SettlementLine.payout_id)
        .where(
            SettlementLine.plan_id.in_(plans),
            SettlementLine.money == LineMoney.PAYABLE,
            MerchantPayout.state.is_distinct_from(PayoutState.SETTLED),
        )
    )
    lines = found.all()
    held = await held_lines(session=session, lines=lines)
    owed = dict.fromkeys(plans, Money.zero())
    for line in lines:
        if line.plan_id is not None and line.line_id not in held:
            owed[line.plan_id] += line.net_santim
    return owed


async def _free_lines(*, session: WriteSession, payout: MerchantPayout) -> None:
    """All but what the payout itself had kept: that was of this payout alone."""
    await session.execute(
        update(SettlementLine)
        .where(
            SettlementLine.payout_id == payout.payout_id,
            SettlementLine.kind != LineKind.RESERVE_HELD,
        )
        .values(payout_id=None)
    )


async def _tell(
    *, session: WriteSession, payout: MerchantPayout, what: str, data: EventData, at: datetime
) -> None:
    event_id = f"{payout.payout_id}-{what}"
    event = NewEvent.of(event_id=event_id, stream=payout.payday_id, data=data, at=at)
    await append(session=session, event=event)


async def share_of(*, session: WriteSession, plan_id: str) -> Payout | None:
    """The plan's newest share in a payout, or none while none has taken it."""
    found: Payout | None = await session.scalar(
        select(Payout)
        .where(Payout.plan_id == plan_id, Payout.carried_by.is_not(None))
        .order_by(Payout.opened_at.desc(), Payout.payout_id.desc())
        .limit(1)
    )
    return found
