"""Which captures a dispute is of: never more waits of one than it has brought."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from activities.contracts.captures import CaptureStanding
from meqenet.bnpl.dispute_events import DisputedCapture
from meqenet.ledger.accruals import fee_earned
from meqenet.money import Money, total
from workflows.dispute_lines import split_over_captures

_CAPTURES = st.lists(
    st.tuples(st.integers(1, 100_000), st.integers(0, 10_000), st.integers(0, 10_000)),
    min_size=1,
    max_size=5,
)
"""Prices, and in ten thousandths the fee and what has gone back."""


def _capture(number: int, price: int, fee: int, gone: int) -> CaptureStanding:
    amount = Money(price)
    return CaptureStanding(
        capture_id=f"pln_a-c{number}",
        amount=amount,
        fee=amount.portion(basis_points=fee),
        left=amount - amount.portion(basis_points=gone),
        due_at=datetime(2026, 11, 23, tzinfo=UTC),
        is_paid=False,
    )


def test_the_newest_are_disputed_first() -> None:
    made = [_capture(1, 40_000, 300, 0), _capture(2, 30_000, 300, 5_000)]
    assert split_over_captures(amount=Money(20_000), made=made) == (
        DisputedCapture(capture_id="pln_a-c2", amount=Money(15_000), fee=Money(450)),
        DisputedCapture(capture_id="pln_a-c1", amount=Money(5_000), fee=Money(150)),
    )


@settings(max_examples=60)
@given(_CAPTURES, st.integers(0, 10_000))
def test_what_waits_and_what_went_back_come_to_what_the_capture_has_brought(
    drawn: list[tuple[int, int, int]], of_it: int
) -> None:
    made = [_capture(number, *each) for number, each in enumerate(drawn, start=1)]
    amount = total(each.left for each in made).portion(basis_points=of_it)
    parts = split_over_captures(amount=amount, made=made)
    assert total(part.amount for part in parts) == amount
    by_id = {part.capture_id: part for part in parts}
    for each in made:
        part = by_id.get(each.capture_id)
        if part is None:
            continue
        returned = each.amount - each.left
        fee_back = fee_earned(
            fee=each.fee, financed=each.amount, returned_before=Money(0), returned=returned
        )
        gone = (returned - fee_back) + (part.amount - part.fee)
        assert Money(0) < part.amount <= each.left
        assert gone <= each.amount - each.fee
        if part.amount == each.left:
            assert gone == each.amount - each.fee
