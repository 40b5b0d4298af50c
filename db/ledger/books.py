"""The postings of many plans at once, for those who compare them with other books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.kernel.engine import ReadSession
from db.ledger.tables import LedgerEntry, LedgerTransaction
from meqenet.ledger.accounts import Side
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class Posting:
    """A posting of a plan. ``lines``: account code and amount, debits up and credits down."""

    posting_id: str
    kind: str
    happening: Mapping[str, Any]
    reverses: str | None
    lines: tuple[tuple[str, Money], ...]

    def on(self, account: str) -> Money:
        """What it puts on an account's debit side, or on all accounts of a name."""
        found = Money.zero()
        for code, signed in self.lines:
            if account in (code, code.partition(":")[0]):
                found += signed
        return found


async def read_postings(
    *, session: ReadSession, plan_ids: Sequence[str]
) -> dict[str, list[Posting]]:
    """All postings of these plans, in the order in which they were recorded."""
    wanted = any_(literal(list(plan_ids), ARRAY(Text)))
    lines: dict[tuple[str, str], list[tuple[str, Money]]] = {}
    for entry in await session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.plan_id == wanted)
        .order_by(LedgerEntry.plan_id, LedgerEntry.posting_id, LedgerEntry.line)
    ):
        signed = entry.amount_santim if entry.side is Side.DEBIT else -entry.amount_santim
        place = (entry.plan_id, entry.posting_id)
        lines.setdefault(place, []).append((entry.account_code, signed))
    found: dict[str, list[Posting]] = {}
    for row in await session.scalars(
        select(LedgerTransaction)
        .where(LedgerTransaction.plan_id == wanted)
        .order_by(LedgerTransaction.recorded_at, LedgerTransaction.posting_id)
    ):
        posting = Posting(
            posting_id=row.posting_id,
            kind=row.kind,
            happening=row.happening,
            reverses=row.reverses,
            lines=tuple(lines.get((row.plan_id, row.posting_id), ())),
        )
        found.setdefault(row.plan_id, []).append(posting)
    return found
