"""Payments and refunds of plans that bear interest: the log gives each account again."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.account_history import AccountHistory, account_of
from meqenet.bnpl.allocated_payment import allocated_payment
from meqenet.bnpl.refund_events import order_refunded
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.order_refund import refund_order
from meqenet.bnpl.servicing_policy import SILENT, RefundPolicy, RefundTo
from meqenet.money import Money
from tests.meqenet.bnpl.servicing.plans import SIX_MONTHS
from tests.meqenet.bnpl.test_allocated_payment import after_payment, owed_of

_PRICE = Money.from_birr("100.00")
_DEEDS = st.lists(
    st.tuples(
        st.sampled_from(("pay", "refund")),
        st.integers(min_value=0, max_value=45),
        st.integers(min_value=100, max_value=5_000).map(Money),
    ),
    min_size=1,
    max_size=6,
)


def _account(history: AccountHistory, paid: set[int]) -> Account:
    return account_of(terms=SIX_MONTHS, paid=paid, history=history)


@given(to=st.sampled_from(RefundTo), gives_back=st.booleans(), deeds=_DEEDS)
def test_the_log_gives_the_account_again_that_goods_have_left(
    to: RefundTo, deeds: list[tuple[str, int, Money]], *, gives_back: bool
) -> None:
    policy = replace(SILENT, refund=RefundPolicy(to=to, returns_interest=gives_back))
    history, paid, on, refunded = (
        AccountHistory(),
        set[int](),
        SIX_MONTHS.disbursed_on,
        Money.zero(),
    )
    for number, (deed, days, amount) in enumerate(deeds, start=1):
        on += timedelta(days=days)
        before = _account(history, paid)
        if deed == "pay":
            told = allocated_payment(
                account=before,
                policy=policy,
                amount=amount,
                on=on,
                order=number,
                attempt_id=f"a{number}",
            )
            if told is not None:
                history, paid = after_payment(told, history=history, paid=paid)
        elif going := min(amount, _PRICE - refunded):
            refund = refund_order(account=before, policy=policy, amount=going, on=on)
            history = history.refunded(
                order_refunded(
                    before=before,
                    refund=refund,
                    number=number,
                    reference=f"r-{number}",
                )
            )
            refunded += going
            assert owed_of(_account(history, paid)) == owed_of(refund.account)
            for row in _account(history, paid).installments:
                in_part = history.paid_in_part(number=row.number)
                assert row.number in paid or in_part == row.paid.planned
