from dataclasses import replace

import pytest

from meqenet.errors import Defect
from meqenet.ledger.happenings import (
    Happening,
    MerchantPaidOut,
    OrderRefunded,
    ProtectionBegan,
    ProtectionEnded,
)
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.ledger.posting_rules import entries_for
from meqenet.money import Money
from tests.meqenet.ledger.books import rows, table

_REFUNDED = OrderRefunded(
    plan_id="pln_a",
    merchant_id="mrc_b",
    refund_id="pln_a-g1",
    lender="lender-c",
    amount=Money(40_000),
    owed_less=Money(30_000),
    taken_from=MerchantMoney.PAYABLE,
)
_BEGAN = ProtectionBegan(plan_id="pln_a", merchant_id="mrc_b", amount=Money(97_500))
_ENDED = ProtectionEnded(plan_id="pln_a", merchant_id="mrc_b", amount=Money(97_500))
_PAID_OUT = MerchantPaidOut(
    plan_id="pln_a", merchant_id="mrc_b", payout_id="pln_a-p1", amount=Money(97_500)
)


@pytest.mark.parametrize(
    ("happening", "expected"),
    [
        (
            _REFUNDED,
            rows(
                "debit  merchant_payable:mrc_b 400.00",
                "credit plan_receivable:pln_a 300.00",
                "credit customer_credit:pln_a 100.00",
            ),
        ),
        (
            replace(_REFUNDED, taken_from=MerchantMoney.PROTECTED, owed_less=Money(40_000)),
            rows(
                "debit  merchant_protected:pln_a 400.00",
                "credit plan_receivable:pln_a 400.00",
            ),
        ),
        (
            replace(_REFUNDED, taken_from=MerchantMoney.PAID_OUT, owed_less=Money.zero()),
            rows(
                "debit  merchant_receivable:mrc_b 400.00",
                "credit customer_credit:pln_a 400.00",
            ),
        ),
        (
            replace(
                _REFUNDED,
                fee_not_earned=Money(700),
                fee_earned=Money(300),
                merchant_fee=Money(50),
            ),
            rows(
                "debit  merchant_payable:mrc_b 390.00",
                "debit  merchant_fee_deferred:pln_a 7.00",
                "debit  merchant_fee_income:lender-c 3.00",
                "credit plan_receivable:pln_a 300.00",
                "credit customer_credit:pln_a 100.00",
                "debit  merchant_fee_deferred:pln_a 0.50",
                "credit merchant_fee_income:lender-c 0.50",
            ),
        ),
        (
            _BEGAN,
            rows(
                "debit  merchant_payable:mrc_b 975.00",
                "credit merchant_protected:pln_a 975.00",
            ),
        ),
        (
            _ENDED,
            rows(
                "debit  merchant_protected:pln_a 975.00",
                "credit merchant_payable:mrc_b 975.00",
            ),
        ),
        (
            _PAID_OUT,
            rows(
                "debit  merchant_payable:mrc_b 975.00",
                "credit bank_clearing 975.00",
            ),
        ),
        (
            replace(_PAID_OUT, amount=Money(57_500), netted=Money(40_000)),
            rows(
                "debit  merchant_payable:mrc_b 975.00",
                "credit bank_clearing 575.00",
                "credit merchant_receivable:mrc_b 400.00",
            ),
        ),
        (
            replace(_PAID_OUT, amount=Money.zero(), netted=Money(97_500)),
            rows(
                "debit  merchant_payable:mrc_b 975.00",
                "credit merchant_receivable:mrc_b 975.00",
            ),
        ),
    ],
)
def test_each_rule_posts_its_table(happening: Happening, expected: str) -> None:
    assert table(happening) == expected


@pytest.mark.parametrize(
    ("happening", "because"),
    [
        (replace(_REFUNDED, owed_less=Money(40_001)), "less than nothing on customer_credit"),
        (replace(_REFUNDED, fee_earned=Money(40_001)), "less than nothing on merchant_payable"),
        (replace(_REFUNDED, owed_less=Money(-1)), "less than nothing on plan_receivable"),
        (replace(_BEGAN, amount=Money.zero()), "it moves nothing"),
        (replace(_ENDED, amount=Money.zero()), "it moves nothing"),
        (replace(_PAID_OUT, amount=Money.zero()), "it moves nothing"),
        (replace(_PAID_OUT, netted=Money(-1)), "less than nothing on merchant_receivable"),
    ],
)
def test_what_cannot_have_happened_is_not_posted(happening: Happening, because: str) -> None:
    with pytest.raises(Defect, match=because):
        entries_for(happening=happening)
