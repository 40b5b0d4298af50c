"""What waits for a dispute, when it is due again, and that the page tells it as it is."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.account_history import AccountHistory, account_of
from meqenet.bnpl.dispute_events import OrderDisputed, OrderDisputeEnded
from meqenet.bnpl.schedule_in_force import in_force
from meqenet.bnpl.servicing.account import Account, open_account
from meqenet.bnpl.servicing.dispute_wait import due_again, waiting_installments
from meqenet.bnpl.servicing.order_refund import refund_order
from meqenet.bnpl.servicing_policy import SILENT, RefundPolicy, RefundTo
from meqenet.ledger.accruals import fee_earned
from meqenet.ledger.dispute_happenings import DisputeHeld, DisputeReleased
from meqenet.ledger.happenings import Happening, OrderRefunded
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.ledger.posting_rules import entries_for
from meqenet.money import Money, total
from tests.meqenet.bnpl.servicing.plans import FOUR_PARTS, SIX_MONTHS

_PAGE = (Path(__file__).parents[4] / "docs" / "disputes.md").read_text(encoding="utf-8")
_OPENED, _ENDED = date(2027, 1, 20), date(2027, 2, 19)
_PART, _HELD = Money.from_birr("1500.00"), Money.from_birr("1455.00")
_PAID_TWICE = replace(
    open_account(terms=FOUR_PARTS),
    installments=tuple(
        replace(row, paid=row.owed) if row.number <= 2 else row
        for row in open_account(terms=FOUR_PARTS).installments
    ),
)


@pytest.mark.parametrize(
    ("to", "birr", "waiting"),
    [
        (RefundTo.LAST_INSTALLMENTS, "1500.00", (3, 4)),
        (RefundTo.LAST_INSTALLMENTS, "1000.00", (4,)),
        (RefundTo.NEXT_INSTALLMENTS, "1000.00", (3,)),
        # A refund would make both a little smaller: the customer goes on with the one before.
        (RefundTo.RE_AMORTISE, "100.00", (4,)),
        # All that is owed, and something that is paid.
        (RefundTo.NEXT_INSTALLMENTS, "4000.00", (3, 4)),
    ],
)
def test_installments_wait_that_a_refund_would_make_smaller(
    to: RefundTo, birr: str, waiting: tuple[int, ...]
) -> None:
    policy = replace(SILENT, refund=RefundPolicy(to=to, returns_interest=True))
    found = waiting_installments(
        account=_PAID_TWICE, policy=policy, amount=Money.from_birr(birr), on=_OPENED
    )
    assert found == waiting


def test_what_is_due_again_comes_before_nothing_that_was_due_later() -> None:
    """The first two of four wait, so that the third would be due before them."""
    account = open_account(terms=FOUR_PARTS)
    after = due_again(account=account, waiting=(1, 2), on=date(2027, 1, 25), after_days=14)
    assert after is not None
    assert [str(row.due_on) for row in after.installments] == [
        "2027-02-08",
        "2027-02-22",
        "2027-02-22",
        "2027-02-22",
    ]
    assert due_again(account=account, waiting=(4,), on=_OPENED, after_days=14) is None


@given(
    number=st.integers(1, 6),
    days=st.integers(0, 300),
    after_days=st.integers(1, 60),
    amount=st.integers(100, 10_000).map(Money),
    to=st.sampled_from(RefundTo),
)
def test_the_log_gives_the_account_again_whose_dates_have_moved(
    number: int, days: int, after_days: int, amount: Money, to: RefundTo
) -> None:
    """Nothing is owed more, or less; dates are in order, and none is earlier than it was."""
    policy = replace(SILENT, refund=RefundPolicy(to=to, returns_interest=True))
    paid = set(range(1, number))
    opened = account_of(terms=SIX_MONTHS, paid=paid, history=AccountHistory())
    on = SIX_MONTHS.disbursed_on + timedelta(days=days)
    waiting = waiting_installments(account=opened, policy=policy, amount=amount, on=on)
    disputed = OrderDisputed(
        dispute_id="pln_a-d1",
        opening_id="o",
        reason="not_received",
        on=on,
        amount=amount,
        held=amount,
        waiting=waiting,
        due_again_days=after_days,
        by="mer_a",
    )
    history = AccountHistory().disputed(disputed)
    assert history.dispute == disputed
    after = due_again(account=opened, waiting=waiting, on=on, after_days=after_days)
    ended = OrderDisputeEnded(
        dispute_id="pln_a-d1",
        outcome="lost",
        on=on,
        amount=amount,
        installments=()
        if after is None
        else tuple(in_force(row=row) for row in after.installments),
        arrears_moved=opened.arrears_moved,
        paid=total(row.paid.planned for row in opened.installments),
    )
    over = history.disputed(ended)
    assert over.dispute is None
    again = account_of(terms=SIX_MONTHS, paid=paid, history=over)
    assert again == (opened if after is None else after)
    assert again.left == opened.left
    for was, now in zip(opened.installments, again.installments, strict=True):
        assert now.due_on >= was.due_on
        if now.number in waiting:
            assert now.due_on > on
    # A refund of it still follows, by the same rule.
    refunded = refund_order(account=again, policy=policy, amount=amount, on=on)
    assert refunded.account.left.principal == again.left.principal - refunded.owed_less


def _tables(heading: str) -> list[list[tuple[str, ...]]]:
    """The tables below a heading, without their heads."""
    section = re.split(rf"^### {heading}$", _PAGE, flags=re.MULTILINE)[1].partition("\n#")[0]
    tables = re.findall(r"(?:^\|.*\n)+", section, flags=re.MULTILINE)
    return [
        [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]
        for table in tables
        if (lines := table.splitlines())
    ]


def _posted(happening: Happening) -> list[tuple[str, ...]]:
    owners = {"pln_a": "<plan>", "mer_a": "<merchant>"}
    return [
        (
            f"`{entry.account.name}:{owners[entry.account.owner_id or '']}`",
            str(entry.amount) if entry.side == "debit" else "",
            str(entry.amount) if entry.side == "credit" else "",
        )
        for entry in entries_for(happening=happening)
    ]


_IS_HELD = DisputeHeld(
    plan_id="pln_a",
    merchant_id="mer_a",
    dispute_id="pln_a-d1",
    amount=_HELD,
    taken_from=MerchantMoney.PAID_OUT,
)
_IS_RELEASED = DisputeReleased(
    plan_id="pln_a",
    merchant_id="mer_a",
    dispute_id="pln_a-d1",
    amount=_HELD,
    is_protected=False,
)


def _again(account: Account, waiting: tuple[int, ...]) -> Account:
    after = due_again(account=account, waiting=waiting, on=_ENDED, after_days=14)
    assert after is not None
    return after


def test_the_page_shows_a_dispute_that_is_lost_after_two_installments() -> None:
    schedule, held, released = _tables("Lost after two installments")
    waiting = waiting_installments(account=_PAID_TWICE, policy=SILENT, amount=_PART, on=_OPENED)
    after = _again(_PAID_TWICE, waiting)
    assert schedule == [
        (
            str(was.number),
            str(was.due_on),
            str(was.left.total),
            "yes" if was.number in waiting else "no",
            str(now.due_on),
        )
        for was, now in zip(_PAID_TWICE.installments, after.installments, strict=True)
    ]
    fee = fee_earned(
        fee=Money.from_birr("120.00"),
        financed=Money.from_birr("4000.00"),
        returned_before=Money.from_birr("2500.00"),
        returned=_PART,
    )
    assert _PART - fee == _HELD
    assert (held, released) == (_posted(_IS_HELD), _posted(_IS_RELEASED))


def test_the_page_shows_the_same_dispute_won() -> None:
    schedule, refunded = _tables("The same, won")
    waiting = waiting_installments(account=_PAID_TWICE, policy=SILENT, amount=_PART, on=_OPENED)
    refund = refund_order(account=_PAID_TWICE, policy=SILENT, amount=_PART, on=_ENDED)
    after = _again(refund.account, waiting)
    # The last asks for nothing any more; its date follows those before it.
    assert schedule == [
        (
            str(was.number),
            str(was.due_on),
            str(was.left.total),
            str(now.due_on),
            str(now.left.total),
        )
        for was, now in zip(_PAID_TWICE.installments, after.installments, strict=True)
    ]
    assert refund.cash_back == Money.zero()
    posted = OrderRefunded(
        plan_id="pln_a",
        merchant_id="mer_a",
        refund_id="pln_a-rf1",
        lender="lender-c",
        amount=_PART,
        owed_less=refund.owed_less,
        taken_from=MerchantMoney.PAYABLE,
        fee_not_earned=Money.from_birr("45.00"),
    )
    assert refunded == _posted(posted)
