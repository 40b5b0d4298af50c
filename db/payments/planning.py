"""What is stored of an installment that decides on its next attempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, func, literal, select, type_coerce

from db.kernel.engine import ReadSession
from db.payments.tables import Attempt, FurtherWallet, Mandate, Wallet
from db.payments.wallets import further_wallets, own_wallet
from meqenet.calendar import addis_date, at_addis
from meqenet.errors import Defect
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.channels import Channel
from meqenet.payments.failures import FailedAttempt
from meqenet.payments.orders import attempt_number
from meqenet.payments.planning import Collectable
from meqenet.payments.routing import MandateOnFile, WalletOnFile
from meqenet.payments.wallet_ids import OWN_WALLET, wallet_id_of


@dataclass(frozen=True, kw_only=True)
class StoredCollectable:
    """``contract_no`` is that of the own wallet's mandate; None where there cannot be one."""

    collectable: Collectable
    contract_no: str | None


async def collectable_of(
    *,
    session: ReadSession,
    plan_id: str,
    installment_id: str,
    amount: Money,
    due_on: date,
    mended_at: datetime | None,
    asked_from: int | None,
    chosen: str | None,
    at: datetime,
) -> StoredCollectable:
    """An installment with its failures and the wallets that may pay it, as they stand.

    Args:
        session: the transaction.
        plan_id: the plan.
        installment_id: its installment.
        amount: what is to be collected.
        due_on: the Addis Ababa date on which it falls due.
        mended_at: when somebody last asked for another attempt.
        asked_from: the number of the attempt that was asked for.
        chosen: id of the wallet that the customer wants to pay from.
        at: the present, by the plan's clock.

    Raises:
        Defect: ``wallet_missing``: none was registered.
    """
    wallet = await own_wallet(session=session, plan_id=plan_id)
    others = await further_wallets(session=session, plan_id=plan_id)
    failed = await _failed(session=session, plan_id=plan_id, installment_id=installment_id)
    return StoredCollectable(
        collectable=Collectable(
            plan_id=plan_id,
            amount=amount,
            due_on=due_on,
            wallet=WalletOnFile(
                wallet_id=wallet_id_of(plan_id=plan_id),
                provider=wallet.provider,
                mandate=await _mandate_of(session=session, wallet=wallet),
            ),
            others=tuple(
                WalletOnFile(
                    wallet_id=wallet_id_of(plan_id=plan_id, number=other.number),
                    provider=other.provider,
                )
                for other in others
            ),
            failures=tuple(_failure(attempt, asked_from=asked_from) for attempt in failed),
            paid_today={
                wallet_id_of(plan_id=plan_id, number=number): await _paid_on(
                    session=session, phone=phone, day=addis_date(at=at)
                )
                for number, phone in (
                    (OWN_WALLET, wallet.msisdn_index),
                    *((other.number, other.msisdn_index) for other in others),
                )
            },
            mended_at=mended_at,
            now=at,
            chosen=chosen,
        ),
        contract_no=wallet.contract_no,
    )


async def _failed(*, session: ReadSession, plan_id: str, installment_id: str) -> Sequence[Attempt]:
    found = await session.scalars(
        select(Attempt)
        .where(
            Attempt.plan_id == plan_id,
            Attempt.installment_id == installment_id,
            Attempt.state == OrderState.FAILED,
        )
        # On a test clock several may be of one instant; their numbers tell them apart.
        .order_by(Attempt.opened_at, func.length(Attempt.attempt_id), Attempt.attempt_id)
    )
    return found.all()


async def _mandate_of(*, session: ReadSession, wallet: Wallet) -> MandateOnFile | None:
    if wallet.contract_no is None:
        return None
    stored = await session.get(Mandate, (wallet.plan_id, wallet.contract_no))
    if stored is None:
        return None
    return MandateOnFile(
        status=stored.status,
        debit_limit=stored.debit_limit_santim,
        heard_at=stored.heard_at,
    )


def _failure(attempt: Attempt, *, asked_from: int | None) -> FailedAttempt:
    if attempt.cause is None:
        raise Defect("cause_missing", f"{attempt.attempt_id} has failed without a cause")
    return FailedAttempt(
        wallet_id=wallet_id_of(plan_id=attempt.plan_id, number=attempt.wallet_number),
        channel=Channel(attempt.channel),
        cause=attempt.cause,
        opened_at=attempt.opened_at,
        failed_at=attempt.changed_at,
        is_since_asked=asked_from is not None
        and attempt_number(order_id=attempt.attempt_id) >= asked_from,
    )


async def _paid_on(*, session: ReadSession, phone: bytes, day: date) -> Money:
    """What this phone's wallet has paid on an Addis Ababa date, over all plans that know it."""
    begins = at_addis(on=day, hour=0)
    own = select(Wallet.plan_id, literal(OWN_WALLET).label("number")).where(
        Wallet.msisdn_index == phone
    )
    further = select(FurtherWallet.plan_id, FurtherWallet.number).where(
        FurtherWallet.msisdn_index == phone
    )
    known = own.union_all(further).subquery()
    santim = await session.scalar(
        select(func.sum(type_coerce(Attempt.moved_santim, BigInteger)))
        .join(
            known,
            (known.c.plan_id == Attempt.plan_id) & (known.c.number == Attempt.wallet_number),
        )
        .where(
            Attempt.state == OrderState.SUCCEEDED,
            Attempt.moved_at >= begins,
            Attempt.moved_at < begins + timedelta(days=1),
        )
    )
    # PostgreSQL sums BIGINT as NUMERIC.
    return Money(int(santim or 0))
