"""Goods that go back: the plan shrinks by its rule, and no more goes back than was paid."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.servicing.account import Account, open_account
from meqenet.bnpl.servicing.allocation import allocate
from meqenet.bnpl.servicing.order_refund import OrderRefund, refund_order
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.bnpl.servicing_policy import SILENT, RefundPolicy, RefundTo, ServicingPolicy
from meqenet.errors import Refusal
from meqenet.money import Money, total
from tests.meqenet.bnpl.servicing.plans import FOUR_PARTS, SIX_MONTHS

_PRICE = Money.from_birr("100.00")
_ON = date(2024, 1, 15)


def _policy(to: RefundTo, *, returns_interest: bool = True) -> ServicingPolicy:
    return replace(SILENT, refund=RefundPolicy(to=to, returns_interest=returns_interest))


def _refund(account: Account, to: RefundTo, amount: str, on: date = _ON) -> OrderRefund:
    return refund_order(account=account, policy=_policy(to), amount=Money.from_birr(amount), on=on)


def _rows(account: Account) -> list[tuple[str, str]]:
    return [(str(row.owed.principal), str(row.owed.interest)) for row in account.installments]


@pytest.mark.parametrize(
    ("to", "rows"),
    [
        (
            RefundTo.LAST_INSTALLMENTS,
            [
                ("16.43", "0.41"),
                ("16.52", "0.31"),
                ("16.62", "0.22"),
                ("16.72", "0.12"),
                ("3.71", "0.02"),
                ("0.00", "0.00"),
            ],
        ),
        (
            RefundTo.NEXT_INSTALLMENTS,
            [
                ("0.00", "0.41"),
                ("2.95", "0.41"),
                ("16.62", "0.39"),
                ("16.72", "0.29"),
                ("16.81", "0.20"),
                ("16.90", "0.10"),
            ],
        ),
        (
            RefundTo.RE_AMORTISE,
            [
                ("11.50", "0.41"),
                ("11.57", "0.34"),
                ("11.63", "0.27"),
                ("11.70", "0.21"),
                ("11.77", "0.14"),
                ("11.83", "0.07"),
            ],
        ),
    ],
)
def test_thirty_birr_of_a_hundred_go_back_on_day_fourteen(
    to: RefundTo, rows: list[tuple[str, str]]
) -> None:
    refund = _refund(open_account(terms=SIX_MONTHS), to, "30.00")
    assert (str(refund.owed_less), str(refund.cash_back)) == ("30.00", "0.00")
    assert _rows(refund.account) == rows


def test_interest_from_before_stays_owed_where_the_refund_does_not_give_it_back() -> None:
    policy = _policy(RefundTo.LAST_INSTALLMENTS, returns_interest=False)
    refund = refund_order(
        account=open_account(terms=SIX_MONTHS),
        policy=policy,
        amount=Money.from_birr("30.00"),
        on=_ON,
    )
    # 14 of January's 31 days on 100.00, and 17 on 70.00, at 7/12 percent a month.
    assert _rows(refund.account)[0] == ("16.43", "0.49")


def test_what_was_paid_goes_back_once_nothing_is_owed() -> None:
    account = open_account(terms=FOUR_PARTS)
    first = account.installments[0]
    paid = account.with_installments(replace(first, paid=first.owed))
    part = _refund(paid, RefundTo.LAST_INSTALLMENTS, "2500.00", date(2027, 1, 10))
    assert (str(part.owed_less), str(part.cash_back)) == ("2500.00", "0.00")
    rest = _refund(part.account, RefundTo.LAST_INSTALLMENTS, "1500.00", date(2027, 1, 11))
    assert (str(rest.owed_less), str(rest.cash_back)) == ("500.00", "1000.00")
    assert rest.account.is_paid


@pytest.mark.parametrize(
    ("amount", "code"), [("0.00", "refund_invalid"), ("-1.00", "refund_invalid")]
)
def test_nothing_is_no_refund(amount: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        _refund(open_account(terms=SIX_MONTHS), RefundTo.LAST_INSTALLMENTS, amount)
    assert (refused.value.code, refused.value.field) == (code, "amount")


def test_a_plan_that_was_given_up_is_not_refunded_by_itself() -> None:
    account = replace(open_account(terms=SIX_MONTHS), charged_off_on=date(2024, 9, 1))
    with pytest.raises(Refusal) as refused:
        _refund(account, RefundTo.LAST_INSTALLMENTS, "10.00", date(2024, 10, 1))
    assert (refused.value.code, refused.value.field) == ("plan_charged_off", None)


_DEEDS = st.lists(
    st.tuples(
        st.sampled_from(("pay", "refund")),
        st.integers(min_value=0, max_value=45),
        st.integers(min_value=1, max_value=6_000).map(Money),
    ),
    min_size=1,
    max_size=6,
)


@given(to=st.sampled_from(RefundTo), gives_back=st.booleans(), deeds=_DEEDS)
def test_no_principal_is_made_or_lost_and_no_more_goes_back_than_was_paid(
    to: RefundTo, deeds: list[tuple[str, int, Money]], *, gives_back: bool
) -> None:
    policy = _policy(to, returns_interest=gives_back)
    account, on = open_account(terms=SIX_MONTHS), date(2024, 1, 1)
    refunded = back = paid = Money.zero()
    for deed, days, amount in deeds:
        on += timedelta(days=days)
        if deed == "pay":
            most = pay_off_quote(account=account, policy=policy, on=on).total
            if paying := min(amount, most):
                done = allocate(account=account, policy=policy, amount=paying, on=on)
                account = replace(done.account, credit=Money.zero())
                paid += paying
        elif going := min(amount, _PRICE - refunded):
            left = account.left.principal
            refund = refund_order(account=account, policy=policy, amount=going, on=on)
            assert left - refund.owed_less == refund.account.left.principal
            assert refund.interest_saved >= Money.zero()
            refunded, back = refunded + going, back + refund.cash_back
            account = refund.account
        assert back <= paid


@given(
    to=st.sampled_from(RefundTo),
    payments=st.lists(
        st.tuples(st.integers(0, 40), st.integers(100, 4_000).map(Money)), max_size=4
    ),
    parts=st.lists(st.integers(100, 3_000).map(Money), max_size=3),
)
def test_goods_that_all_go_back_have_cost_nothing(
    to: RefundTo, payments: list[tuple[int, Money]], parts: list[Money]
) -> None:
    policy, account, on = _policy(to), open_account(terms=SIX_MONTHS), date(2024, 1, 1)
    paid = back = refunded = Money.zero()
    for days, amount in payments:
        on += timedelta(days=days)
        quote = pay_off_quote(account=account, policy=policy, on=on).total
        if amount < quote:
            account = allocate(account=account, policy=policy, amount=amount, on=on).account
            paid += amount
    for part in (*parts, _PRICE - total(parts)):
        refund = refund_order(account=account, policy=policy, amount=part, on=on)
        account, back, refunded = refund.account, back + refund.cash_back, refunded + part
    assert not account.left.total
    assert abs((back - paid).santim) <= len(parts), "each part is rounded once"
