"""An order in the books, as the page tells it: authorised, captured in two parts, the rest void."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from db.kernel.engine import Database
from db.ledger import accruals, order_refunds, store
from db.ledger.views import balance, entries_of
from meqenet.errors import Refusal
from meqenet.ledger.accounts import Side
from meqenet.ledger.as_of import EVERYTHING
from meqenet.ledger.day_counts import DayCount
from meqenet.ledger.earning import GonePart, RefundOrder
from meqenet.ledger.financed import FinancedInstallment
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.ledger.order_happenings import OrderAuthorised, OrderCaptured
from meqenet.money import Money

_AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
_NOTHING = Money.zero()
_PAGE = (Path(__file__).parents[3] / "docs" / "orders.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| (?:`(\w+)`)? ?\| `([^`]+)` \| ([\d.]*) ?\| ([\d.]*) ?\|$", re.MULTILINE)


def _birr(text: str) -> Money:
    return Money.from_birr(text)


def _told() -> list[tuple[str, str, Side, Money]]:
    """The table of the page: happening, account, side and amount."""
    rows, kind = [], ""
    for named, account, debit, credit in _ROW.findall(_PAGE):
        kind = named or kind
        side = Side.DEBIT if debit else Side.CREDIT
        rows.append((kind, account, side, _birr(debit or credit)))
    return rows


def _authorised(plan_id: str) -> OrderAuthorised:
    return OrderAuthorised(
        plan_id=plan_id,
        merchant_id=f"mrc_{plan_id}",
        lender="lender-1",
        amount=_birr("1000.00"),
        merchant_fee=_birr("15.00"),
        paid_at_checkout=_NOTHING,
        installments=(
            FinancedInstallment(
                number=1,
                principal=_birr("1000.00"),
                interest=_NOTHING,
                starts_on=date(2026, 12, 1),
                ends_on=date(2026, 12, 31),
            ),
        ),
        day_count=DayCount.ACTUAL_365,
        on_test_clock=False,
    )


def _captured(plan_id: str, number: int, amount: str, *, protected: bool = False) -> OrderCaptured:
    return OrderCaptured(
        plan_id=plan_id,
        merchant_id=f"mrc_{plan_id}",
        capture_id=f"{plan_id}-c{number}",
        amount=_birr(amount),
        protected=protected,
    )


async def _authorise(ledger: Database, plan_id: str) -> None:
    async with ledger.write() as session:
        told = _authorised(plan_id)
        await store.post(
            session=session,
            posting_id=f"{plan_id}-activation",
            happening=told,
            effective_at=_AT,
        )
        await accruals.begin(session=session, happening=told)


async def _capture(ledger: Database, told: OrderCaptured) -> None:
    await store.post_alone(
        database=ledger, posting_id=told.capture_id, happening=told, effective_at=_AT
    )


def _refund(plan_id: str, name: str, amount: str, *, fee: str, **where: object) -> RefundOrder:
    return RefundOrder(
        plan_id=plan_id,
        merchant_id=f"mrc_{plan_id}",
        posting_id=f"{plan_id}-{name}",
        lender="lender-1",
        amount=_birr(amount),
        fee_back=_birr(fee),
        parts=(
            GonePart(number=1, financed=_birr("1000.00"), returned=_NOTHING, gone=_birr(amount)),
        ),
        interest_back=_NOTHING,
        earnings=(),
        at=_AT,
        **where,  # type: ignore[arg-type]  # where its money is
    )


async def _take(ledger: Database, refund: RefundOrder) -> None:
    async with ledger.write() as session:
        await order_refunds.refund_order(session=session, refund=refund)


async def _on(ledger: Database, account: str) -> Money:
    async with ledger.read() as session:
        return await balance(session=session, prefix=account, as_of=EVERYTHING)


async def test_the_postings_are_those_of_the_page(ledger: Database, plan_id: str) -> None:
    await _authorise(ledger, plan_id)
    for number, amount in ((1, "394.00"), (2, "295.50")):
        for _ in range(2):
            await _capture(ledger, _captured(plan_id, number, amount))
    void = _refund(plan_id, "vd1", "300.00", fee="4.50", taken_from=MerchantMoney.AUTHORISED)
    for _ in range(2):
        await _take(ledger, void)
    async with ledger.read() as session:
        found = await entries_of(session=session, plan_id=plan_id)
    owners = {plan_id: "<plan>", f"mrc_{plan_id}": "<merchant>"}
    entries = []
    for each in found:
        name, _, owner = each.account_code.partition(":")
        entries.append((each.kind, f"{name}:{owners[owner]}", each.side, each.amount))
    assert entries == _told()
    assert not await _on(ledger, f"merchant_authorised:{plan_id}")


async def test_no_more_is_captured_than_is_kept_apart(ledger: Database, plan_id: str) -> None:
    await _authorise(ledger, plan_id)
    await _capture(ledger, _captured(plan_id, 1, "985.00"))
    with pytest.raises(Refusal) as refused:
        await _capture(ledger, _captured(plan_id, 2, "0.01"))
    assert refused.value.code == "funds_not_free"


async def test_goods_of_three_captures_go_back_from_where_each_has_its_money(
    ledger: Database, plan_id: str
) -> None:
    await _authorise(ledger, plan_id)
    await _capture(ledger, _captured(plan_id, 1, "591.00"))
    await _capture(ledger, _captured(plan_id, 2, "394.00", protected=True))
    refund = _refund(
        plan_id,
        "rf1",
        "700.00",
        fee="10.50",
        taken_from=MerchantMoney.PROTECTED,
        also_payable=_birr("200.00"),
        also_paid_out=_birr("95.50"),
    )
    await _take(ledger, refund)
    merchant = f"mrc_{plan_id}"
    assert not await _on(ledger, f"merchant_protected:{plan_id}")
    assert await _on(ledger, f"merchant_payable:{merchant}") == _birr("391.00")
    assert await _on(ledger, f"merchant_receivable:{merchant}") == _birr("95.50")
    assert await _on(ledger, f"plan_receivable:{plan_id}") == _birr("300.00")
