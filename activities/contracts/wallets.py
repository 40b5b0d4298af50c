"""Further wallets of a customer, from which a plan may be paid beside its own."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from activities.contracts.step import Step
from meqenet.payments.rail import WalletProvider


@dataclass(frozen=True, kw_only=True)
class FileWallet:
    """Put a further wallet of the customer on file. Its phone is private."""

    plan_id: str
    provider: WalletProvider
    msisdn: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, kw_only=True)
class WalletFiled:
    """The wallet's opaque id; the same for the same phone."""

    wallet_id: str


FILE_WALLET = Step(name="payments.file_wallet", command=FileWallet, result=WalletFiled)


class WalletSteps(Protocol):
    """The payments domain's steps for further wallets."""

    async def file_wallet(self, command: FileWallet) -> WalletFiled:
        """The phone is stored encrypted; the same phone twice is one wallet.

        Refusals: ``wallet_is_own`` (the plan's own wallet has this phone), ``wallets_full``.
        """
        ...
