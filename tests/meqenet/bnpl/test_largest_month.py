from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.events import PlannedInstallment
from meqenet.bnpl.largest_month import largest_month
from meqenet.money import Money


def _due(on: date, santim: int, *, interest: int = 0) -> PlannedInstallment:
    return PlannedInstallment(
        number=1, due_on=on, principal=Money(santim), interest=Money(interest)
    )


def test_installments_of_one_month_add_up_and_years_stay_apart() -> None:
    rows = [
        _due(date(2026, 12, 7), 100),
        _due(date(2026, 12, 21), 100, interest=5),
        _due(date(2027, 1, 4), 150),
        _due(date(2027, 12, 1), 90),
    ]
    assert largest_month(installments=rows) == Money(205)


def test_nothing_due_is_nothing() -> None:
    assert largest_month(installments=[]) == Money.zero()


@given(
    rows=st.lists(
        st.builds(
            _due,
            st.dates(min_value=date(2026, 1, 1), max_value=date(2027, 12, 31)),
            st.integers(0, 10**9),
            interest=st.integers(0, 10**6),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_it_lies_between_the_largest_installment_and_the_whole(
    rows: list[PlannedInstallment],
) -> None:
    found = largest_month(installments=rows).santim
    assert max(row.amount.santim for row in rows) <= found
    assert found <= sum(row.amount.santim for row in rows)
