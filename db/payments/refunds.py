"""Money on its way back: all refunds of an attempt together never exceed what it has brought."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from sqlalchemy import select

from db.kernel.encryption import Keyring
from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append
from db.payments import heard
from db.payments.attempts import attempt_by_id
from db.payments.bills import paying_phone
from db.payments.tables import Attempt, Refund
from db.payments.wallets import lock_plan
from meqenet.errors import Defect, Mender, Refusal
from meqenet.money import Money, total
from meqenet.payments.attempts import Finding, OrderState, Standing, after_refund_answer
from meqenet.payments.events import REFUND_IS, RefundFindingMade, RefundHeard, RefundOpened
from meqenet.payments.orders import attempt_of, plan_of
from meqenet.payments.rail import RefundAnswer, RefundPayment, WalletProvider


@dataclass(frozen=True, kw_only=True)
class OpenedRefund:
    """A stored refund and the order for the provider."""

    provider: WalletProvider
    order: RefundPayment
    state: OrderState


async def open_refund(
    *,
    session: WriteSession,
    keyring: Keyring,
    refund_id: str,
    attempt_id: str,
    amount: Money,
    reason: str,
    at: datetime,
) -> OpenedRefund:
    """Store the intent to give money back, once; the same refund again is given as it stands.

    It goes to the wallet from which the attempt's money came (:mod:`db.payments.bills`).

    Raises:
        Refusal: ``payer_unknown``: M-PESA has masked the phone that paid.
        Refusal: ``refund_exceeds_payment``: with all refunds that have not failed it would be more
            than the attempt has brought.
        Defect: ``refund_differs``: the id stands for something else; ``order_id_foreign``;
            ``attempt_missing``; ``receipt_missing``: M-PESA reverses by its receipt alone, and
            it is not known yet.
    """
    plan_id = plan_of(order_id=refund_id)
    await lock_plan(session=session, plan_id=plan_id)
    if attempt_of(order_id=refund_id) != attempt_id or refund_id == attempt_id:
        raise Defect("order_id_foreign", f"{refund_id} is not derived from {attempt_id}")
    attempt = await attempt_by_id(session=session, attempt_id=attempt_id)
    brought, receipt = await _brought(session=session, attempt=attempt)
    refund = await session.get(Refund, (plan_id, refund_id))
    if refund is None:
        await _require_covered(session=session, attempt=attempt, amount=amount, brought=brought)
        refund = await _store(
            session=session,
            attempt=attempt,
            refund_id=refund_id,
            amount=amount,
            reason=reason,
            at=at,
        )
    elif (refund.amount_santim, refund.reason) != (amount, reason):
        raise Defect("refund_differs", f"{refund_id} is stored with other content")
    if receipt is None and attempt.provider is WalletProvider.MPESA:
        raise Defect("receipt_missing", f"the receipt of {attempt_id} is not known")
    is_part = amount < brought
    phone = await paying_phone(session=session, keyring=keyring, attempt=attempt, is_part=is_part)
    return OpenedRefund(
        provider=attempt.provider,
        order=RefundPayment(
            refund_id=refund_id,
            order_id=attempt_id,
            receipt=receipt or "",
            amount=amount,
            msisdn=phone,
            is_part=is_part,
        ),
        state=refund.state,
    )


async def record_refund(
    *, session: WriteSession, refund_id: str, answer: RefundAnswer | None, at: datetime
) -> Finding | None:
    """Store what is known of a refund; a final state never changes.

    Raises:
        Defect: ``refund_missing``; ``answer_foreign``.
    """
    plan_id = plan_of(order_id=refund_id)
    await lock_plan(session=session, plan_id=plan_id)
    refund = await session.get(Refund, (plan_id, refund_id))
    if refund is None:
        raise Defect("refund_missing", f"{refund_id} was never opened")
    if answer is not None:
        heard.require_same_order(order_id=refund_id, told_of=answer.refund_id)
    before = _standing(refund)
    after = after_refund_answer(standing=before, answer=answer, at=at)
    number = await heard.keep_answer(
        session=session,
        order_id=refund_id,
        answer=answer,
        source=None,
        finding=after.finding,
        at=at,
    )
    if number is None:
        return after.finding
    if after.standing != before:
        refund.state = after.standing.state
        refund.failure_code = after.standing.failure_code
        refund.receipt = after.standing.receipt
        refund.moved_at = after.standing.moved_at
        refund.changed_at = at
        await session.flush()
    await heard.tell_change(
        session=session,
        order_id=refund_id,
        number=number,
        changed=None if after.standing.state is before.state else _changed(refund),
        found=_found(refund, after.finding),
        at=at,
    )
    return after.finding


async def _brought(*, session: WriteSession, attempt: Attempt) -> tuple[Money, str | None]:
    if attempt.moved_santim is not None:
        return attempt.moved_santim, attempt.receipt
    return await heard.late_money(
        session=session, attempt_id=attempt.attempt_id, asked=attempt.asked_santim
    )


async def _require_covered(
    *, session: WriteSession, attempt: Attempt, amount: Money, brought: Money
) -> None:
    others = await session.scalars(
        select(Refund.amount_santim).where(
            Refund.plan_id == attempt.plan_id,
            Refund.attempt_id == attempt.attempt_id,
            Refund.state != OrderState.FAILED,
        )
    )
    if amount <= Money.zero() or total(others) + amount > brought:
        raise Refusal(
            "refund_exceeds_payment",
            "all refunds of a payment together are at most the payment",
            mender=Mender.MEQENET,
            field="amount",
        )


async def _store(
    *,
    session: WriteSession,
    attempt: Attempt,
    refund_id: str,
    amount: Money,
    reason: str,
    at: datetime,
) -> Refund:
    refund = Refund(
        plan_id=attempt.plan_id,
        refund_id=refund_id,
        attempt_id=attempt.attempt_id,
        amount_santim=amount,
        reason=reason,
        state=OrderState.CREATED,
        opened_at=at,
        changed_at=at,
    )
    session.add(refund)
    await session.flush()
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{refund_id}-opened",
            stream=attempt.plan_id,
            data=RefundOpened(**_told(refund), reason=reason),
            at=at,
        ),
    )
    return refund


def _standing(refund: Refund) -> Standing:
    succeeded = refund.state is OrderState.SUCCEEDED
    return Standing(
        asked=refund.amount_santim,
        state=refund.state,
        failure_code=refund.failure_code,
        receipt=refund.receipt,
        moved=refund.amount_santim if succeeded else None,
        moved_at=refund.moved_at,
    )


class _Told(TypedDict):
    refund_id: str
    attempt_id: str
    amount: Money


def _changed(refund: Refund) -> RefundHeard:
    return REFUND_IS[refund.state](
        **_told(refund), receipt=refund.receipt, moved_at=refund.moved_at
    )


def _found(refund: Refund, finding: Finding | None) -> RefundFindingMade | None:
    return None if finding is None else RefundFindingMade(**_told(refund), finding=finding)


def _told(refund: Refund) -> _Told:
    return {
        "refund_id": refund.refund_id,
        "attempt_id": refund.attempt_id,
        "amount": refund.amount_santim,
    }
