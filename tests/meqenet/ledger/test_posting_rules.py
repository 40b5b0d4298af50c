from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.errors import Defect
from meqenet.ledger.accounts import Account, AccountName, Side
from meqenet.ledger.happenings import (
    CheckoutPaymentReceived,
    CheckoutPaymentReturned,
    Happening,
    InstallmentCollected,
    MerchantPaidOut,
    PlanBecameActive,
    ProtectionEnded,
)
from meqenet.ledger.posting_rules import Entry, entries_for
from meqenet.money import Money, total

_RECEIVED = CheckoutPaymentReceived(
    plan_id="pln_a", attempt_id="pln_a-i01-a1", provider="telebirr", amount=Money(25_000)
)
_RETURNED = CheckoutPaymentReturned(
    plan_id="pln_a", refund_id="pln_a-i01-a1-r1", provider="mpesa", amount=Money(25_000)
)
_ACTIVE = PlanBecameActive(
    plan_id="pln_a",
    merchant_id="mrc_b",
    lender="lender-c",
    amount=Money(100_000),
    merchant_fee=Money(2_500),
    paid_at_checkout=Money(25_000),
    protected=False,
)
_COLLECTED = InstallmentCollected(
    plan_id="pln_a",
    attempt_id="pln_a-i02-a1",
    provider="mpesa",
    lender="lender-c",
    principal=Money(24_000),
    interest=Money(333),
)
_PROTECTION_ENDED = ProtectionEnded(plan_id="pln_a", merchant_id="mrc_b", amount=Money(97_500))
_PAID_OUT = MerchantPaidOut(
    plan_id="pln_a", merchant_id="mrc_b", payout_id="pln_a-p1", amount=Money(97_500)
)


def _table(happening: Happening) -> str:
    return "\n".join(
        f"{entry.side.value.ljust(6)} {entry.account.code} {entry.amount}"
        for entry in entries_for(happening=happening)
    )


def _rows(*rows: str) -> str:
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("happening", "rows"),
    [
        (
            _RECEIVED,
            _rows(
                "debit  provider_clearing:telebirr 250.00",
                "credit customer_deposits:pln_a 250.00",
            ),
        ),
        (
            _RETURNED,
            _rows(
                "debit  customer_deposits:pln_a 250.00",
                "credit provider_clearing:mpesa 250.00",
            ),
        ),
        (
            _ACTIVE,
            _rows(
                "debit  plan_receivable:pln_a 1000.00",
                "credit merchant_payable:mrc_b 975.00",
                "credit merchant_fee_income:lender-c 25.00",
                "debit  customer_deposits:pln_a 250.00",
                "credit plan_receivable:pln_a 250.00",
            ),
        ),
        (
            replace(_ACTIVE, protected=True, paid_at_checkout=Money(100_000)),
            _rows(
                "debit  plan_receivable:pln_a 1000.00",
                "credit merchant_protected:pln_a 975.00",
                "credit merchant_fee_income:lender-c 25.00",
                "debit  customer_deposits:pln_a 1000.00",
                "credit plan_receivable:pln_a 1000.00",
            ),
        ),
        (
            replace(_ACTIVE, merchant_fee=Money.zero(), paid_at_checkout=Money.zero()),
            _rows(
                "debit  plan_receivable:pln_a 1000.00",
                "credit merchant_payable:mrc_b 1000.00",
            ),
        ),
        (
            _COLLECTED,
            _rows(
                "debit  provider_clearing:mpesa 243.33",
                "credit plan_receivable:pln_a 240.00",
                "credit interest_income:lender-c 3.33",
            ),
        ),
        (
            replace(_COLLECTED, interest=Money.zero()),
            _rows(
                "debit  provider_clearing:mpesa 240.00",
                "credit plan_receivable:pln_a 240.00",
            ),
        ),
        (
            _PROTECTION_ENDED,
            _rows(
                "debit  merchant_protected:pln_a 975.00",
                "credit merchant_payable:mrc_b 975.00",
            ),
        ),
        (
            _PAID_OUT,
            _rows(
                "debit  merchant_payable:mrc_b 975.00",
                "credit bank_clearing 975.00",
            ),
        ),
    ],
)
def test_each_rule_posts_its_table(happening: Happening, rows: str) -> None:
    assert _table(happening) == rows


@pytest.mark.parametrize(
    ("happening", "because"),
    [
        (replace(_RECEIVED, amount=Money.zero()), "it moves nothing"),
        (replace(_RETURNED, amount=Money.zero()), "it moves nothing"),
        (replace(_PROTECTION_ENDED, amount=Money.zero()), "it moves nothing"),
        (replace(_PAID_OUT, amount=Money.zero()), "it moves nothing"),
        (
            replace(_COLLECTED, principal=Money.zero(), interest=Money.zero()),
            "it moves nothing",
        ),
        (replace(_RECEIVED, amount=Money(-1)), "less than nothing on provider_clearing"),
        (replace(_COLLECTED, interest=Money(-1)), "less than nothing on interest_income"),
        (replace(_ACTIVE, merchant_fee=Money(100_001)), "less than nothing on merchant_payable"),
        (replace(_ACTIVE, merchant_fee=Money(-1)), "less than nothing on merchant_fee_income"),
        (replace(_ACTIVE, paid_at_checkout=Money(100_001)), "more was paid at checkout"),
        (replace(_ACTIVE, paid_at_checkout=Money(-1)), "less than nothing on customer_deposits"),
    ],
)
def test_what_cannot_have_happened_is_not_posted(happening: Happening, because: str) -> None:
    with pytest.raises(Defect, match=because) as broken:
        entries_for(happening=happening)
    assert broken.value.code == "happening_impossible"


_amounts = st.integers(min_value=1, max_value=2**60).map(Money)
_maybe = st.integers(min_value=0, max_value=2**60).map(Money)


@st.composite
def _activations(draw: st.DrawFn) -> PlanBecameActive:
    amount = draw(_amounts)
    return replace(
        _ACTIVE,
        amount=amount,
        merchant_fee=Money(draw(st.integers(0, amount.santim))),
        paid_at_checkout=Money(draw(st.integers(0, amount.santim))),
        protected=draw(st.booleans()),
    )


_happenings = st.one_of(
    _amounts.map(lambda amount: replace(_RECEIVED, amount=amount)),
    _amounts.map(lambda amount: replace(_RETURNED, amount=amount)),
    _amounts.map(lambda amount: replace(_PROTECTION_ENDED, amount=amount)),
    _amounts.map(lambda amount: replace(_PAID_OUT, amount=amount)),
    st.tuples(_amounts, _maybe).map(
        lambda parts: replace(_COLLECTED, principal=parts[0], interest=parts[1])
    ),
    _activations(),
)


@given(happening=_happenings)
def test_whatever_the_amounts_debits_equal_credits(happening: Happening) -> None:
    entries = entries_for(happening=happening)
    assert total(entry.signed for entry in entries) == Money.zero()
    assert all(entry.amount > Money.zero() for entry in entries)
    assert len({entry.side for entry in entries}) == 2


def test_a_whole_plan_leaves_nothing_on_its_own_accounts() -> None:
    story = (
        _RECEIVED,
        replace(_ACTIVE, protected=True),
        replace(_COLLECTED, principal=Money(75_000)),
        _PROTECTION_ENDED,
        _PAID_OUT,
    )
    balances: dict[str, Money] = {}
    for happening in story:
        for entry in entries_for(happening=happening):
            code = entry.account.code
            balances[code] = balances.get(code, Money.zero()) + entry.signed
    assert {code: str(balance) for code, balance in balances.items() if balance} == {
        "provider_clearing:telebirr": "250.00",
        "provider_clearing:mpesa": "753.33",
        "bank_clearing": "-975.00",
        "merchant_fee_income:lender-c": "-25.00",
        "interest_income:lender-c": "-3.33",
    }


def test_an_entry_of_nothing_is_impossible() -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        Entry(account=Account(name=AccountName.BANK_CLEARING), side=Side.DEBIT, amount=Money.zero())
