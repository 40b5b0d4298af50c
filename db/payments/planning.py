"""What is stored of an installment that decides on its next attempt."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, func, select, type_coerce

from db.kernel.engine import ReadSession
from db.payments.tables import Attempt, Mandate, Wallet
from meqenet.calendar import addis_date, at_addis
from meqenet.errors import Defect
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.channels import Channel
from meqenet.payments.failures import FailedAttempt
from meqenet.payments.planning import Collectable
from meqenet.payments.routing import MandateOnFile, WalletOnFile


@dataclass(frozen=True, kw_only=True)
class StoredCollectable:
    """``contract_no`` is that of the wallet's mandate; None where there cannot be one."""

    collectable: Collectable
    contract_no: str | None


def wallet_id_of(*, plan_id: str) -> str:
    """The opaque id of the wallet that pays a plan."""
    return f"{plan_id}-w1"


async def collectable_of(
    *,
    session: ReadSession,
    plan_id: str,
    installment_id: str,
    amount: Money,
    due_on: date,
    mended_at: datetime | None,
    at: datetime,
) -> StoredCollectable:
    """An installment with its failures and the wallet that pays it, as they stand.

    Raises:
        Defect: ``wallet_missing``: none was registered.
    """
    wallet = await session.get(Wallet, plan_id)
    if wallet is None:
        raise Defect("wallet_missing", f"no wallet is on file for {plan_id}")
    failed = await session.scalars(
        select(Attempt)
        .where(
            Attempt.plan_id == plan_id,
            Attempt.installment_id == installment_id,
            Attempt.state == OrderState.FAILED,
        )
        .order_by(Attempt.opened_at, Attempt.attempt_id)
    )
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
            failures=tuple(_failure(attempt) for attempt in failed),
            paid_today=await _paid_on(session=session, wallet=wallet, day=addis_date(at=at)),
            mended_at=mended_at,
            now=at,
        ),
        contract_no=wallet.contract_no,
    )


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


def _failure(attempt: Attempt) -> FailedAttempt:
    if attempt.cause is None:
        raise Defect("cause_missing", f"{attempt.attempt_id} has failed without a cause")
    return FailedAttempt(
        wallet_id=wallet_id_of(plan_id=attempt.plan_id),
        channel=Channel(attempt.channel),
        cause=attempt.cause,
        opened_at=attempt.opened_at,
        failed_at=attempt.changed_at,
    )


async def _paid_on(*, session: ReadSession, wallet: Wallet, day: date) -> Money:
    """What this phone's wallet has paid on an Addis Ababa date, over all of its plans."""
    begins = at_addis(on=day, hour=0)
    santim = await session.scalar(
        select(func.sum(type_coerce(Attempt.moved_santim, BigInteger)))
        .join(Wallet, Wallet.plan_id == Attempt.plan_id)
        .where(
            Wallet.provider == wallet.provider,
            Wallet.msisdn_index == wallet.msisdn_index,
            Attempt.state == OrderState.SUCCEEDED,
            Attempt.moved_at >= begins,
            Attempt.moved_at < begins + timedelta(days=1),
        )
    )
    # PostgreSQL sums BIGINT as NUMERIC.
    return Money(int(santim or 0))
