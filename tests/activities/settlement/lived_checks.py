"""What must hold of an order's money after every deed: lines, books and the plan's log agree."""

from collections import defaultdict
from dataclasses import dataclass

from pydantic import TypeAdapter
from sqlalchemy import text

from db.kernel.events import read_stream, require_unbroken
from db.settlement.views.merchants import payout_statement
from meqenet.analytics.facts import Fact
from meqenet.analytics.merchant_statement import StatementLine, fold, key_of
from meqenet.ledger.accounts import HOLDABLE, Owner, Side, account_of
from meqenet.money import Money, total
from meqenet.settlement.events import LineAdded, MerchantPayoutOpened
from meqenet.settlement.payout_statement import Word, statement_of
from meqenet.settlement.payouts import PayoutState
from tests.activities.settlement.lived_books import NOTHING, LivedBooks

_ENTRIES = """
    SELECT account_code, side, plan_id, posting_id, amount_santim FROM entries
    WHERE plan_id = :plan OR account_code LIKE '%:' || :merchant
"""
_LINES = """
    SELECT l.line_id, l.plan_id, l.kind, l.money, l.gross_santim, l.fee_santim + l.tax_santim,
        l.net_santim, l.is_protected, l.of_line, l.payout_id, p.state
    FROM settlement_lines l LEFT JOIN merchant_payouts p USING (payout_id)
    WHERE l.merchant_id = :merchant
"""


@dataclass(frozen=True)
class Row:
    """A line of the merchant's."""

    line_id: str
    plan_id: str | None
    kind: str
    money: str
    gross: int
    fee: int
    net: int
    is_protected: bool
    of_line: str | None
    payout_id: str | None
    state: str | None


async def require_right(books: LivedBooks) -> None:
    """Hold it to all of it."""
    books.plan.require_invariants()
    rows = await _rows(books)
    on = await _balances(books)
    _require_lines(books, rows)
    plan, merchant = books.plan_id, books.merchant_id
    mine = [row for row in rows if row.plan_id == plan]
    protected = sum(row.net for row in mine if _is_held(books, row))
    unpaid = sum(row.net for row in mine if row.money == "payable" and row.state != "settled")
    assert on[plan, f"merchant_protected:{plan}"] == protected
    assert on[plan, f"merchant_payable:{merchant}"] == unpaid - protected
    waiting = -sum(row.net for row in mine if row.kind.startswith("dispute"))
    assert on[plan, f"merchant_disputed:{plan}"] == waiting
    authorised = (books.plan.terms.principal - books.fee - books.void_net).santim
    captured = sum(row.net for row in mine if row.kind == "order")
    expected = authorised - captured if books.is_manual else 0
    assert on[plan, f"merchant_authorised:{plan}"] == expected
    left = books.plan.account.left
    assert on[plan, f"plan_receivable:{plan}"] == left.principal.santim
    assert 0 <= on[plan, f"interest_receivable:{plan}"] <= left.interest.santim
    assert 0 <= on[plan, f"merchant_fee_deferred:{plan}"] <= books.fee.santim
    assert on[plan, f"customer_credit:{plan}"] == 0
    _require_merchant(books, rows, on)


def _require_lines(books: LivedBooks, rows: list[Row]) -> None:
    """The lines say what the plan's log says; the merchant has no more than it may."""
    sums = books.plan.sums
    mine = [row for row in rows if row.plan_id == books.plan_id]

    def gross(*kinds: str) -> int:
        return sum(row.gross for row in mine if row.kind in kinds)

    assert gross("order") == sums.captured.santim
    assert gross("refund") == -sums.refunded.santim
    held = books.plan.history.dispute
    assert gross("dispute", "dispute_released") == -(
        books.plan.disputed.santim if held is not None and held.held else 0
    )
    assert all(row.net == row.gross - row.fee for row in mine)
    fees = sum(row.fee for row in mine)
    assert 0 <= fees <= books.fee.santim
    assert sum(row.net for row in mine) >= 0


def _require_merchant(books: LivedBooks, rows: list[Row], on: dict[tuple[str, str], int]) -> None:
    """What it was paid is at most what was captured, less fees, refunds and what is held."""

    def whole(name: str) -> int:
        code = f"{name}:{books.merchant_id}"
        return sum(amount for (_, account), amount in on.items() if account == code)

    owed_back = -sum(
        row.net for row in rows if row.money == "receivable" and row.state != "settled"
    )
    kept = -sum(row.net for row in rows if row.money == "reserve" and row.state == "settled")
    assert whole("merchant_receivable") == owed_back
    assert whole("merchant_reserve") == kept >= 0
    assert whole("merchant_settling") == 0
    paid = total(books.sent.values()).santim
    due = sum(row.net for row in rows if row.plan_id is not None)
    held = sum(row.net for row in rows if _is_held(books, row))
    assert paid - owed_back <= due
    assert paid + whole("merchant_payable") + held + kept - owed_back == due


def _is_held(books: LivedBooks, row: Row) -> bool:
    """Held for the buyer: payable, and no payout has ever had its order."""
    order = row.of_line or (row.line_id if row.kind == "order" else f"{row.plan_id}-order")
    return row.is_protected and row.money == "payable" and order not in books.taken


async def _rows(books: LivedBooks) -> list[Row]:
    async with books.steps.stores["settlement"].read() as session:
        found = await session.execute(text(_LINES), {"merchant": books.merchant_id})
        rows = [Row(*row) for row in found]
    books.taken |= {row.line_id for row in rows if row.payout_id is not None}
    return rows


async def _balances(books: LivedBooks) -> dict[tuple[str, str], int]:
    """By plan and account, on its normal side; each posting has as much debit as credit."""
    values = {"plan": books.plan_id, "merchant": books.merchant_id}
    async with books.steps.stores["ledger"].read() as session:
        entries = (await session.execute(text(_ENTRIES), values)).all()
    on: dict[tuple[str, str], int] = defaultdict(int)
    postings: dict[str, int] = defaultdict(int)
    for code, side, plan_id, posting_id, amount in entries:
        debit = amount if side == Side.DEBIT else -amount
        if plan_id == books.plan_id:
            postings[posting_id] += debit
        normal = account_of(code=code).type.normal_side
        on[plan_id, code] += debit if normal is Side.DEBIT else -debit
    assert set(postings.values()) <= {0}
    for (_, code), amount in on.items():
        assert amount >= 0 or account_of(code=code).name not in HOLDABLE, code
    return on


async def require_nothing_left(books: LivedBooks) -> None:
    """All is ended and paid: nothing stands on any account of the plan, or of its merchant."""
    await require_right(books)
    on = await _balances(books)
    codes = {code for _, code in on if account_of(code=code).owner in (Owner.PLAN, Owner.MERCHANT)}
    for code in codes:
        left = sum(amount for (_, account), amount in on.items() if account == code)
        assert left == 0, code


async def require_statements(books: LivedBooks) -> None:
    """Whoever has the events makes the same statements, and they are what was paid."""
    lines, opened = [], {}
    async with books.steps.stores["settlement"].read() as session:
        streams = {payout.rpartition("-")[0] for payout in books.sent}
        for stream in (books.plan_id, f"{books.plan_id}x", *sorted(streams)):
            await require_unbroken(session=session, stream=stream)
            for each in await read_stream(session=session, stream=stream):
                data, kind = each.content.data, each.content.event_type
                if kind == LineAdded.event_type:
                    lines.append(TypeAdapter(LineAdded).validate_python(data))
                elif kind == MerchantPayoutOpened.event_type:
                    told = TypeAdapter(MerchantPayoutOpened).validate_python(data)
                    opened[told.payout_id] = told
        for payout_id, sent in books.sent.items():
            shown = await payout_statement(session=session, payout_id=payout_id)
            word = Word(state=PayoutState.SETTLED)
            made = statement_of(opened=opened[payout_id], lines=lines, word=word)
            assert shown == made
            assert made.amount == made.sums.net == sent
        line = StatementLine(plan_id=books.plan_id)
        for each in await read_stream(session=session, stream=books.plan_id):
            fact = Fact(source="settlement", content=each.content)
            if key_of(fact=fact) is not None:
                line = fold(before=line, fact=fact)
    assert line.paid_out == total(books.shares.values())
    if line.gross is not None:
        assert line.gross == books.plan.sums.captured
    assert NOTHING <= line.paid_out <= Money(max(0, (line.net or NOTHING).santim))
