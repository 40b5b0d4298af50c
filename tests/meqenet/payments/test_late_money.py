import pytest

from meqenet.payments.late_money import MoneyPlace, Need, place_of_late_money


@pytest.mark.parametrize(
    ("paid_otherwise", "another_open", "need", "place"),
    [
        (True, False, Need.NEEDED, MoneyPlace.SURPLUS),
        (True, False, Need.OVER, MoneyPlace.SURPLUS),
        (True, False, Need.UNDECIDED, MoneyPlace.SURPLUS),
        (True, True, Need.NEEDED, MoneyPlace.SURPLUS),
        (False, True, Need.NEEDED, MoneyPlace.WAITS),
        (False, True, Need.OVER, MoneyPlace.WAITS),
        (False, True, Need.UNDECIDED, MoneyPlace.WAITS),
        (False, False, Need.NEEDED, MoneyPlace.INSTALLMENT),
        (False, False, Need.OVER, MoneyPlace.SURPLUS),
        (False, False, Need.UNDECIDED, MoneyPlace.WAITS),
    ],
)
def test_where_late_money_belongs(
    *, paid_otherwise: bool, another_open: bool, need: Need, place: MoneyPlace
) -> None:
    found = place_of_late_money(
        is_paid_otherwise=paid_otherwise, is_another_open=another_open, need=need
    )
    assert found is place
