"""All that this store knows of a plan, for a run that goes on where a lost one was."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from db.kernel.encryption import Keyring
from db.kernel.engine import ReadSession
from db.payments.tables import Attempt, Refund, Wallet
from db.payments.wallets import further_wallets, wallet_of
from meqenet.payments.wallet_ids import wallet_id_of


@dataclass(frozen=True, kw_only=True)
class StoredOrders:
    """A plan's orders, oldest first, its wallet's phone, and the ids of its further wallets.

    ``msisdn`` None: no wallet is on file.
    """

    msisdn: str | None = field(repr=False)
    further_wallets: Sequence[str]
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
    further = await further_wallets(session=session, plan_id=plan_id)
    return StoredOrders(
        msisdn=msisdn,
        further_wallets=[wallet_id_of(plan_id=plan_id, number=each.number) for each in further],
        attempts=list(attempts),
        refunds=list(refunds),
    )
