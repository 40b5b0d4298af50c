"""All that this store knows of a plan, for a run that goes on where a lost one was."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from db.kernel.encryption import Keyring
from db.kernel.engine import ReadSession
from db.payments.tables import Attempt, Refund, Wallet
from db.payments.wallets import wallet_of


@dataclass(frozen=True, kw_only=True)
class StoredOrders:
    """A plan's orders, oldest first, and its wallet's phone; None when no wallet is on file."""

    msisdn: str | None = field(repr=False)
    attempts: Sequence[Attempt]
    refunds: Sequence[Refund]


async def orders_of(*, session: ReadSession, keyring: Keyring, plan_id: str) -> StoredOrders:
    """Every order of a plan to a wallet provider.

    Raises:
        Refusal: ``person_erased``.
    """
    attempts = await session.scalars(
        select(Attempt)
        .where(Attempt.plan_id == plan_id)
        .order_by(Attempt.opened_at, Attempt.attempt_id)
    )
    refunds = await session.scalars(
        select(Refund).where(Refund.plan_id == plan_id).order_by(Refund.opened_at, Refund.refund_id)
    )
    msisdn: str | None = None
    if await session.get(Wallet, plan_id) is not None:
        wallet = await wallet_of(session=session, keyring=keyring, plan_id=plan_id)
        msisdn = wallet.msisdn
    return StoredOrders(msisdn=msisdn, attempts=list(attempts), refunds=list(refunds))
