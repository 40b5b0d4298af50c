"""Attempts to collect: the intent is stored before it is sent, and what is heard of it after."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from sqlalchemy import exists, select

from db.kernel.encryption import Keyring
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.payments import heard, late_money
from db.payments.tables import Attempt
from db.payments.wallets import OpenWallet, lock_plan, wallet_of
from meqenet.errors import Defect, Mender, Refusal
from meqenet.money import Money
from meqenet.payments.attempts import Finding, OrderState, Standing, after_answer
from meqenet.payments.causes import RECEIPT_KNOWN, FailureCause, cause_of
from meqenet.payments.channels import Channel
from meqenet.payments.events import ATTEMPT_IS, AttemptFindingMade, AttemptHeard, AttemptOpened
from meqenet.payments.orders import installment_of, plan_of
from meqenet.payments.rail import PaymentAnswer, RailStatus, WalletProvider
from meqenet.payments.wallet_ids import wallet_number


@dataclass(frozen=True, kw_only=True)
class OpenedAttempt:
    """A stored attempt and the wallet that it asks."""

    attempt: Attempt
    wallet: OpenWallet


@dataclass(frozen=True, kw_only=True)
class NewAttempt:
    """The intent to collect.

    Attributes:
        attempt_id: its id.
        plan_id: the plan.
        installment_id: what is collected.
        channel: how it is asked for.
        amount: how much.
        at: now, by the plan's clock.
        wallet_id: which of the plan's wallets is asked; None is its own.
        is_part: it asks for a part of what is owed of the installment; the rest is asked for next.
    """

    attempt_id: str
    plan_id: str
    installment_id: str
    channel: str
    amount: Money
    at: datetime
    wallet_id: str | None = None
    is_part: bool = False


async def open_attempt(
    *, session: WriteSession, keyring: Keyring, new: NewAttempt
) -> OpenedAttempt:
    """Store the intent to collect, once; the same attempt again is given as it stands.

    Args:
        session: the transaction.
        keyring: opens the wallet's phone.
        new: the intent.

    Raises:
        Refusal: ``attempt_open``: another attempt of the installment has not ended;
            ``installment_paid``: one has brought the money, be it after it had counted as failed.
        Defect: ``attempt_differs``: the id stands for something else; ``order_id_foreign``: it is
            not derived from the installment and the plan; ``wallet_missing``; ``wallet_foreign``.
    """
    plan_id, attempt_id, installment_id = new.plan_id, new.attempt_id, new.installment_id
    await lock_plan(session=session, plan_id=plan_id)
    parents = (plan_of(order_id=attempt_id), installment_of(order_id=attempt_id))
    if parents != (plan_id, installment_id):
        raise Defect("order_id_foreign", f"{attempt_id} is not derived from {installment_id}")
    number = wallet_number(plan_id=plan_id, wallet_id=new.wallet_id)
    wallet = await wallet_of(session=session, keyring=keyring, plan_id=plan_id, number=number)
    stored = await session.get(Attempt, (plan_id, attempt_id))
    if stored is not None:
        content = (stored.channel, stored.asked_santim, stored.wallet_number, stored.is_part)
        if content != (new.channel, new.amount, number, new.is_part):
            raise Defect("attempt_differs", f"{attempt_id} is stored with other content")
        return OpenedAttempt(attempt=stored, wallet=wallet)
    await _require_collectable(session=session, plan_id=plan_id, installment_id=installment_id)
    attempt = Attempt(
        plan_id=plan_id,
        attempt_id=attempt_id,
        installment_id=installment_id,
        channel=new.channel,
        # Whoever pays to our short code does so by M-PESA, whatever the plan's wallet is.
        provider=WalletProvider.MPESA if new.channel == Channel.PAY_BILL else wallet.provider,
        asked_santim=new.amount,
        state=OrderState.CREATED,
        opened_at=new.at,
        changed_at=new.at,
        wallet_number=number,
        is_part=new.is_part,
    )
    session.add(attempt)
    await session.flush()
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{attempt_id}-opened",
            stream=plan_id,
            data=AttemptOpened(**_told(attempt), channel=new.channel),
            at=new.at,
        ),
    )
    return OpenedAttempt(attempt=attempt, wallet=wallet)


async def record_answer(
    *,
    session: WriteSession,
    attempt_id: str,
    answer: PaymentAnswer | None,
    source: str,
    at: datetime,
) -> tuple[Attempt, Finding | None]:
    """Store what is known now, by the rule of :mod:`meqenet.payments.attempts`.

    Money of an installment that another attempt has paid is a surplus from then on.

    Returns:
        The attempt after it, and what is wrong with the answer. Of ``AMOUNT_DIFFERS`` the caller
        raises a defect once the evidence is committed.

    Raises:
        Defect: ``attempt_missing``; ``answer_foreign``.
    """
    plan_id = plan_of(order_id=attempt_id)
    await lock_plan(session=session, plan_id=plan_id)
    attempt = await attempt_by_id(session=session, attempt_id=attempt_id)
    if answer is not None:
        heard.require_same_order(order_id=attempt_id, told_of=answer.order_id)
        if await _is_money_of_another(session, attempt=attempt, answer=answer):
            answer = PaymentAnswer(
                order_id=attempt_id, status=RailStatus.FAILED, failure_code=RECEIPT_KNOWN
            )
    before = standing_of(attempt=attempt)
    settled_by = None
    if answer is not None and answer.status is RailStatus.SUCCEEDED:
        settled_by = await late_money.paid_by(session=session, attempt=attempt)
    # A part that comes after its attempt had failed may have been asked for again: it is a credit.
    is_late_part = attempt.is_part and before.state is OrderState.FAILED
    is_beside = settled_by is not None or is_late_part
    after = after_answer(standing=before, answer=answer, at=at, late_money_counts=is_beside)
    number = await heard.keep_answer(
        session=session,
        order_id=attempt_id,
        answer=answer,
        source=source,
        finding=after.finding,
        at=at,
    )
    if number is not None:
        is_news = after.standing.state is not before.state
        is_surplus = is_news and is_beside
        take_over(attempt=attempt, standing=after.standing, at=at, is_surplus=is_surplus)
        await session.flush()
        await heard.tell_change(
            session=session,
            order_id=attempt_id,
            number=number,
            changed=told_change(attempt=attempt) if is_news else None,
            found=_found(attempt, after.finding),
            at=at,
        )
        if is_surplus:
            await late_money.tell_surplus(
                session=session, attempt=attempt, settled_by=settled_by, at=at
            )
    return attempt, after.finding


async def _is_money_of_another(
    session: ReadSession, *, attempt: Attempt, answer: PaymentAnswer
) -> bool:
    """Whether money that is told to have come unasked is what a prompt of ours has brought.

    M-PESA may confirm that to the short code as well; one receipt is one payment.
    """
    is_told = answer.status is RailStatus.SUCCEEDED and answer.receipt is not None
    if attempt.channel != Channel.PAY_BILL or not is_told:
        return False
    others = exists().where(
        Attempt.plan_id == attempt.plan_id,
        Attempt.attempt_id != attempt.attempt_id,
        Attempt.provider == attempt.provider,
        Attempt.receipt == answer.receipt,
    )
    return bool(await session.scalar(select(others)))


async def attempt_by_id(*, session: ReadSession, attempt_id: str) -> Attempt:
    """The stored attempt.

    Raises:
        Defect: ``attempt_missing``: it was never opened.
    """
    attempt = await session.get(Attempt, (plan_of(order_id=attempt_id), attempt_id))
    if attempt is None:
        raise Defect("attempt_missing", f"{attempt_id} was never opened")
    return attempt


async def _require_collectable(*, session: WriteSession, plan_id: str, installment_id: str) -> None:
    """Let no second order out while one is open, nor after the money has come."""
    siblings = (Attempt.plan_id == plan_id) & (Attempt.installment_id == installment_id)
    made = list(
        await session.execute(
            select(Attempt.state, Attempt.is_part, Attempt.replay_id).where(siblings)
        )
    )
    states = {state for state, _, _ in made}
    is_paid = any(
        state is OrderState.SUCCEEDED and not is_part and replay is None
        for state, is_part, replay in made
    )
    if is_paid or await session.scalar(
        select(exists().where(siblings, late_money.came_late(), Attempt.is_part.is_(False)))
    ):
        raise Refusal("installment_paid", f"{installment_id} has been paid", mender=Mender.MEQENET)
    if any(not state.is_final for state in states):
        raise Refusal(
            "attempt_open",
            f"another attempt of {installment_id} has not ended",
            mender=Mender.NOBODY,
        )


def standing_of(*, attempt: Attempt) -> Standing:
    """What is known of a stored attempt."""
    return Standing(
        asked=attempt.asked_santim,
        state=attempt.state,
        provider_reference=attempt.provider_reference,
        failure_code=attempt.failure_code,
        receipt=attempt.receipt,
        moved=attempt.moved_santim,
        moved_at=attempt.moved_at,
    )


def take_over(*, attempt: Attempt, standing: Standing, at: datetime, is_surplus: bool) -> None:
    """Write a new standing to the stored attempt; ``is_surplus``: its money pays nothing."""
    if standing == standing_of(attempt=attempt):
        return
    attempt.state = standing.state
    attempt.provider_reference = standing.provider_reference
    attempt.failure_code = standing.failure_code
    attempt.receipt = standing.receipt
    attempt.moved_santim = standing.moved
    attempt.moved_at = standing.moved_at
    attempt.changed_at = at
    attempt.surplus_at = at if is_surplus else attempt.surplus_at
    attempt.cause = None
    if standing.state is OrderState.FAILED:
        attempt.cause = cause_of(
            provider=attempt.provider,
            code=standing.failure_code,
            under_mandate=attempt.channel == Channel.MANDATE,
        )


class _Told(TypedDict):
    attempt_id: str
    installment_id: str
    provider: WalletProvider
    amount: Money
    cause: FailureCause | None


def told_change(*, attempt: Attempt) -> AttemptHeard:
    """What is told of an attempt's new state."""
    return ATTEMPT_IS[attempt.state](
        **_told(attempt), receipt=attempt.receipt, moved_at=attempt.moved_at
    )


def _found(attempt: Attempt, finding: Finding | None) -> AttemptFindingMade | None:
    return None if finding is None else AttemptFindingMade(**_told(attempt), finding=finding)


def _told(attempt: Attempt) -> _Told:
    return {
        "attempt_id": attempt.attempt_id,
        "installment_id": attempt.installment_id,
        "provider": attempt.provider,
        "amount": attempt.asked_santim,
        "cause": attempt.cause,
    }
