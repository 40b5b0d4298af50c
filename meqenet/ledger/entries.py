"""Entries: the lines of a transaction, and how a rule writes them.

A row of nothing is left out; a happening that would move nothing, or less than nothing, is a
defect of whoever told of it. Money in, on the left; where it belongs, on the right.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from meqenet.errors import Defect
from meqenet.ledger.accounts import Account, AccountName, Side
from meqenet.ledger.happenings import Happening
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of a transaction. ``amount`` is more than nothing.

    Raises:
        ValueError: it is not.
    """

    account: Account
    side: Side
    amount: Money

    def __post_init__(self) -> None:
        if self.amount.santim <= 0:
            raise ValueError("amount: an entry is of more than nothing")

    @property
    def signed(self) -> Money:
        """Debits count up, credits down: a transaction's entries add up to nothing."""
        return self.amount if self.side is Side.DEBIT else -self.amount


Row = tuple[Side, Account, Money]
"""A row of a rule's table, which may turn out to be of nothing."""


def debit(*, name: AccountName, of: str | None, amount: Money) -> Row:
    """A row on the left. ``of`` is whose account it is, None of the house."""
    return Side.DEBIT, Account(name=name, owner_id=of), amount


def credit(*, name: AccountName, of: str | None, amount: Money) -> Row:
    """A row on the right."""
    return Side.CREDIT, Account(name=name, owner_id=of), amount


def entries_of(*, happening: Happening, rows: Iterable[Row]) -> tuple[Entry, ...]:
    """The rows of a rule's table, without those of nothing.

    Raises:
        Defect: ``happening_impossible``: a row is of less than nothing.
    """
    kept: list[Entry] = []
    for side, account, amount in rows:
        if amount < Money.zero(amount.currency):
            raise impossible(happening=happening, because=f"less than nothing on {account.name}")
        if amount:
            kept.append(Entry(account=account, side=side, amount=amount))
    return tuple(kept)


def reversal_entries(*, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """What takes these entries back: the same lines in the same order, the sides swapped."""
    swapped = {Side.DEBIT: Side.CREDIT, Side.CREDIT: Side.DEBIT}
    return tuple(replace(entry, side=swapped[entry.side]) for entry in entries)


def impossible(*, happening: Happening, because: str) -> Defect:
    """The error of a happening that cannot have been so; ``because`` holds no amount."""
    return Defect(
        "happening_impossible",
        f"{happening.kind} cannot be posted: {because}",
        facts={"plan_id": happening.plan_id},
    )
