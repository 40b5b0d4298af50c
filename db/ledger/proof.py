"""Whether the books hold: every transaction balances and is told by one event, word by word."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Numeric, Row, func, select, text

from db.kernel.chains import lift_limits
from db.kernel.engine import ReadSession
from db.ledger.tables import LedgerAccount, LedgerEntry, LedgerTransaction
from meqenet.event_chain import canonical_json
from meqenet.ledger.accounts import Side, account_of
from meqenet.money import Currency, Money

_NUMERIC: Final = Numeric()
_PER_PAGE: Final = 2000
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
        t.effective_at, t.xid = e.xid AS same_xid, t.recorded_at, e.stream_sequence AS sequence,
        e.data, e.effective_at AS told_at, e.recorded_at AS told_on, l.lines, l.first_at, l.last_at
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
    found = await session.stream_scalars(
        select(LedgerAccount).order_by(LedgerAccount.code).execution_options(yield_per=_PER_PAGE)
    )
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
    """What is wrong with a posting, from the books outwards."""
    if not row.has_transaction:
        return (
            "entries without a transaction"
            if row.data is None
            else "an event tells of it, and there is no such transaction"
        )
    if row.lines is None:
        return "a transaction without entries"
    return _wrong_in_itself(row) or _wrong_event(row)


def _wrong_in_itself(row: Row[Any]) -> str | None:
    lines = row.lines
    if [line[0] for line in lines] != list(range(1, len(lines) + 1)):
        return "its entries are not numbered 1, 2, 3 …"
    debit = sum(amount for _, _, side, amount in lines if side == Side.DEBIT)
    credit = sum(amount for _, _, side, amount in lines if side == Side.CREDIT)
    if debit != credit:
        return f"debits of {Money(debit)} and credits of {Money(credit)}"
    if row.first_at != row.effective_at or row.last_at != row.effective_at:
        return "effective_at of an entry is not that of the transaction"
    if row.happening.get("kind") != row.kind:
        return "kind is not that of the happening"
    if hashlib.sha256(canonical_json(value=row.happening)).digest() != row.content_hash:
        return "content_hash is not that of the happening"
    return None


def _wrong_event(row: Row[Any]) -> str | None:
    if row.data is None:
        return "no event tells of it"
    if row.data.get("happening") != row.happening:
        return "happening is not the one that its event tells"
    told = [_told(entry) for entry in row.data.get("entries", ())]
    stored = [(account, side, amount) for _, account, side, amount in row.lines]
    if told != stored:
        number = next(
            (n for n, (a, b) in enumerate(zip(told, stored, strict=False), start=1) if a != b),
            min(len(told), len(stored)) + 1,
        )
        return f"entry {number} is not the one that its event tells"
    if row.told_at != row.effective_at:
        return "effective_at is not that of its event"
    if not row.same_xid or row.recorded_at > row.told_on:
        return "xid or recorded_at is not that of its event"
    return None


def _told(entry: dict[str, Any]) -> tuple[str, str, int]:
    amount = entry["amount"]
    return entry["account"], entry["side"], amount["santim"]


def _wrong_account(stored: LedgerAccount) -> str | None:
    try:
        account = account_of(code=stored.code)
    except ValueError:
        return "no account of the chart has such a code"
    written = (
        stored.name,
        stored.type,
        stored.normal_side,
        stored.owner,
        stored.owner_id,
        stored.currency,
    )
    expected = (
        account.name,
        account.type,
        account.type.normal_side,
        account.owner,
        account.owner_id,
        Currency.ETB,
    )
    return None if written == expected else "the account is not as the chart has it"
