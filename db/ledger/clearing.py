"""What the postings of plans have moved on one provider's account."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.kernel.engine import ReadSession
from db.ledger.tables import LedgerEntry, LedgerTransaction
from meqenet.ledger.accounts import AccountName, Side
from meqenet.money import Money

_BANK: Final = "bank"


async def cleared(
    *, session: ReadSession, provider: str, plan_ids: Sequence[str]
) -> dict[str, Money]:
    """By posting id, what it has moved, whichever way; a posting that was reversed has not.

    Args:
        session: reads the ledger.
        provider: a wallet provider, or ``bank``.
        plan_ids: whose postings.
    """
    bank = provider == _BANK
    name = AccountName.BANK_CLEARING if bank else AccountName.PROVIDER_CLEARING
    account = name.value if bank else f"{name.value}:{provider}"
    wanted = any_(literal(list(plan_ids), ARRAY(Text)))
    moved: dict[str, Money] = {}
    for entry in await session.scalars(
        select(LedgerEntry).where(
            LedgerEntry.plan_id == wanted, LedgerEntry.account_code == account
        )
    ):
        signed = entry.amount_santim if entry.side is Side.DEBIT else -entry.amount_santim
        moved[entry.posting_id] = moved.get(entry.posting_id, Money.zero()) + signed
    reversed_ids = await session.scalars(
        select(LedgerTransaction.reverses).where(
            LedgerTransaction.plan_id == wanted, LedgerTransaction.reverses.is_not(None)
        )
    )
    gone = set(reversed_ids)
    return {
        posting_id: max(amount, -amount)
        for posting_id, amount in moved.items()
        if amount and posting_id not in gone
    }
