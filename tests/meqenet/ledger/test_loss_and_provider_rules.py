from dataclasses import replace

import pytest

from meqenet.errors import Defect
from meqenet.ledger.happenings import (
    Happening,
    PlanChargedOff,
    PlanWrittenOff,
    ProviderCharged,
    ProviderSettled,
    RecoveryReceived,
)
from meqenet.ledger.posting_rules import entries_for
from meqenet.money import Money
from tests.meqenet.ledger.books import rows, table

_CHARGED_OFF = PlanChargedOff(
    plan_id="pln_a",
    lender="lender-c",
    principal=Money(50_000),
    interest=Money(700),
    late_fee=Money(5_000),
    merchant_fee=Money(1_250),
)
_RECOVERED = RecoveryReceived(
    plan_id="pln_a",
    attempt_id="pln_a-i03-a9",
    provider="mpesa",
    lender="lender-c",
    principal=Money(20_000),
    interest=Money(700),
    late_fee=Money(5_000),
)
_WRITTEN_OFF = PlanWrittenOff(plan_id="pln_a", principal=Money(30_000))
_CHARGED = ProviderCharged(
    plan_id="pln_a", charge_id="pln_a-i01-a1-charge", provider="telebirr", amount=Money(150)
)
_SETTLED = ProviderSettled(settlement_id="stl_x", provider="telebirr", amount=Money(900_000))


@pytest.mark.parametrize(
    ("happening", "expected"),
    [
        (
            _CHARGED_OFF,
            rows(
                "debit  credit_losses:lender-c 557.00",
                "credit loss_allowance:pln_a 557.00",
                "debit  merchant_fee_deferred:pln_a 12.50",
                "credit credit_losses:lender-c 12.50",
            ),
        ),
        (
            PlanChargedOff(plan_id="pln_a", lender="lender-c", principal=Money(50_000)),
            rows(
                "debit  credit_losses:lender-c 500.00",
                "credit loss_allowance:pln_a 500.00",
            ),
        ),
        (
            _RECOVERED,
            rows(
                "debit  provider_clearing:mpesa 257.00",
                "credit recovery_income:lender-c 257.00",
                "debit  loss_allowance:pln_a 257.00",
                "credit plan_receivable:pln_a 200.00",
                "credit interest_receivable:pln_a 7.00",
                "credit fee_receivable:pln_a 50.00",
            ),
        ),
        (
            replace(_RECOVERED, overpaid=Money(150)),
            rows(
                "debit  provider_clearing:mpesa 258.50",
                "credit recovery_income:lender-c 257.00",
                "credit customer_credit:pln_a 1.50",
                "debit  loss_allowance:pln_a 257.00",
                "credit plan_receivable:pln_a 200.00",
                "credit interest_receivable:pln_a 7.00",
                "credit fee_receivable:pln_a 50.00",
            ),
        ),
        (
            _WRITTEN_OFF,
            rows(
                "debit  loss_allowance:pln_a 300.00",
                "credit plan_receivable:pln_a 300.00",
            ),
        ),
        (
            replace(_WRITTEN_OFF, interest=Money(5), late_fee=Money(60)),
            rows(
                "debit  loss_allowance:pln_a 300.65",
                "credit plan_receivable:pln_a 300.00",
                "credit interest_receivable:pln_a 0.05",
                "credit fee_receivable:pln_a 0.60",
            ),
        ),
        (
            _CHARGED,
            rows(
                "debit  provider_charges:telebirr 1.50",
                "credit provider_clearing:telebirr 1.50",
            ),
        ),
        (
            _SETTLED,
            rows(
                "debit  bank_clearing 9000.00",
                "credit provider_clearing:telebirr 9000.00",
            ),
        ),
        (
            replace(_SETTLED, charge=Money(2_500)),
            rows(
                "debit  bank_clearing 9000.00",
                "debit  provider_charges:telebirr 25.00",
                "credit provider_clearing:telebirr 9025.00",
            ),
        ),
    ],
)
def test_each_rule_posts_its_table(happening: Happening, expected: str) -> None:
    assert table(happening) == expected


@pytest.mark.parametrize(
    ("happening", "because"),
    [
        (replace(_WRITTEN_OFF, principal=Money.zero()), "it moves nothing"),
        (replace(_CHARGED_OFF, interest=Money(-1_000_000)), "less than nothing on credit_losses"),
        (replace(_CHARGED, amount=Money(-1)), "less than nothing on provider_charges"),
        (replace(_SETTLED, charge=Money(-1)), "less than nothing on provider_charges"),
    ],
)
def test_what_cannot_have_happened_is_not_posted(happening: Happening, because: str) -> None:
    with pytest.raises(Defect, match=because):
        entries_for(happening=happening)


def test_a_settlement_stands_for_itself_in_the_books() -> None:
    assert _SETTLED.plan_id == "stl_x"
