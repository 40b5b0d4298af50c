"""What a merchant is owed by the books, beside what a payout's lines say."""

from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    any_,
    case,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY

from db.kernel.engine import ReadSession
from db.ledger.tables import LedgerEntry
from meqenet.ledger.accounts import Account, AccountName, Side
from meqenet.money import Money


async def differences(
    *,
    session: ReadSession,
    merchant_id: str,
    owed: Mapping[str, Money],
    owed_back: Money,
    reserve_released: Money,
) -> tuple[str, ...]:
    """Where the books do not have what a payout's lines say; none when all of it is there.

    Args:
        session: reads the ledger.
        merchant_id: who is paid.
        owed: by plan, what is payable of it.
        owed_back: what the merchant owes at least.
        reserve_released: what of its money is kept at least.
    """
    found: list[str] = []
    account = Account(name=AccountName.MERCHANT_PAYABLE, owner_id=merchant_id)
    payable = await _by_plan(session, account, plans=list(owed))
    for plan_id, expected in sorted(owed.items()):
        booked = payable.get(plan_id, Money.zero())
        if booked != expected:
            found.append(f"{plan_id}: {expected} by the lines, {booked} by the ledger")
    for name, sign, needed in (
        (AccountName.MERCHANT_RECEIVABLE, -1, owed_back),
        (AccountName.MERCHANT_RESERVE, 1, reserve_released),
    ):
        if not needed:
            continue
        booked = await _balance(session, Account(name=name, owner_id=merchant_id)) * sign
        if booked < needed:
            found.append(f"{name}: {needed} by the lines, {booked} by the ledger")
    return tuple(found)


async def _by_plan(session: ReadSession, account: Account, *, plans: list[str]) -> dict[str, Money]:
    """Credit less debit of each plan's own postings on the account."""
    query = (
        select(LedgerEntry.plan_id, func.sum(_credited()))
        .where(
            LedgerEntry.plan_id == any_(literal(plans, ARRAY(Text))),
            LedgerEntry.account_code == account.code,
        )
        .group_by(LedgerEntry.plan_id)
    )
    found = (await session.execute(query)).all()
    return {plan_id: Money(int(santim)) for plan_id, santim in found}


async def _balance(session: ReadSession, account: Account) -> Money:
    santim = await session.scalar(
        select(func.coalesce(func.sum(_credited()), 0)).where(
            LedgerEntry.account_code == account.code
        )
    )
    return Money(int(santim or 0))


def _credited() -> ColumnElement[int]:
    amount = type_coerce(LedgerEntry.amount_santim, BigInteger)
    return case((LedgerEntry.side == Side.CREDIT, amount), else_=-amount)
