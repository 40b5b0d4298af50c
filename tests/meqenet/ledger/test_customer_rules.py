from dataclasses import replace
from datetime import date

import pytest

from meqenet.errors import Defect
from meqenet.ledger.financed import FinancedInstallment
from meqenet.ledger.happenings import (
    CheckoutPaymentReceived,
    CheckoutPaymentReturned,
    CustomerCreditApplied,
    CustomerCreditReceived,
    CustomerCreditReturned,
    Happening,
    InstallmentCollected,
    InterestAccrued,
    InterestRefunded,
    LateFeeCharged,
    LateFeeWaived,
    PlanBecameActive,
)
from meqenet.ledger.posting_rules import entries_for
from meqenet.money import Money
from tests.meqenet.ledger.books import rows, table

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
    merchant_fee=Money(2_501),
    paid_at_checkout=Money(25_000),
    protected=False,
)
_INSTALLMENTS = tuple(
    FinancedInstallment(
        number=number,
        principal=Money(25_000),
        interest=Money.zero(),
        starts_on=date(2026, 11, 23),
        ends_on=date(2026, 12, 7),
    )
    for number in (1, 2, 3, 4)
)
_SPREAD = replace(_ACTIVE, installments=_INSTALLMENTS)
_ACCRUED = InterestAccrued(
    plan_id="pln_a", lender="lender-c", number=2, day=date(2026, 11, 23), amount=Money(11)
)
_LATE = LateFeeCharged(plan_id="pln_a", lender="lender-c", number=2, amount=Money(5_000))
_WAIVED = LateFeeWaived(plan_id="pln_a", lender="lender-c", number=2, amount=Money(2_000))
_COLLECTED = InstallmentCollected(
    plan_id="pln_a",
    attempt_id="pln_a-i02-a1",
    provider="mpesa",
    lender="lender-c",
    principal=Money(24_000),
    interest=Money(333),
)
_APPLIED = CustomerCreditApplied(plan_id="pln_a", lender="lender-c", principal=Money(24_000))
_CREDIT_RECEIVED = CustomerCreditReceived(
    plan_id="pln_a", attempt_id="pln_a-i02-a1", provider="telebirr", amount=Money(1_200)
)
_CREDIT_RETURNED = CustomerCreditReturned(
    plan_id="pln_a", refund_id="pln_a-c1", provider="telebirr", amount=Money(1_200)
)
_INTEREST_REFUNDED = InterestRefunded(
    plan_id="pln_a", refund_id="pln_a-g1", lender="lender-c", unpaid=Money(45), paid=Money(320)
)


@pytest.mark.parametrize(
    ("happening", "expected"),
    [
        (
            _RECEIVED,
            rows(
                "debit  provider_clearing:telebirr 250.00",
                "credit customer_deposits:pln_a 250.00",
            ),
        ),
        (
            _RETURNED,
            rows(
                "debit  customer_deposits:pln_a 250.00",
                "credit provider_clearing:mpesa 250.00",
            ),
        ),
        (
            _CREDIT_RECEIVED,
            rows(
                "debit  provider_clearing:telebirr 12.00",
                "credit customer_credit:pln_a 12.00",
            ),
        ),
        (
            _SPREAD,
            rows(
                "debit  plan_receivable:pln_a 1000.00",
                "credit merchant_payable:mrc_b 974.99",
                "credit merchant_fee_deferred:pln_a 18.76",
                "credit merchant_fee_income:lender-c 6.25",
                "debit  customer_deposits:pln_a 250.00",
                "credit plan_receivable:pln_a 250.00",
            ),
        ),
        (
            replace(_SPREAD, paid_at_checkout=Money.zero(), protected=True),
            rows(
                "debit  plan_receivable:pln_a 1000.00",
                "credit merchant_protected:pln_a 974.99",
                "credit merchant_fee_deferred:pln_a 25.01",
            ),
        ),
        (
            replace(_SPREAD, paid_at_checkout=Money(100_000), protected=True),
            rows(
                "debit  plan_receivable:pln_a 1000.00",
                "credit merchant_protected:pln_a 974.99",
                "credit merchant_fee_income:lender-c 25.01",
                "debit  customer_deposits:pln_a 1000.00",
                "credit plan_receivable:pln_a 1000.00",
            ),
        ),
        (
            _ACTIVE,
            rows(
                "debit  plan_receivable:pln_a 1000.00",
                "credit merchant_payable:mrc_b 974.99",
                "credit merchant_fee_income:lender-c 25.01",
                "debit  customer_deposits:pln_a 250.00",
                "credit plan_receivable:pln_a 250.00",
            ),
        ),
        (
            replace(_SPREAD, merchant_fee=Money.zero(), paid_at_checkout=Money.zero()),
            rows(
                "debit  plan_receivable:pln_a 1000.00",
                "credit merchant_payable:mrc_b 1000.00",
            ),
        ),
        (
            _ACCRUED,
            rows(
                "debit  interest_receivable:pln_a 0.11",
                "credit interest_income:lender-c 0.11",
            ),
        ),
        (
            _LATE,
            rows(
                "debit  fee_receivable:pln_a 50.00",
                "credit late_fee_income:lender-c 50.00",
            ),
        ),
        (
            _WAIVED,
            rows(
                "debit  late_fee_income:lender-c 20.00",
                "credit fee_receivable:pln_a 20.00",
            ),
        ),
        (
            _COLLECTED,
            rows(
                "debit  provider_clearing:mpesa 243.33",
                "credit plan_receivable:pln_a 240.00",
                "credit interest_income:lender-c 3.33",
            ),
        ),
        (
            replace(
                _COLLECTED,
                interest=Money(3),
                accrued_interest=Money(330),
                late_fee=Money(5_000),
                overpaid=Money(1_200),
                merchant_fee=Money(600),
            ),
            rows(
                "debit  provider_clearing:mpesa 305.33",
                "credit plan_receivable:pln_a 240.00",
                "credit interest_receivable:pln_a 3.30",
                "credit interest_income:lender-c 0.03",
                "credit fee_receivable:pln_a 50.00",
                "credit customer_credit:pln_a 12.00",
                "debit  merchant_fee_deferred:pln_a 6.00",
                "credit merchant_fee_income:lender-c 6.00",
            ),
        ),
        (
            replace(_COLLECTED, interest=Money.zero()),
            rows(
                "debit  provider_clearing:mpesa 240.00",
                "credit plan_receivable:pln_a 240.00",
            ),
        ),
        (
            _APPLIED,
            rows(
                "debit  customer_credit:pln_a 240.00",
                "credit plan_receivable:pln_a 240.00",
            ),
        ),
        (
            replace(
                _APPLIED,
                accrued_interest=Money(330),
                interest=Money(3),
                late_fee=Money(5_000),
                merchant_fee=Money(600),
            ),
            rows(
                "debit  customer_credit:pln_a 293.33",
                "credit plan_receivable:pln_a 240.00",
                "credit interest_receivable:pln_a 3.30",
                "credit interest_income:lender-c 0.03",
                "credit fee_receivable:pln_a 50.00",
                "debit  merchant_fee_deferred:pln_a 6.00",
                "credit merchant_fee_income:lender-c 6.00",
            ),
        ),
        (
            _CREDIT_RETURNED,
            rows(
                "debit  customer_credit:pln_a 12.00",
                "credit provider_clearing:telebirr 12.00",
            ),
        ),
        (
            _INTEREST_REFUNDED,
            rows(
                "debit  interest_income:lender-c 3.65",
                "credit interest_receivable:pln_a 0.45",
                "credit customer_credit:pln_a 3.20",
            ),
        ),
    ],
)
def test_each_rule_posts_its_table(happening: Happening, expected: str) -> None:
    assert table(happening) == expected


@pytest.mark.parametrize(
    ("happening", "because"),
    [
        (replace(_RECEIVED, amount=Money.zero()), "it moves nothing"),
        (replace(_RECEIVED, amount=Money(-1)), "less than nothing on provider_clearing"),
        (
            replace(_COLLECTED, principal=Money.zero(), interest=Money.zero()),
            "it moves nothing",
        ),
        (replace(_COLLECTED, interest=Money(-1)), "less than nothing on interest_income"),
        (replace(_COLLECTED, merchant_fee=Money(-1)), "less than nothing on merchant_fee_deferred"),
        (replace(_ACTIVE, merchant_fee=Money(100_001)), "less than nothing on merchant_payable"),
        (replace(_ACTIVE, merchant_fee=Money(-1)), "less than nothing on merchant_fee_income"),
        (replace(_SPREAD, merchant_fee=Money(-5)), "less than nothing on merchant_fee_deferred"),
        (replace(_ACTIVE, paid_at_checkout=Money(100_001)), "is no part of the price"),
        (replace(_ACTIVE, paid_at_checkout=Money(-1)), "is no part of the price"),
        (replace(_SPREAD, paid_at_checkout=Money(-1)), "is no part of the price"),
        (replace(_SPREAD, installments=_INSTALLMENTS[1:]), "not what is financed"),
        (replace(_ACCRUED, amount=Money.zero()), "it moves nothing"),
        (replace(_INTEREST_REFUNDED, paid=Money(-1)), "less than nothing on customer_credit"),
    ],
)
def test_what_cannot_have_happened_is_not_posted(happening: Happening, because: str) -> None:
    with pytest.raises(Defect, match=because) as broken:
        entries_for(happening=happening)
    assert broken.value.code == "happening_impossible"
