"""Parts of an order share its fee and tax exactly, whatever they are and whoever takes them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.money import Money, total
from meqenet.settlement.authorisations import share_of
from meqenet.settlement.terms import Proceeds, Tax, proceeds_of


@st.composite
def _orders(draw: st.DrawFn) -> tuple[Proceeds, list[Money]]:
    """An order, and parts that come to no more than its price."""
    whole = proceeds_of(
        gross=Money(draw(st.integers(2, 10**7))),
        fee_basis_points=draw(st.integers(0, 4_000)),
        tax=Tax(code="VAT", rate_basis_points=draw(st.sampled_from([0, 1_500]))),
    )
    cuts = sorted(draw(st.lists(st.integers(0, whole.gross.santim), min_size=1, max_size=6)))
    edges = [0, *cuts, whole.gross.santim]
    parts = [Money(after - before) for before, after in pairwise(edges)]
    return whole, [part for part in parts if part]


def _shares(whole: Proceeds, parts: list[Money]) -> list[Proceeds]:
    return [
        share_of(whole=whole, before=total(parts[:place]), part=part)
        for place, part in enumerate(parts)
    ]


@given(order=_orders())
def test_the_shares_of_all_parts_are_those_of_the_whole(
    order: tuple[Proceeds, list[Money]],
) -> None:
    whole, parts = order
    shares = _shares(whole, parts)
    assert total(share.fee for share in shares) == whole.fee
    assert total(share.tax for share in shares) == whole.tax
    assert total(share.net for share in shares) == whole.net
    nothing = Money.zero()
    for share in shares:
        assert share.gross == share.fee + share.tax + share.net
        assert min(share.fee, share.tax, share.net) >= nothing


@given(order=_orders(), data=st.data())
def test_what_goes_back_of_a_part_in_parts_gives_back_its_fee(
    order: tuple[Proceeds, list[Money]], data: st.DataObject
) -> None:
    whole, parts = order
    capture = data.draw(st.sampled_from(_shares(whole, parts)))
    first = Money(data.draw(st.integers(0, capture.gross.santim)))
    back = _shares(capture, [first, capture.gross - first])
    assert total(each.net for each in back) == capture.net
    assert total(each.fee + each.tax for each in back) == capture.fee + capture.tax


def test_a_thousand_at_one_and_a_half_percent_in_three_parts() -> None:
    whole = proceeds_of(gross=Money.from_birr("1000.00"), fee_basis_points=150)
    shares = _shares(whole, [Money.from_birr(text) for text in ("400.00", "300.00", "300.00")])
    assert [(str(share.fee), str(share.net)) for share in shares] == [
        ("6.00", "394.00"),
        ("4.50", "295.50"),
        ("4.50", "295.50"),
    ]


def test_no_part_is_more_than_what_is_left() -> None:
    whole = proceeds_of(gross=Money(100), fee_basis_points=300)
    with pytest.raises(ValueError, match="part"):
        share_of(whole=whole, before=Money(60), part=Money(41))
