"""Payments of plans that bear interest: the log gives the account again that each of them left."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.account_history import AccountHistory, account_of
from meqenet.bnpl.allocated_payment import allocated_payment, paid_installment
from meqenet.bnpl.payment_events import InstallmentPaidInPart, OwnPaymentAllocated
from meqenet.bnpl.servicing.account import Account, open_account
from meqenet.bnpl.servicing.allocation import allocate
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.bnpl.servicing_policy import SILENT, PaidAhead
from meqenet.money import Money, total
from tests.meqenet.bnpl.servicing.plans import SIX_MONTHS

_FIRST = date(2024, 1, 2)
_AT = datetime(2024, 1, 2, 9, tzinfo=UTC)
_MONEY = st.integers(min_value=100, max_value=6_000).map(Money)


def after_payment(
    told: OwnPaymentAllocated, *, history: AccountHistory, paid: set[int]
) -> tuple[AccountHistory, set[int]]:
    """The account's history with all that a payment has recorded."""
    after, whole = history.allocated(told), set(paid)
    for row in told.installments:
        found = paid_installment(told=told, number=row.number, history=after)
        if found is None:
            continue
        if found.is_whole:
            whole.add(row.number)
            continue
        part = InstallmentPaidInPart(
            number=row.number,
            attempt_id=told.attempt_id,
            amount=found.share.amount,
            paid_at=_AT,
            interest=found.share.interest,
        )
        after = after.with_part(part)
    return after, whole


@given(
    rule=st.sampled_from(PaidAhead),
    payments=st.lists(st.tuples(st.integers(0, 50), _MONEY), min_size=1, max_size=6),
)
def test_the_log_gives_the_account_again_that_a_payment_has_left(
    rule: PaidAhead, payments: list[tuple[int, Money]]
) -> None:
    policy = replace(SILENT, paid_ahead=rule)
    history, paid, on = AccountHistory(), set[int](), _FIRST
    collected = financed = Money.zero()
    for order, (days, amount) in enumerate(payments, start=1):
        on += timedelta(days=days)
        before = account_of(terms=SIX_MONTHS, paid=paid, history=history)
        financed = before.financed
        told = allocated_payment(
            account=before, policy=policy, amount=amount, on=on, order=order, attempt_id=f"a{order}"
        )
        if told is None:
            assert before.is_paid or not pay_off_quote(account=before, policy=policy, on=on).total
            return
        shares = total(each.amount for each in told.shares)
        assert shares + told.overpaid == amount
        assert total(each.amount for each in told.from_credit) <= told.interest_returned
        collected += total(each.principal for each in (*told.shares, *told.from_credit))
        history, paid = after_payment(told, history=history, paid=paid)
        after = account_of(terms=SIX_MONTHS, paid=paid, history=history)
        expected = allocate(
            account=before, policy=policy, amount=amount - told.overpaid, on=on
        ).account
        assert owed_of(after) == owed_of(expected)
        assert after.left.principal == financed - collected


def owed_of(account: Account) -> list[tuple[int, date, Money, Money, Money, Money]]:
    return [
        (
            row.number,
            row.due_on,
            row.owed.principal,
            row.owed.interest,
            row.left.principal,
            row.left.interest,
        )
        for row in account.installments
    ]


def test_what_pays_the_plan_off_is_the_quote_and_gives_back_what_was_paid_for_later_days() -> None:
    account = open_account(terms=SIX_MONTHS)
    first = allocated_payment(
        account=account,
        policy=SILENT,
        amount=Money.from_birr("10.00"),
        on=date(2024, 1, 6),
        order=1,
        attempt_id="a1",
    )
    assert first is not None
    # All interest of the first month, 0.58, comes before its principal.
    assert [(s.number, str(s.interest), str(s.principal)) for s in first.shares] == [
        (1, "0.58", "9.42")
    ]
    history, paid = after_payment(first, history=AccountHistory(), paid=set())
    before = account_of(terms=SIX_MONTHS, paid=paid, history=history)
    quote = pay_off_quote(account=before, policy=SILENT, on=date(2024, 1, 11))
    last = allocated_payment(
        account=before,
        policy=SILENT,
        amount=quote.total,
        on=date(2024, 1, 11),
        order=2,
        attempt_id="a2",
    )
    assert last is not None
    # Five days on 100.00 and five on 90.58 are 0.18 of interest; 0.40 of the 0.58 goes back.
    assert (str(last.interest_returned), str(quote.total)) == ("0.40", "90.18")
    history, paid = after_payment(last, history=history, paid=paid)
    assert paid == {1, 2, 3, 4, 5, 6}
    assert account_of(terms=SIX_MONTHS, paid=paid, history=history).is_paid
