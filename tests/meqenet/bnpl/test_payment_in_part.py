"""A payment of any amount pays installments in part: exactly, and never more than is owed."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl import events as e
from meqenet.bnpl.account_history import AccountHistory, account_of
from meqenet.bnpl.delinquency_events import LateFeeCharged
from meqenet.bnpl.own_payment import OwnPayment, own_payment
from meqenet.bnpl.payment_events import FeePart, InstallmentPaidInPart, SchedulePart
from meqenet.bnpl.progress import progress_of
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.allocation import allocate
from meqenet.bnpl.servicing.late_fees import late_fees_due
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.bnpl.servicing_policy import SILENT, PaidAhead, ServicingPolicy
from meqenet.errors import Refusal
from meqenet.money import Money, total
from tests.meqenet.bnpl.servicing.plans import FIXED_FEE, FOUR_PARTS

_POLICY = replace(SILENT, late_fee=FIXED_FEE)
_BY = date(2027, 1, 23)
_AT = datetime(2027, 1, 23, 9, tzinfo=UTC)


def _charged() -> AccountHistory:
    """One fee of the second part is charged by the day; only the first part is paid."""
    account = account_of(terms=FOUR_PARTS, paid=[1], history=AccountHistory())
    history = AccountHistory()
    for fee in late_fees_due(account=account, policy=FIXED_FEE, until=_BY):
        history = history.charged(fee)
    return history


def _account(history: AccountHistory) -> Account:
    return account_of(terms=FOUR_PARTS, paid=[1], history=history)


def _paid(amount: str) -> OwnPayment:
    return own_payment(
        account=_account(_charged()), policy=_POLICY, amount=Money.from_birr(amount), on=_BY
    )


@pytest.mark.parametrize(
    ("amount", "installments", "fees", "parts"),
    [
        ("1.00", (), [(2, "1.00")], []),
        ("400.00", (), [(2, "25.00")], [(2, "375.00")]),
        ("1024.00", (), [(2, "25.00")], [(2, "999.00")]),
        ("1025.00", (2,), [(2, "25.00")], []),
        ("1500.00", (2,), [(2, "25.00")], [(3, "475.00")]),
        ("3025.00", (2, 3, 4), [(2, "25.00")], []),
    ],
)
def test_money_pays_the_oldest_installment_first_and_the_last_that_it_reaches_in_part(
    amount: str,
    installments: tuple[int, ...],
    fees: list[tuple[int, str]],
    parts: list[tuple[int, str]],
) -> None:
    paid = _paid(amount)
    assert paid.installments == installments
    assert paid.late_fees == tuple(
        FeePart(number=number, amount=Money.from_birr(birr)) for number, birr in fees
    )
    assert paid.parts == tuple(
        SchedulePart(number=number, amount=Money.from_birr(birr)) for number, birr in parts
    )


@pytest.mark.parametrize(
    ("amount", "code", "text"),
    [
        ("0.99", "payment_too_small", "amount: at least 1.00 birr"),
        ("1024.01", "payment_too_small", "amount: 1025.00 birr, or at most 1024.00; "),
        ("3025.01", "payment_too_much", "amount: at most 3025.00 birr, which is all that is owed"),
    ],
)
def test_what_a_wallet_is_not_asked_for_is_refused_with_what_can_be_paid(
    amount: str, code: str, text: str
) -> None:
    with pytest.raises(Refusal) as refused:
        _paid(amount)
    assert (refused.value.code, refused.value.field) == (code, "amount")
    assert refused.value.text.startswith(text)


def _payment(account: Account, amount: Money, policy: ServicingPolicy) -> OwnPayment | None:
    """None where it is refused."""
    try:
        return own_payment(account=account, policy=policy, amount=amount, on=_BY)
    except Refusal:
        return None


@given(
    amounts=st.lists(st.integers(1, 150_000).map(Money), min_size=1, max_size=6),
    rule=st.sampled_from(PaidAhead),
)
def test_parts_add_up_to_what_came_and_are_never_more_than_was_owed(
    amounts: list[Money], rule: PaidAhead
) -> None:
    history, paid, policy = _charged(), {1}, replace(_POLICY, paid_ahead=rule)
    for number, amount in enumerate(amounts):
        account = account_of(terms=FOUR_PARTS, paid=paid, history=history)
        payment = _payment(account, amount, policy)
        if payment is None:
            continue
        left = {row.number: row.left for row in account.installments}
        whole = total(left[each].planned for each in payment.installments)
        fees = total(part.amount for part in payment.late_fees)
        assert whole + fees + total(part.amount for part in payment.parts) == amount
        for part in payment.parts:
            assert Money.zero() < part.amount < left[part.number].planned
            told = InstallmentPaidInPart(
                number=part.number, attempt_id=f"a{number}", amount=part.amount, paid_at=_AT
            )
            history = history.with_part(told)
        for fee in payment.late_fees:
            history = history.with_paid(number=fee.number, amount=fee.amount)
        paid |= set(payment.installments)
        # The account that the events make is the one that the rule of allocation has made.
        after = account_of(terms=FOUR_PARTS, paid=paid, history=history)
        allocated = allocate(account=account, policy=policy, amount=amount, on=_BY).account
        assert [row.left for row in after.installments] == [
            row.left for row in allocated.installments
        ]
        quote = pay_off_quote(account=account, policy=policy, on=_BY).total
        rest = pay_off_quote(account=after, policy=policy, on=_BY).total
        assert rest == quote - amount
        assert payment.ends_plan == (not rest)


def test_a_log_tells_the_account_with_its_parts_again() -> None:
    fee = _charged().late_fees[0]
    part = InstallmentPaidInPart(
        number=2,
        attempt_id="pln_1-x01-a1",
        amount=Money(40_000),
        paid_at=_AT,
        late_fee=Money(2_500),
    )
    charged = LateFeeCharged(number=2, period=1, on=fee.on, amount=fee.amount)
    log: list[e.PlanEvent] = [charged, part]
    told = progress_of(log=[(each, _AT) for each in log]).account
    assert told == AccountHistory().charged(fee).with_part(part)
    second = _account(told).installments[1]
    assert second.left.total == Money.from_birr("625.00")
    assert told.paid_in_part(number=2) == Money.from_birr("375.00")
    assert told.paid_in_part(number=2, without="pln_1-x01-a1") == Money.zero()
    assert told.fees_left() == Money.zero()
