"""What a customer may pay by their own will, and whole installments by the plan's own rule."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.own_payment import own_payment, payable_amounts
from meqenet.bnpl.payment_events import FeePart
from meqenet.bnpl.servicing.account import Account, open_account
from meqenet.bnpl.servicing.allocation import allocate
from meqenet.bnpl.servicing.late_fees import charge_late_fees
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.bnpl.servicing_policy import SILENT, PaidAhead
from meqenet.errors import Refusal
from meqenet.money import Money, total
from tests.meqenet.bnpl.servicing.plans import FIXED_FEE, FOUR_PARTS, SIX_MONTHS

_POLICY = replace(SILENT, late_fee=FIXED_FEE)
_BY = date(2027, 1, 23)


def _late(*, on: date) -> Account:
    """Only the first part is paid; fees are charged by the day."""
    opened = open_account(terms=FOUR_PARTS)
    first = opened.installments[0]
    paid = opened.with_installments(replace(first, paid=first.owed))
    return charge_late_fees(account=paid, policy=FIXED_FEE, until=on).account


def test_what_is_late_is_paid_first_with_its_fee_and_then_what_is_to_come() -> None:
    account = _late(on=_BY)
    amounts = payable_amounts(account=account, policy=_POLICY, on=_BY)
    assert [str(each) for each in amounts] == ["1025.00", "2025.00", "3025.00"]
    told = [own_payment(account=account, policy=_POLICY, amount=each, on=_BY) for each in amounts]
    assert [each.installments for each in told] == [(2,), (2, 3), (2, 3, 4)]
    assert [each.ends_plan for each in told] == [False, False, True]
    assert told[0].late_fees == (FeePart(number=2, amount=Money(2_500)),)
    assert own_payment(account=account, policy=_POLICY, amount=None, on=_BY) == told[-1]


def test_what_is_to_come_may_be_paid_from_the_end() -> None:
    policy = replace(_POLICY, paid_ahead=PaidAhead.LAST_INSTALLMENT)
    account = _late(on=FOUR_PARTS.disbursed_on)
    paid = own_payment(
        account=account, policy=policy, amount=Money.from_birr(1000), on=FOUR_PARTS.disbursed_on
    )
    assert paid.installments == (4,)


@given(days=st.integers(0, 120))
def test_the_last_amount_is_the_pay_off_quote_and_leaves_nothing(days: int) -> None:
    on = FOUR_PARTS.disbursed_on + timedelta(days=days)
    account = _late(on=on)
    amounts = payable_amounts(account=account, policy=_POLICY, on=on)
    assert amounts[-1] == pay_off_quote(account=account, policy=_POLICY, on=on).total
    for amount in amounts:
        paid = own_payment(account=account, policy=_POLICY, amount=amount, on=on)
        rows = {row.number: row.left for row in account.installments}
        assert paid.amount == amount
        assert (
            total(part.amount for part in paid.late_fees)
            + total(rows[number].planned for number in paid.installments)
            == amount
        )
        after = allocate(account=account, policy=_POLICY, amount=amount, on=on).account
        assert not any(after.installments[number - 1].left.total for number in paid.installments)


def test_nothing_is_paid_of_a_plan_that_owes_nothing() -> None:
    account = _late(on=_BY)
    paid = account.with_installments(*(replace(row, paid=row.owed) for row in account.installments))
    with pytest.raises(Refusal) as refused:
        own_payment(account=paid, policy=_POLICY, amount=None, on=_BY)
    assert refused.value.code == "nothing_owed"


def test_of_a_plan_that_earns_interest_what_is_due_or_begun_is_paid_whole_or_all_of_it() -> None:
    account, on = open_account(terms=SIX_MONTHS), date(2024, 2, 15)
    pays_off = pay_off_quote(account=account, policy=SILENT, on=on).total
    first, second = (row.left.total for row in account.installments[:2])
    assert payable_amounts(account=account, policy=SILENT, on=on) == (
        first,
        first + second,
        pays_off,
    )
    assert pays_off < account.left.total


def test_principal_that_is_paid_before_its_date_saves_its_interest() -> None:
    account, on = open_account(terms=SIX_MONTHS), date(2024, 2, 15)
    due, begun = account.installments[:2]
    amount = due.left.total + begun.left.total + Money.from_birr("5.00")
    paid = own_payment(account=account, policy=SILENT, amount=amount, on=on)
    assert paid.installments == (1, 2)
    # The third period has not begun: what pays it is principal, and its interest is still asked.
    assert [(part.number, str(part.amount)) for part in paid.parts] == [(3, "5.00")]
    assert paid.interest == due.left.interest + begun.left.interest
    assert paid.interest_saved > Money.zero()
    assert not paid.ends_plan


def test_no_payment_leaves_less_than_can_be_collected() -> None:
    account, on = open_account(terms=SIX_MONTHS), date(2024, 2, 15)
    pays_off = pay_off_quote(account=account, policy=SILENT, on=on).total
    with pytest.raises(Refusal) as refused:
        own_payment(account=account, policy=SILENT, amount=pays_off - Money(1), on=on)
    assert refused.value.code == "payment_too_small"
    assert str(pays_off) in refused.value.text
