"""A merchant's fee where a part of its principal is gone: no santim is left over at the end."""

from hypothesis import given
from hypothesis import strategies as st

from meqenet.ledger.accruals import fee_earned
from meqenet.ledger.earning import GonePart, fee_kept
from meqenet.money import Money


@st.composite
def _parts(draw: st.DrawFn) -> GonePart:
    financed = draw(st.integers(1, 200_000))
    returned = draw(st.integers(0, financed))
    gone = draw(st.integers(0, financed - returned))
    return GonePart(number=1, financed=Money(financed), returned=Money(returned), gone=Money(gone))


@given(part=_parts(), percent=st.integers(0, 30))
def test_what_was_earned_and_what_will_be_is_what_stays_of_the_fee(
    part: GonePart, percent: int
) -> None:
    fee = part.financed.portion(basis_points=percent * 100)
    kept = fee_kept(fee=fee, part=part)
    assert Money.zero() <= kept <= fee
    nothing, stays = Money.zero(), part.financed - part.gone
    if not stays:
        assert kept == nothing
        return
    before = fee_earned(
        fee=fee, financed=part.financed, returned_before=nothing, returned=part.returned
    )
    later = fee_earned(
        fee=kept, financed=stays, returned_before=part.returned, returned=stays - part.returned
    )
    assert before + later == kept
