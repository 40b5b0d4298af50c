"""A merchant's money that waits: nothing is lost by it, and never more waits than is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.ledger.accruals import fee_earned
from meqenet.ledger.dispute_happenings import DisputeHeld, DisputeReleased
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money
from tests.meqenet.ledger.books import left_over, rows, table


def _held(taken_from: MerchantMoney) -> DisputeHeld:
    return DisputeHeld(
        plan_id="pln_a",
        merchant_id="mrc_b",
        dispute_id="pln_a-d1",
        amount=Money(29_550),
        taken_from=taken_from,
    )


def _released(*, is_protected: bool) -> DisputeReleased:
    return DisputeReleased(
        plan_id="pln_a",
        merchant_id="mrc_b",
        dispute_id="pln_a-d1",
        amount=Money(29_550),
        is_protected=is_protected,
    )


@pytest.mark.parametrize(
    ("taken_from", "account"),
    [
        (MerchantMoney.PROTECTED, "merchant_protected:pln_a"),
        (MerchantMoney.PAYABLE, "merchant_payable:mrc_b"),
        (MerchantMoney.PAID_OUT, "merchant_receivable:mrc_b"),
    ],
)
def test_money_waits_wherever_it_was(taken_from: MerchantMoney, account: str) -> None:
    assert table(_held(taken_from)) == rows(
        f"debit  {account} 295.50", "credit merchant_disputed:pln_a 295.50"
    )


@pytest.mark.parametrize(
    ("is_protected", "account"),
    [(True, "merchant_protected:pln_a"), (False, "merchant_payable:mrc_b")],
)
def test_it_comes_back_protected_or_payable(account: str, *, is_protected: bool) -> None:
    assert table(_released(is_protected=is_protected)) == rows(
        "debit  merchant_disputed:pln_a 295.50", f"credit {account} 295.50"
    )


def test_what_was_paid_out_nets_with_what_comes_back() -> None:
    story = (_held(MerchantMoney.PAID_OUT), _released(is_protected=False))
    assert left_over(story) == {
        "merchant_receivable:mrc_b": "295.50",
        "merchant_payable:mrc_b": "-295.50",
    }


@given(data=st.data())
def test_what_waits_and_what_goes_back_are_never_more_than_the_merchants_money(
    data: st.DataObject,
) -> None:
    """Refunds take their fees from the first of the order on, the dispute from its last."""
    price = Money(data.draw(st.integers(2, 10**7)))
    fee = Money(data.draw(st.integers(0, price.santim - 1)))
    part = Money(data.draw(st.integers(1, price.santim)))

    def net(before: Money, amount: Money) -> Money:
        share = fee_earned(fee=fee, financed=price, returned_before=before, returned=amount)
        return amount - share

    held, there, returned = net(price - part, part), price - fee, Money.zero()
    assert Money.zero() <= held <= there
    there -= held
    while returned < price - part and data.draw(st.booleans()):
        left = price - part - returned
        amount = Money(data.draw(st.integers(1, left.santim)))
        there -= net(returned, amount)
        returned += amount
        assert there >= Money.zero()
    # It ends for the customer: what has waited is there again, and the part goes back from it.
    assert there + held - net(returned, part) >= Money.zero()
