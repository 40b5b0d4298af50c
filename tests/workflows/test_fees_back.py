"""A merchant's fee goes back with its order, to the santim, also where a dispute was between."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from meqenet.bnpl.account_history import AccountHistory
from meqenet.ledger.accruals import fee_earned
from meqenet.money import Money, total
from workflows.fees_back import fee_back

_PRICE, _FEE = Money(400_000), Money(13_320)


def _history(amounts: Iterable[int], *, disputed: dict[int, Money]) -> AccountHistory:
    """Refunds of these amounts, of which some end a dispute that has held so much of the fee."""
    refunds = [
        SimpleNamespace(number=number, amount=Money(amount), reference=f"r{number}")
        for number, amount in enumerate(amounts, start=1)
    ]
    held = [SimpleNamespace(dispute_id=f"r{n}", fee=fee) for n, fee in disputed.items()]
    return cast(AccountHistory, SimpleNamespace(goods_back=lambda: refunds, disputes=held))


def _back(history: AccountHistory, number: int) -> Money:
    return fee_back(history=history, fee=_FEE, price=_PRICE, number=number)


def test_a_won_dispute_gives_back_what_it_has_held_and_the_next_refund_makes_up_for_it() -> None:
    """The fourth refund by its place alone would give back 13.15, and the last one 26.32."""
    amounts = (133_320, 88_884, 59_259, 39_508, 79_029)
    history = _history(amounts, disputed={4: Money(1_316)})
    backs = [_back(history, number) for number in range(1, 6)]
    assert backs == [Money(4_440), Money(2_959), Money(1_974), Money(1_316), Money(2_631)]
    assert total(backs) == _FEE


@settings(max_examples=60)
@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=4), st.integers(1, 5))
def test_with_all_of_the_order_all_of_the_fee_goes_back(amounts: list[int], ends: int) -> None:
    parts = [*amounts, _PRICE.santim - sum(amounts)]
    parts = [part for part in parts if part]
    ends = min(ends, len(parts))
    amount = Money(parts[ends - 1])
    held = fee_earned(fee=_FEE, financed=_PRICE, returned_before=_PRICE - amount, returned=amount)
    history = _history(parts, disputed={ends: held})
    backs = [_back(history, number) for number in range(1, len(parts) + 1)]
    assert min(backs) >= Money.zero()
    assert total(backs) == _FEE
