"""An attempt that is on file, and about which nothing is known."""

from datetime import datetime

from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.payments import attempts, wallets
from meqenet.identity import attempt_id, installment_id
from meqenet.money import Money
from meqenet.payments.rail import WalletProvider

PHONE = "251711223344"


async def attempt_on_file(
    *, payments: Database, keyring: Keyring, plan_id: str, at: datetime, number: int = 1
) -> str:
    """Put the plan's wallet and the first attempt at one installment on file; the attempt's id."""
    parent = installment_id(plan_id=plan_id, number=number)
    order = attempt_id(installment_id=parent, number=1)
    async with payments.write() as session:
        await wallets.register_wallet(
            session=session,
            keyring=keyring,
            plan_id=plan_id,
            provider=WalletProvider.MPESA,
            msisdn=PHONE,
            contract_no=None,
            at=at,
        )
        await attempts.open_attempt(
            session=session,
            keyring=keyring,
            new=attempts.NewAttempt(
                attempt_id=order,
                plan_id=plan_id,
                installment_id=parent,
                channel="push",
                amount=Money(25_000),
                at=at,
            ),
        )
    return order
