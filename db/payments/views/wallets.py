"""The wallets from which a plan may be paid, without their phones."""

from dataclasses import dataclass
from datetime import datetime

from db.kernel.engine import ReadSession
from db.payments.tables import Wallet
from db.payments.wallets import further_wallets
from meqenet.payments.rail import WalletProvider
from meqenet.payments.wallet_ids import wallet_id_of


@dataclass(frozen=True, kw_only=True)
class WalletView:
    """A wallet on file. ``is_own``: the customer named it at checkout."""

    wallet_id: str
    provider: WalletProvider
    is_own: bool
    since: datetime


async def wallets_of(*, session: ReadSession, plan_id: str) -> tuple[WalletView, ...]:
    """A plan's wallets: its own, then the others in the order in which they are asked."""
    own = await session.get(Wallet, plan_id)
    if own is None:
        return ()
    further = await further_wallets(session=session, plan_id=plan_id)
    return (
        WalletView(
            wallet_id=wallet_id_of(plan_id=plan_id),
            provider=own.provider,
            is_own=True,
            since=own.registered_at,
        ),
        *(
            WalletView(
                wallet_id=wallet_id_of(plan_id=plan_id, number=each.number),
                provider=each.provider,
                is_own=False,
                since=each.registered_at,
            )
            for each in further
        ),
    )
