"""What a merchant keeps of an order when there is a fixed fee, and a tax on the fee."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.money import Money
from meqenet.settlement.terms import Tax, proceeds_of


@pytest.mark.parametrize(
    ("gross", "basis_points", "fixed", "rate", "fee", "tax", "net"),
    [
        ("1000.00", 350, "2.50", 0, "37.50", "0.00", "962.50"),
        ("1000.00", 350, "2.50", 1500, "37.50", "5.62", "956.88"),
        ("1000.00", 0, "0.00", 1500, "0.00", "0.00", "1000.00"),
        ("2.00", 350, "2.50", 0, "1.99", "0.00", "0.01"),
        ("2.00", 350, "2.50", 1500, "1.73", "0.26", "0.01"),
    ],
)
def test_fee_tax_and_net(
    gross: str, basis_points: int, fixed: str, rate: int, fee: str, tax: str, net: str
) -> None:
    made = proceeds_of(
        gross=Money.from_birr(gross),
        fee_basis_points=basis_points,
        fee_fixed=Money.from_birr(fixed),
        tax=Tax(code="VAT", rate_basis_points=rate),
    )
    assert (str(made.fee), str(made.tax), str(made.net)) == (fee, tax, net)


@given(
    st.integers(1, 100_000_000),
    st.integers(0, 5_000),
    st.integers(1, 1_000_000),
    st.integers(0, 2_000),
)
def test_the_parts_are_the_whole_and_the_merchant_gets_something(
    gross: int, basis_points: int, fixed: int, rate: int
) -> None:
    made = proceeds_of(
        gross=Money(gross),
        fee_basis_points=basis_points,
        fee_fixed=Money(fixed),
        tax=Tax(code="VAT", rate_basis_points=rate),
    )
    assert made.fee + made.tax + made.net == made.gross == Money(gross)
    assert made.net > Money(0)
    assert min(made.fee, made.tax) >= Money(0)
