"""An account is made again from what its plan's log tells: it is the one that the rules made."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.account_history import AccountHistory, account_of, require_signed
from meqenet.bnpl.delinquency_events import LateFeeCharged
from meqenet.bnpl.events import InstallmentPaid, PlanEvent
from meqenet.bnpl.loss_events import LostInstallment, PlanChargedOff, PlanWrittenOff
from meqenet.bnpl.progress import progress_of
from meqenet.bnpl.servicing.account import LateFee, open_account
from meqenet.bnpl.servicing.delinquency import charge_off
from meqenet.bnpl.servicing.late_fees import charge_late_fees, waive_late_fee
from meqenet.bnpl.staff_events import LateFeeWaived
from meqenet.errors import Refusal
from meqenet.money import Money
from tests.meqenet.bnpl.servicing.plans import PERCENT_FEE, SIX_MONTHS

_AT = datetime(2024, 3, 10, 8, tzinfo=UTC)


def _read(*events: PlanEvent) -> AccountHistory:
    return progress_of(log=[(event, _AT) for event in events]).account


def _charged(fee: LateFee) -> LateFeeCharged:
    return LateFeeCharged(number=fee.number, period=fee.period, on=fee.on, amount=fee.amount)


@given(days=st.integers(0, 400), waived=st.integers(1, 200))
def test_the_log_gives_the_account_that_the_rules_have_made(days: int, waived: int) -> None:
    opened = open_account(terms=SIX_MONTHS)
    first = opened.installments[0]
    made = opened.with_installments(replace(first, paid=first.owed))
    until = SIX_MONTHS.disbursed_on + timedelta(days=days)
    charged = charge_late_fees(account=made, policy=PERCENT_FEE, until=until)
    made, log = charged.account, [_charged(fee) for fee in charged.fees]
    events: list[PlanEvent] = [*log]
    if log:
        number = log[0].number
        part = min(log[0].amount, Money(waived))
        made = waive_late_fee(account=made, number=number, amount=part).account
        events.append(LateFeeWaived(number=number, amount=part, by="stf_a", why="a good reason"))
    assert account_of(terms=SIX_MONTHS, paid=[first.number], history=_read(*events)) == made


def test_what_a_payment_says_of_fees_is_paid_of_them() -> None:
    fee = LateFee(number=2, period=1, on=date(2024, 3, 7), amount=Money(150))
    paid = InstallmentPaid(
        number=2, attempt_id="a", amount=Money(1851), paid_at=_AT, late_fee=Money(100)
    )
    history = _read(_charged(fee), paid)
    assert history.fees_left(number=2) == history.fees_left() == Money(50)
    assert history.fees_left(number=1) == Money.zero()
    assert (history.fees_owed(number=2), history.fees_paid()) == (Money(150), Money(100))
    row = account_of(terms=SIX_MONTHS, paid=[2], history=history).installments[1]
    assert row.left.total == row.left.penalty == Money(50)


def test_after_a_charge_off_no_more_is_owed_than_the_books_had_earned() -> None:
    on, number = date(2024, 8, 1), 2
    opened = open_account(terms=SIX_MONTHS)
    lost = charge_off(account=opened, on=on)
    told = PlanChargedOff(
        on=on,
        days_past_due=181,
        principal=lost.principal,
        interest=lost.interest,
        late_fee=lost.late_fee,
        merchant_fee=Money(60),
        installments=tuple(
            LostInstallment(
                number=row.number,
                principal=row.left.principal,
                interest=row.left.interest,
                late_fee=row.left.fees,
                interest_not_owed=was.owed.interest - row.owed.interest,
            )
            for row, was in zip(lost.account.installments, opened.installments, strict=True)
        ),
        by="stf_a",
        why="cannot be found",
    )
    history = _read(told)
    found = account_of(terms=SIX_MONTHS, paid=[], history=history)
    assert found == lost.account
    assert found.left.total == found.left.principal == Money(10_000)
    with pytest.raises(Refusal, match="charged off before"):
        charge_off(account=found, on=on)
    left = account_of(terms=SIX_MONTHS, paid=[number], history=history).left
    assert left.total == Money(10_000) - opened.installments[number - 1].owed.principal
    gone = PlanWrittenOff(
        on=on, principal=left.principal, interest=left.interest, late_fee=left.fees, by="a", why="b"
    )
    assert _read(told, gone).written_off == gone


def test_another_schedule_than_the_signed_one_is_no_account_of_it() -> None:
    found = account_of(terms=SIX_MONTHS, paid=[], history=AccountHistory())
    rows = [
        (row.number, row.due_on, row.owed.principal, row.owed.interest)
        for row in found.installments
    ]
    require_signed(account=found, signed=rows)
    with pytest.raises(ValueError, match="not that of the schedule"):
        require_signed(account=found, signed=rows[:-1])
