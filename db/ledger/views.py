"""What the books say. A balance is a sum of entries up to an instant; nothing else knows it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute

from db.kernel.engine import ReadSession
from db.ledger.snapshots import Sums, sums
from db.ledger.tables import Hold, HoldEnd, LedgerEntry, LedgerTransaction
from meqenet.ledger.accounts import AccountName, AccountType, Side
from meqenet.ledger.as_of import EVERYTHING, AsOf
from meqenet.ledger.holds import HoldState
from meqenet.money import Money, total


@dataclass(frozen=True, kw_only=True)
class AccountTotal:
    """What was posted to an account, or to all accounts of a name. ``balance`` grows on its side.

    Attributes:
        code: the account's code, or the name that accounts share.
        balance: negative when more stands on the other side than on the account's normal one.
    """

    code: str
    type: AccountType
    debit: Money
    credit: Money

    @property
    def balance(self) -> Money:
        """What stands on the account's normal side."""
        net = self.debit - self.credit
        return net if self.type.normal_side is Side.DEBIT else -net


@dataclass(frozen=True, kw_only=True)
class TrialBalance:
    """All accounts by name. ``debit`` equals ``credit``, or the books are broken."""

    lines: tuple[AccountTotal, ...]
    debit: Money
    credit: Money


@dataclass(frozen=True, kw_only=True)
class PostedEntry:
    """One line as it stands in the books.

    Attributes:
        effective_at: when it counts.
        recorded_at: when it was written down.
        backdated_from: when it was true, if that lies in a period that was closed before.
    """

    posting_id: str
    kind: str
    line: int
    account_code: str
    side: Side
    amount: Money
    effective_at: datetime
    recorded_at: datetime
    backdated_from: datetime | None


@dataclass(frozen=True, kw_only=True)
class HoldEnded:
    """A hold's end."""

    state: HoldState
    reason: str
    ended_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class PlanHold:
    """Money of a plan's account that is, or was, kept for one purpose.

    Attributes:
        kind: what will be posted: a happening's kind.
        ended: how it ended, when, and when that was written down; None while it is pending.
    """

    hold_id: str
    account_code: str
    amount: Money
    kind: str
    placed_at: datetime
    recorded_at: datetime
    expires_at: datetime | None
    ended: HoldEnded | None


async def trial_balance(*, session: ReadSession, as_of: AsOf = EVERYTHING) -> TrialBalance:
    """Debits and credits of every account name, at a point in both times."""
    found = await sums(session=session, by_name=True, prefix=None, as_of=as_of)
    lines = tuple(_total(each) for each in found)
    return TrialBalance(
        lines=lines,
        debit=total(line.debit for line in lines),
        credit=total(line.credit for line in lines),
    )


async def totals(
    *, session: ReadSession, prefix: str, as_of: AsOf = EVERYTHING
) -> tuple[AccountTotal, ...]:
    """Every account under a code prefix, in the order of the codes.

    ``provider_clearing`` is all providers, ``provider_clearing:telebirr`` is one.
    """
    found = await sums(session=session, by_name=False, prefix=prefix, as_of=as_of)
    return tuple(_total(each) for each in found)


async def balance(*, session: ReadSession, prefix: str, as_of: AsOf = EVERYTHING) -> Money:
    """What stands on the normal side of all accounts under a code prefix.

    Raises:
        ValueError: the prefix does not begin with the name of an account.
    """
    AccountName(prefix.partition(":")[0])
    lines = await totals(session=session, prefix=prefix, as_of=as_of)
    return total(line.balance for line in lines)


async def entries_of(
    *, session: ReadSession, plan_id: str, as_of: AsOf = EVERYTHING
) -> tuple[PostedEntry, ...]:
    """A plan's entries at a point in both times, in the order of their recording."""
    found = await session.execute(
        select(
            LedgerEntry.posting_id,
            LedgerTransaction.kind,
            LedgerEntry.line,
            LedgerEntry.account_code,
            LedgerEntry.side,
            LedgerEntry.amount_santim,
            LedgerEntry.effective_at,
            LedgerTransaction.recorded_at,
            LedgerTransaction.backdated_from,
        )
        .join(
            LedgerTransaction,
            (LedgerTransaction.plan_id == LedgerEntry.plan_id)
            & (LedgerTransaction.posting_id == LedgerEntry.posting_id),
        )
        .where(
            LedgerEntry.plan_id == plan_id,
            _by(LedgerEntry.effective_at, as_of.effective_until),
            _by(LedgerTransaction.recorded_at, as_of.recorded_until),
        )
        .order_by(LedgerTransaction.recorded_at, LedgerEntry.posting_id, LedgerEntry.line)
    )
    return tuple(
        PostedEntry(
            posting_id=posting_id,
            kind=kind,
            line=line,
            account_code=account_code,
            side=side,
            amount=amount,
            effective_at=effective_at,
            recorded_at=recorded_at,
            backdated_from=backdated_from,
        )
        for (
            posting_id,
            kind,
            line,
            account_code,
            side,
            amount,
            effective_at,
            recorded_at,
            backdated_from,
        ) in found
    )


async def holds_of(*, session: ReadSession, plan_id: str) -> tuple[PlanHold, ...]:
    """A plan's holds, in the order in which they were recorded."""
    holds = await session.scalars(
        select(Hold).where(Hold.plan_id == plan_id).order_by(Hold.recorded_at, Hold.hold_id)
    )
    ends = await session.scalars(select(HoldEnd).where(HoldEnd.plan_id == plan_id))
    ended = {
        end.hold_id: HoldEnded(
            state=end.state,
            reason=end.reason,
            ended_at=end.ended_at,
            recorded_at=end.recorded_at,
        )
        for end in ends
    }
    return tuple(
        PlanHold(
            hold_id=hold.hold_id,
            account_code=hold.account_code,
            amount=hold.amount_santim,
            kind=str(hold.happening["kind"]),
            placed_at=hold.placed_at,
            recorded_at=hold.recorded_at,
            expires_at=hold.expires_at,
            ended=ended.get(hold.hold_id),
        )
        for hold in holds
    )


def _total(found: Sums) -> AccountTotal:
    name = AccountName(found.code.partition(":")[0])
    return AccountTotal(code=found.code, type=name.type, debit=found.debit, credit=found.credit)


def _by(column: InstrumentedAttribute[datetime], until: datetime | None) -> ColumnElement[bool]:
    return true() if until is None else column <= until
