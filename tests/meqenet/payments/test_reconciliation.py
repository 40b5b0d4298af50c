"""Three books of the same money: every line and every order ends once, and pairs end alike."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.money import Money, total
from meqenet.payments.reconciliation import (
    WHAT_TO_DO,
    Because,
    Judgement,
    Listed,
    Order,
    Standing,
    Verdict,
    reconcile,
)
from meqenet.payments.statement_document import LineKind

NOW = datetime(2026, 11, 26, 1, tzinfo=UTC)
DAY = timedelta(hours=36)
HUNDRED = Money.from_birr(100)
NINETY = Money.from_birr(90)


def a_line(
    number: int = 1,
    *,
    key: str = "a",
    amount: Money = HUNDRED,
    kind: LineKind = LineKind.PAYMENT,
    receipt: str | None = None,
) -> Listed:
    at = NOW - timedelta(hours=12) + timedelta(minutes=number)
    return Listed(
        item_id=f"line-{number}", key=key, kind=kind, amount=amount, receipt=receipt, at=at
    )


def an_order(
    standing: Standing,
    *,
    key: str = "a",
    amount: Money = HUNDRED,
    hours_old: int = 1,
    kind: LineKind = LineKind.PAYMENT,
    receipt: str | None = None,
) -> Order:
    moved = standing is Standing.MOVED
    return Order(
        order_id=f"order-{key}",
        key=key,
        kind=kind,
        amount=amount,
        standing=standing,
        receipt=receipt,
        moved_since=NOW - timedelta(hours=hours_old) if moved else None,
    )


@pytest.mark.parametrize(
    ("line", "order", "posted", "verdict", "because"),
    [
        # statement, order, ledger -> how the line ends
        (HUNDRED, (Standing.MOVED, HUNDRED, 1), HUNDRED, "matched", "agreed"),
        (HUNDRED, (Standing.MOVED, HUNDRED, 40), HUNDRED, "matched", "agreed"),
        (HUNDRED, None, None, "missing_here", "order_unknown"),
        (HUNDRED, (Standing.OPEN, HUNDRED, 0), None, "missing_here", "order_open"),
        (HUNDRED, (Standing.FAILED, HUNDRED, 0), None, "missing_here", "order_failed"),
        (HUNDRED, (Standing.FAILED, HUNDRED, 0), HUNDRED, "matched", "agreed"),
        (HUNDRED, (Standing.MOVED, HUNDRED, 35), None, "pending", "not_posted"),
        (HUNDRED, (Standing.MOVED, HUNDRED, 36), None, "missing_here", "not_posted"),
        (NINETY, (Standing.MOVED, HUNDRED, 1), HUNDRED, "amount_differs", "statement_amount"),
        (NINETY, (Standing.OPEN, HUNDRED, 0), None, "amount_differs", "statement_amount"),
        (HUNDRED, (Standing.MOVED, HUNDRED, 1), NINETY, "amount_differs", "ledger_amount"),
    ],
)
def test_a_line_beside_an_order_and_a_posting(
    line: Money,
    order: tuple[Standing, Money, int] | None,
    posted: Money | None,
    verdict: str,
    because: str,
) -> None:
    orders = [] if order is None else [an_order(order[0], amount=order[1], hours_old=order[2])]
    judged = reconcile(
        lines=[a_line(amount=line)],
        orders=orders,
        posted={} if posted is None else {"order-a": posted},
        at=NOW,
        pending_max=DAY,
    )
    found = judged.lines["line-1"]
    assert (found.verdict, found.because) == (verdict, because)
    moved = order is not None and order[0] is Standing.MOVED
    assert {key: each.verdict for key, each in judged.orders.items()} == (
        {"order-a": verdict} if moved else {}
    )


@pytest.mark.parametrize(("hours_old", "verdict"), [(35, "pending"), (36, "missing_there")])
def test_an_order_that_no_statement_has_ages(hours_old: int, verdict: str) -> None:
    judged = reconcile(
        lines=[],
        orders=[an_order(Standing.MOVED, hours_old=hours_old)],
        posted={"order-a": HUNDRED},
        at=NOW,
        pending_max=DAY,
    )
    assert judged.orders["order-a"] == Judgement(
        verdict=Verdict(verdict), because=Because.NOT_ON_STATEMENT
    )


def test_an_order_that_never_moved_is_not_expected() -> None:
    orders = [an_order(Standing.OPEN, key="a"), an_order(Standing.FAILED, key="b")]
    judged = reconcile(lines=[], orders=orders, posted={}, at=NOW, pending_max=DAY)
    assert judged.orders == {}


def test_of_two_lines_of_an_order_the_one_with_its_receipt_counts() -> None:
    lines = [a_line(1, receipt="R1"), a_line(2, receipt="R2"), a_line(3)]
    judged = reconcile(
        lines=lines,
        orders=[an_order(Standing.MOVED, receipt="R2")],
        posted={"order-a": HUNDRED},
        at=NOW,
        pending_max=DAY,
    )
    assert {key: each.verdict for key, each in judged.lines.items()} == {
        "line-1": "duplicate",
        "line-2": "matched",
        "line-3": "duplicate",
    }
    assert judged.orders["order-a"].partner == "line-2"


def test_without_a_receipt_the_line_of_the_right_amount_counts_and_then_the_first() -> None:
    def ends(*lines: Listed) -> list[str]:
        judged = reconcile(
            lines=lines,
            orders=[an_order(Standing.MOVED)],
            posted={"order-a": HUNDRED},
            at=NOW,
            pending_max=DAY,
        )
        return [judged.lines[line.item_id].verdict.value for line in lines]

    assert ends(a_line(1, amount=NINETY), a_line(2)) == ["duplicate", "matched"]
    assert ends(a_line(2), a_line(1)) == ["duplicate", "matched"]


def test_a_refund_is_no_payment() -> None:
    judged = reconcile(
        lines=[a_line(kind=LineKind.REFUND)],
        orders=[an_order(Standing.MOVED, hours_old=100)],
        posted={"order-a": HUNDRED},
        at=NOW,
        pending_max=DAY,
    )
    assert judged.lines["line-1"].because is Because.ORDER_UNKNOWN
    assert judged.orders["order-a"].verdict is Verdict.MISSING_THERE


def test_a_charge_waits_for_a_person() -> None:
    judged = reconcile(
        lines=[a_line(kind=LineKind.CHARGE)], orders=[], posted={}, at=NOW, pending_max=DAY
    )
    assert judged.lines["line-1"] == Judgement(verdict=Verdict.MISSING_HERE, because=Because.CHARGE)


def test_for_everything_that_can_be_wrong_there_is_something_to_do() -> None:
    assert set(WHAT_TO_DO) == set(Because)


KEYS = st.sampled_from("abcdef")
AMOUNTS = st.integers(1, 3).map(Money.from_birr)
KINDS = st.sampled_from(LineKind)


@st.composite
def books(draw: st.DrawFn) -> tuple[list[Listed], list[Order], dict[str, Money]]:
    lines = [
        a_line(number, key=key, amount=amount, kind=kind)
        for number, (key, amount, kind) in enumerate(
            draw(st.lists(st.tuples(KEYS, AMOUNTS, KINDS), max_size=12))
        )
    ]
    keyed = draw(st.lists(st.tuples(KINDS, KEYS), unique=True, max_size=8))
    orders = []
    for kind, key in keyed:
        standing = draw(st.sampled_from(Standing))
        order = an_order(
            standing,
            key=key,
            amount=draw(AMOUNTS),
            hours_old=draw(st.integers(0, 80)),
            kind=kind,
        )
        orders.append(
            Order(
                order_id=f"{kind}-{key}",
                key=key,
                kind=kind,
                amount=order.amount,
                standing=standing,
                moved_since=order.moved_since,
            )
        )
    posted = {order.order_id: draw(AMOUNTS) for order in orders if draw(st.booleans())}
    return lines, orders, posted


@given(books())
def test_every_line_and_every_moved_order_ends_once(
    drawn: tuple[list[Listed], list[Order], dict[str, Money]],
) -> None:
    lines, orders, posted = drawn
    judged = reconcile(lines=lines, orders=orders, posted=posted, at=NOW, pending_max=DAY)
    assert set(judged.lines) == {line.item_id for line in lines}
    assert set(judged.orders) == {
        order.order_id for order in orders if order.standing is Standing.MOVED
    }
    # Per order, at most one line is not a repetition.
    firsts = Counter(
        (line.kind, line.key)
        for line in lines
        if judged.lines[line.item_id].verdict is not Verdict.DUPLICATE
    )
    assert set(firsts) == {(line.kind, line.key) for line in lines}
    assert set(firsts.values()) <= {1}


@given(books())
def test_what_is_matched_sums_up_to_the_same_in_all_three(
    drawn: tuple[list[Listed], list[Order], dict[str, Money]],
) -> None:
    lines, orders, posted = drawn
    judged = reconcile(lines=lines, orders=orders, posted=posted, at=NOW, pending_max=DAY)
    matched = [
        (line, judged.lines[line.item_id].partner)
        for line in lines
        if judged.lines[line.item_id].verdict is Verdict.MATCHED
    ]
    partners = [partner for _, partner in matched if partner is not None]
    assert len(partners) == len(set(partners)) == len(matched)
    amount_of = {order.order_id: order.amount for order in orders}
    there = total(line.amount for line, _ in matched)
    assert there == total(amount_of[partner] for partner in partners)
    assert there == total(posted[partner] for partner in partners)


@given(books())
def test_a_pair_ends_alike_and_an_order_without_a_line_is_missing_there(
    drawn: tuple[list[Listed], list[Order], dict[str, Money]],
) -> None:
    lines, orders, posted = drawn
    judged = reconcile(lines=lines, orders=orders, posted=posted, at=NOW, pending_max=DAY)
    for judgement in judged.orders.values():
        if judgement.partner is None:
            assert judgement.because is Because.NOT_ON_STATEMENT
            assert judgement.verdict in (Verdict.PENDING, Verdict.MISSING_THERE)
        else:
            assert judgement.verdict is judged.lines[judgement.partner].verdict
