"""Whether the books hold: every transaction balances and is told by one event, word by word."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final

from sqlalchemy import Numeric, Row, func, select, text

from db.kernel.chains import lift_limits
from db.kernel.engine import ReadSession
from db.ledger.tables import LedgerAccount, LedgerEntry, LedgerTransaction
from meqenet.event_chain import canonical_json, instant_text
from meqenet.ledger.accounts import Side, account_of
from meqenet.money import Currency, Money

_NUMERIC: Final = Numeric()
_PER_PAGE: Final = 2000
_TOLD_WITHIN: Final = timedelta(minutes=1)
"""A transaction is written a moment before the event that tells of it."""
_SELECTED: Final = """
    (CAST(:plan AS text) IS NULL OR {plan} = :plan)
    AND (CAST(:since AS timestamptz) IS NULL OR {plan} IN (
        SELECT stream FROM events WHERE recorded_at >= :since
        UNION SELECT plan_id FROM transactions WHERE recorded_at >= :since))
"""
_POSTINGS: Final = f"""
    SELECT coalesce(t.plan_id, e.stream, l.plan_id) AS plan_id,
        coalesce(t.posting_id, e.id, l.posting_id) AS posting_id,
        t.posting_id IS NOT NULL AS has_transaction, t.kind, t.happening, t.content_hash,
        t.effective_at, t.backdated_from, t.reverses, t.xid = e.xid AS same_xid, t.recorded_at,
        e.stream_sequence AS sequence, e.data, e.effective_at AS told_at,
        e.recorded_at AS told_on, l.lines, l.first_at, l.last_at
    FROM (SELECT * FROM transactions WHERE {_SELECTED.format(plan="plan_id")}) AS t
    FULL JOIN (
        SELECT * FROM events
        WHERE type = 'transaction_posted' AND {_SELECTED.format(plan="stream")}
    ) AS e ON e.stream = t.plan_id AND e.id = t.posting_id
    FULL JOIN (
        SELECT plan_id, posting_id, min(effective_at) AS first_at, max(effective_at) AS last_at,
            json_agg(json_build_array(line, account_code, side, amount_santim) ORDER BY line)
                AS lines
        FROM entries WHERE {_SELECTED.format(plan="plan_id")} GROUP BY plan_id, posting_id
    ) AS l ON l.plan_id = coalesce(t.plan_id, e.stream)
        AND l.posting_id = coalesce(t.posting_id, e.id)
    ORDER BY 1, 2
"""  # noqa: S608 - our own words
_ACCOUNTS: Final = """
    SELECT code, name, type, normal_side, owner, owner_id, currency FROM accounts ORDER BY code
"""
_WRONG_SNAPSHOT: Final = """
    WITH kept AS (
        SELECT account_code, day, until, debit_santim, credit_santim,
            lag(until) OVER snapshots_of AS since,
            lag(debit_santim, 1, CAST(0 AS bigint)) OVER snapshots_of AS debit_before,
            lag(credit_santim, 1, CAST(0 AS bigint)) OVER snapshots_of AS credit_before
        FROM snapshots WINDOW snapshots_of AS (PARTITION BY account_code ORDER BY until)
    )
    SELECT kept.account_code, kept.day FROM kept
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount_santim) FILTER (WHERE side = 'debit'), 0) AS debit,
            coalesce(sum(amount_santim) FILTER (WHERE side = 'credit'), 0) AS credit
        FROM entries WHERE account_code = kept.account_code AND effective_at < kept.until
            AND (kept.since IS NULL OR effective_at >= kept.since)
    ) AS found
    WHERE debit_santim <> debit_before + found.debit
        OR credit_santim <> credit_before + found.credit
    ORDER BY 1, 2 LIMIT 1
"""


@dataclass(frozen=True, kw_only=True)
class BooksBreak:
    """The first record of the books that does not hold, and why.

    Attributes:
        stream: the plan whose it is, or an account's code.
        sequence: the number of the event that tells of it, if there is one.
    """

    stream: str
    sequence: int | None
    what: str


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Everything that was ever posted."""

    transactions: int
    entries: int
    debit: Money
    credit: Money


async def totals(*, session: ReadSession) -> Totals:
    """All entries added up: debit equals credit, or the books are broken."""
    santim: Any = func.sum(LedgerEntry.amount_santim, type_=_NUMERIC)
    found = await session.execute(
        select(
            func.count(),
            func.coalesce(santim.filter(LedgerEntry.side == Side.DEBIT), 0),
            func.coalesce(santim.filter(LedgerEntry.side == Side.CREDIT), 0),
        ).select_from(LedgerEntry)
    )
    entries, debit, credit = found.one()
    transactions = await session.scalar(select(func.count()).select_from(LedgerTransaction))
    return Totals(
        transactions=transactions or 0,
        entries=entries,
        debit=Money(int(debit)),
        credit=Money(int(credit)),
    )


async def first_bad_posting(
    *,
    session: ReadSession,
    plan_id: str | None,
    since: datetime | None,
    advance: Callable[[int], None],
) -> BooksBreak | None:
    """Hold transactions, entries and events to each other; None when all of them agree.

    Args:
        session: a transaction over one snapshot of the store.
        plan_id: only what is this plan's; None is everything.
        since: only plans of which something was recorded then or later.
        advance: told of how many more postings hold.
    """
    await lift_limits(session=session)
    found = await session.stream(
        text(_POSTINGS).execution_options(yield_per=_PER_PAGE), {"plan": plan_id, "since": since}
    )
    async for page in found.partitions():
        for row in page:
            what = _wrong(row)
            if what is not None:
                return BooksBreak(
                    stream=row.plan_id, sequence=row.sequence, what=f"{row.posting_id}: {what}"
                )
        advance(len(page))
    return None


async def first_bad_account(
    *, session: ReadSession, advance: Callable[[int], None]
) -> BooksBreak | None:
    """Hold the accounts to the chart, and every entry to an account."""
    await lift_limits(session=session)
    # As text: a type or side that is none would not be read otherwise.
    found = await session.stream(text(_ACCOUNTS).execution_options(yield_per=_PER_PAGE))
    async for stored in found:
        what = _wrong_account(stored)
        if what is not None:
            return BooksBreak(stream=stored.code, sequence=None, what=what)
        advance(1)
    orphan = await session.scalar(
        select(LedgerEntry.account_code)
        .outerjoin(LedgerAccount, LedgerAccount.code == LedgerEntry.account_code)
        .where(LedgerAccount.code.is_(None))
        .order_by(LedgerEntry.account_code)
        .limit(1)
    )
    if orphan is not None:
        return BooksBreak(
            stream=orphan, sequence=None, what="entries on an account that is not there"
        )
    return None


async def first_bad_snapshot(*, session: ReadSession) -> BooksBreak | None:
    """Hold every snapshot to the entries that it sums up."""
    await lift_limits(session=session)
    wrong = (await session.execute(text(_WRONG_SNAPSHOT))).first()
    if wrong is None:
        return None
    what = f"the snapshot of {wrong.day} is not the sum of its entries"
    return BooksBreak(stream=wrong.account_code, sequence=None, what=what)


def _wrong(row: Row[Any]) -> str | None:
    """The first thing that is wrong with a posting, from the books outwards."""
    if not row.has_transaction and row.data is None:
        return "entries without a transaction"
    if not row.has_transaction:
        return "an event tells of it, and there is no such transaction"
    if row.lines is None:
        return "a transaction without entries"
    faults = _faults(row)
    return next(faults, None)


def _faults(row: Row[Any]) -> Iterator[str]:
    """What is wrong with a transaction that has entries."""
    debit = sum(amount for _, _, side, amount in row.lines if side == Side.DEBIT)
    credit = sum(amount for _, _, side, amount in row.lines if side == Side.CREDIT)
    if [line[0] for line in row.lines] != list(range(1, len(row.lines) + 1)):
        yield "its entries are not numbered 1, 2, 3 …"
    if debit != credit:
        yield f"debits of {Money(debit)} and credits of {Money(credit)}"
    if row.first_at != row.effective_at or row.last_at != row.effective_at:
        yield "effective_at of an entry is not that of the transaction"
    if row.happening.get("kind") != row.kind:
        yield "kind is not that of the happening"
    if row.happening.get("reverses") != row.reverses:
        yield "reverses is not that of the happening"
    if hashlib.sha256(canonical_json(value=row.happening)).digest() != row.content_hash:
        yield "content_hash is not that of the happening"
    if row.data is None:
        yield "no event tells of it"
    else:
        yield from _differences(row)


def _differences(row: Row[Any]) -> Iterator[str]:
    """Where a transaction and its event do not say the same."""
    if row.data.get("happening") != row.happening:
        yield "happening is not the one that its event tells"
    told = [_told(entry) for entry in row.data.get("entries", ())]
    stored = [(account, side, amount) for _, account, side, amount in row.lines]
    for number, (ours, theirs) in enumerate(zip_longest(stored, told), start=1):
        if ours != theirs:
            yield f"entry {number} is not the one that its event tells"
    if row.told_at != row.effective_at:
        yield "effective_at is not that of its event"
    true_at = row.backdated_from and instant_text(at=row.backdated_from)
    if true_at != row.data.get("backdated_from"):
        yield "backdated_from is not that of its event"
    if not row.same_xid:
        yield "xid is not that of its event"
    if not timedelta(0) <= row.told_on - row.recorded_at <= _TOLD_WITHIN:
        yield "recorded_at is not about that of its event"


def _told(entry: dict[str, Any]) -> tuple[str, str, int]:
    amount = entry["amount"]
    return entry["account"], entry["side"], amount["santim"]


def _wrong_account(stored: Row[Any]) -> str | None:
    try:
        account = account_of(code=stored.code)
    except ValueError:
        return "no account of the chart has such a code"
    expected = (
        stored.code,
        account.name,
        account.type,
        account.type.normal_side,
        account.owner,
        account.owner_id,
        Currency.ETB,
    )
    return None if tuple(stored) == expected else "the account is not as the chart has it"
