"""What the postings of plans have moved on one provider's account."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.kernel.engine import ReadSession
from db.ledger.tables import LedgerEntry, LedgerTransaction
from meqenet.identity import is_replay, order_of_posting
from meqenet.ledger.accounts import AccountName, Side
from meqenet.money import Money

_BANK: Final = "bank"


async def cleared(
    *, session: ReadSession, provider: str, plan_ids: Sequence[str]
) -> dict[str, Money]:
    """By order, what it has moved, whichever way; what was posted wrongly has not.

    An order is named by its posting's id. What a replay of the plan's payments has taken back had
    moved, and what it has posted anew moves nothing again.

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
    found = await session.execute(
        select(LedgerTransaction.posting_id, LedgerTransaction.reverses).where(
            LedgerTransaction.plan_id == wanted, LedgerTransaction.reverses.is_not(None)
        )
    )
    taken_back = [(by, posting_id) for by, posting_id in found if posting_id is not None]
    gone = {posting_id for _, posting_id in taken_back}
    # The money had come, and went by a replay: on the day of its coming the statement has it, too.
    replayed = {posting_id for by, posting_id in taken_back if is_replay(posting_id=by)}
    orders: dict[str, Money] = {}
    # What was posted first comes last, so that what a replay has posted anew in its place counts.
    for posting_id in sorted(moved, key=lambda each: (each in gone, each)):
        order_id, amount = order_of_posting(posting_id=posting_id), moved[posting_id]
        is_here = posting_id not in gone or posting_id in replayed
        if amount and is_here:
            orders.setdefault(order_id, max(amount, -amount))
    return orders
