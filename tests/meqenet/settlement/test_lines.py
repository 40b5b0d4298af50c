import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.money import Money, total
from meqenet.settlement.lines import (
    CloseOutcome,
    Line,
    LineKind,
    LineMoney,
    ReserveTerms,
    close_of,
)

ORDER, REFUND = LineKind.ORDER, LineKind.REFUND


def line(kind: LineKind, birr: str, *, money: LineMoney = LineMoney.PAYABLE) -> Line:
    return Line(line_id=f"{kind} {birr}", kind=kind, money=money, net=Money.from_birr(birr))


@pytest.mark.parametrize(
    ("lines", "minimum", "basis_points", "outcome", "reserve", "amount"),
    [
        ((), "0", 0, CloseOutcome.NOTHING, "0.00", "0.00"),
        ((line(ORDER, "970.00"),), "0", 0, CloseOutcome.TAKEN, "0.00", "970.00"),
        ((line(ORDER, "970.00"),), "0", 500, CloseOutcome.TAKEN, "48.50", "921.50"),
        ((line(ORDER, "0.25"),), "0", 5000, CloseOutcome.TAKEN, "0.12", "0.13"),
        ((line(ORDER, "970.00"),), "970.00", 0, CloseOutcome.TAKEN, "0.00", "970.00"),
        ((line(ORDER, "970.00"),), "970.01", 0, CloseOutcome.CARRIED_OVER, "0.00", "0.00"),
        ((line(ORDER, "970.00"),), "930.00", 500, CloseOutcome.CARRIED_OVER, "0.00", "0.00"),
        (
            (line(ORDER, "970.00"), line(REFUND, "-400.00")),
            "0",
            500,
            CloseOutcome.TAKEN,
            "48.50",
            "521.50",
        ),
        (
            (line(ORDER, "970.00"), line(REFUND, "-970.00")),
            "0",
            0,
            CloseOutcome.CARRIED_OVER,
            "0.00",
            "0.00",
        ),
        (
            (line(ORDER, "100.00"), line(REFUND, "-400.00", money=LineMoney.RECEIVABLE)),
            "0",
            500,
            CloseOutcome.OWING,
            "0.00",
            "0.00",
        ),
        (
            (line(LineKind.RESERVE_RELEASED, "48.50", money=LineMoney.RESERVE),),
            "0",
            500,
            CloseOutcome.TAKEN,
            "0.00",
            "48.50",
        ),
    ],
)
def test_what_a_close_comes_to(
    lines: tuple[Line, ...],
    minimum: str,
    basis_points: int,
    outcome: CloseOutcome,
    reserve: str,
    amount: str,
) -> None:
    close = close_of(
        lines=lines,
        minimum=Money.from_birr(minimum),
        reserve=ReserveTerms(basis_points=basis_points, days=30),
    )
    assert (close.outcome, str(close.reserve), str(close.amount)) == (outcome, reserve, amount)


_LINES = st.lists(
    st.builds(
        lambda kind, money, santim: Line(
            line_id="l", kind=kind, money=money, net=Money(abs(santim) if kind is ORDER else santim)
        ),
        st.sampled_from(LineKind),
        st.sampled_from(LineMoney),
        st.integers(-1_000_000, 1_000_000),
    )
)


@given(_LINES, st.integers(0, 500_000), st.integers(0, 5_000))
def test_paid_and_kept_and_left_are_what_there_was_and_never_more(
    lines: list[Line], minimum: int, basis_points: int
) -> None:
    close = close_of(
        lines=lines,
        minimum=Money(minimum),
        reserve=ReserveTerms(basis_points=basis_points, days=1),
    )
    there = total(each.net for each in lines)
    assert close.available == there
    assert close.reserve >= Money(0)
    if close.outcome is CloseOutcome.TAKEN:
        assert close.amount + close.reserve == there
        assert max(Money(minimum), Money(1)) <= close.amount <= there
    else:
        assert (close.amount, close.reserve) == (Money(0), Money(0))
        assert (close.outcome is CloseOutcome.OWING) == (there < Money(0) and bool(lines))


def test_a_minimum_is_not_negative() -> None:
    with pytest.raises(ValueError, match="minimum"):
        close_of(lines=(), minimum=Money(-1), reserve=ReserveTerms())
