"""What holds of every rule, and of whole stories: nothing is left on a plan's own accounts."""

from dataclasses import fields, replace
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.errors import Defect
from meqenet.ledger import happenings as h
from meqenet.ledger.accounts import Account, AccountName, Side
from meqenet.ledger.accruals import fees_of
from meqenet.ledger.entries import Entry, reversal_entries
from meqenet.ledger.financed import FinancedInstallment
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.ledger.order_happenings import OrderAuthorised
from meqenet.ledger.posting_rules import entries_for
from meqenet.money import Money, total
from tests.meqenet.ledger.books import left_over

_ACTIVATING = (h.PlanBecameActive, OrderAuthorised)
_OF_ACTIVE_ALONE = ("protected", "kind")
_ids = st.from_regex(r"[a-z]{3}_[a-z0-9]{3,8}", fullmatch=True)
_amounts = st.integers(min_value=0, max_value=2**55).map(Money)
_principals = st.lists(st.integers(1, 10**9).map(Money), min_size=1, max_size=24)


@st.composite
def _activations(draw: st.DrawFn) -> h.PlanBecameActive:
    principals = draw(_principals)
    amount = total(principals)
    day = date(2026, 11, 23)
    return h.PlanBecameActive(
        plan_id="pln_a",
        merchant_id="mrc_b",
        lender="lender-c",
        amount=amount,
        merchant_fee=Money(draw(st.integers(0, amount.santim))),
        paid_at_checkout=total(principals[: draw(st.integers(0, len(principals)))]),
        protected=draw(st.booleans()),
        installments=tuple(
            FinancedInstallment(
                number=number, principal=principal, interest=Money(0), starts_on=day, ends_on=day
            )
            for number, principal in enumerate(principals, start=1)
        ),
    )


def _any_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    given_by_type = {
        str: _ids,
        Money: _amounts,
        int: st.integers(1, 99),
        bool: st.booleans(),
        date: st.dates(),
    }
    return st.builds(
        kind,
        **{
            each.name: given_by_type.get(each.type, st.nothing())
            if each.type in given_by_type
            else st.sampled_from(MerchantMoney)
            for each in fields(kind)
            if each.name != "kind"
        },
    )


def _authorised(active: h.PlanBecameActive) -> OrderAuthorised:
    told = {name: value for name, value in vars(active).items() if name not in _OF_ACTIVE_ALONE}
    return OrderAuthorised(**told)


_happenings = st.one_of(
    _activations(),
    _activations().map(_authorised),
    *(_any_of(kind) for kind in get_args(h.Happening) if kind not in _ACTIVATING),
)


@given(happening=_happenings)
def test_whatever_the_amounts_debits_equal_credits(happening: h.Happening) -> None:
    try:
        entries = entries_for(happening=happening)
    except Defect as refused:
        # More out of an amount than is in it, or nothing at all.
        assert refused.code == "happening_impossible"  # noqa: PT017 - either is right
        return
    assert total(entry.signed for entry in entries) == Money.zero()
    assert all(entry.amount > Money.zero() for entry in entries)
    assert {entry.side for entry in entries} == set(Side)


@given(happening=_activations())
def test_a_reversal_takes_back_every_line_on_its_other_side(happening: h.Happening) -> None:
    entries = entries_for(happening=happening)
    taken_back = reversal_entries(entries=entries)
    assert [(e.account, e.amount, -e.signed) for e in taken_back] == [
        (e.account, e.amount, e.signed) for e in entries
    ]
    assert reversal_entries(entries=taken_back) == entries


@given(active=_activations())
def test_when_the_principal_is_back_the_whole_fee_is_earned(active: h.PlanBecameActive) -> None:
    fees = list(fees_of(fee=active.merchant_fee, installments=active.installments))
    assert total(fees) == active.merchant_fee
    paid, story = Money.zero(), [active]
    collected = []
    for row, fee in zip(active.installments, fees, strict=True):
        paid += row.principal
        if paid > active.paid_at_checkout:
            collected.append(_collected(principal=row.principal, merchant_fee=fee))
    # Whichever is paid first: the order changes nothing.
    left = left_over([*story, *reversed(collected)])
    assert "merchant_fee_deferred:pln_a" not in left
    assert "plan_receivable:pln_a" not in left
    income = left.get("merchant_fee_income:lender-c", "0.00")
    assert Money.from_birr(income) == -active.merchant_fee


def _collected(**told: Money) -> h.InstallmentCollected:
    collected = h.InstallmentCollected(
        plan_id="pln_a",
        attempt_id="pln_a-i02-a1",
        provider="mpesa",
        lender="lender-c",
        principal=Money.zero(),
        interest=Money.zero(),
    )
    return replace(collected, **told)  # type: ignore[arg-type]  # amounts of the class


_DAY = date(2026, 11, 23)
_ACTIVE = h.PlanBecameActive(
    plan_id="pln_a",
    merchant_id="mrc_b",
    lender="lender-c",
    amount=Money(100_000),
    merchant_fee=Money(2_500),
    paid_at_checkout=Money(25_000),
    protected=True,
    installments=tuple(
        FinancedInstallment(
            number=number,
            principal=Money(principal),
            interest=Money(0),
            starts_on=_DAY,
            ends_on=_DAY,
        )
        for number, principal in ((1, 25_000), (2, 75_000))
    ),
)
_RECEIVED = h.CheckoutPaymentReceived(
    plan_id="pln_a", attempt_id="pln_a-i01-a1", provider="telebirr", amount=Money(25_000)
)
_ACCRUED = h.InterestAccrued(
    plan_id="pln_a", lender="lender-c", number=2, day=_DAY, amount=Money(333)
)
_LATE = h.LateFeeCharged(plan_id="pln_a", lender="lender-c", number=2, amount=Money(5_000))
_RELEASED = h.ProtectionEnded(plan_id="pln_a", merchant_id="mrc_b", amount=Money(97_500))
_PAID_OUT = h.MerchantPaidOut(
    plan_id="pln_a", merchant_id="mrc_b", payout_id="pln_a-p1", amount=Money(97_500)
)
_REFUNDED = h.OrderRefunded(
    plan_id="pln_a",
    merchant_id="mrc_b",
    refund_id="pln_a-g1",
    lender="lender-c",
    amount=Money(100_000),
    owed_less=Money(75_000),
    taken_from=MerchantMoney.PAID_OUT,
    merchant_fee=Money(1_875),
)


@pytest.mark.parametrize(
    ("story", "left"),
    [
        pytest.param(
            (
                _RECEIVED,
                _ACTIVE,
                _ACCRUED,
                _LATE,
                _collected(
                    principal=Money(75_000),
                    accrued_interest=Money(333),
                    late_fee=Money(5_000),
                    merchant_fee=Money(1_875),
                ),
                _RELEASED,
                _PAID_OUT,
            ),
            {
                "provider_clearing:telebirr": "250.00",
                "provider_clearing:mpesa": "803.33",
                "bank_clearing": "-975.00",
                "merchant_fee_income:lender-c": "-25.00",
                "interest_income:lender-c": "-3.33",
                "late_fee_income:lender-c": "-50.00",
            },
            id="paid in full",
        ),
        pytest.param(
            (
                _RECEIVED,
                _ACTIVE,
                _ACCRUED,
                _RELEASED,
                _PAID_OUT,
                _REFUNDED,
                h.InterestRefunded(
                    plan_id="pln_a",
                    refund_id="pln_a-g1",
                    lender="lender-c",
                    unpaid=Money(333),
                    paid=Money.zero(),
                ),
                h.CustomerCreditReturned(
                    plan_id="pln_a", refund_id="pln_a-c1", provider="mpesa", amount=Money(25_000)
                ),
            ),
            {
                "provider_clearing:telebirr": "250.00",
                "provider_clearing:mpesa": "-250.00",
                "bank_clearing": "-975.00",
                "merchant_receivable:mrc_b": "1000.00",
                "merchant_fee_income:lender-c": "-25.00",
            },
            id="returned after the payout",
        ),
        pytest.param(
            (
                _RECEIVED,
                _ACTIVE,
                replace(
                    _REFUNDED,
                    taken_from=MerchantMoney.PROTECTED,
                    fee_not_earned=Money(1_875),
                    fee_earned=Money(625),
                    merchant_fee=Money.zero(),
                ),
                h.CustomerCreditReturned(
                    plan_id="pln_a",
                    refund_id="pln_a-c1",
                    provider="telebirr",
                    amount=Money(25_000),
                ),
            ),
            {},
            id="returned while protected, fee given back",
        ),
        pytest.param(
            (
                _RECEIVED,
                _ACTIVE,
                _ACCRUED,
                _LATE,
                h.PlanChargedOff(
                    plan_id="pln_a",
                    lender="lender-c",
                    principal=Money(75_000),
                    interest=Money(333),
                    late_fee=Money(5_000),
                    merchant_fee=Money(1_875),
                ),
                h.RecoveryReceived(
                    plan_id="pln_a",
                    attempt_id="pln_a-i02-a9",
                    provider="mpesa",
                    lender="lender-c",
                    principal=Money(10_000),
                    interest=Money(333),
                    late_fee=Money(5_000),
                ),
                h.PlanWrittenOff(plan_id="pln_a", principal=Money(65_000)),
                _RELEASED,
                _PAID_OUT,
            ),
            {
                "provider_clearing:telebirr": "250.00",
                "provider_clearing:mpesa": "153.33",
                "bank_clearing": "-975.00",
                "merchant_fee_income:lender-c": "-6.25",
                "interest_income:lender-c": "-3.33",
                "late_fee_income:lender-c": "-50.00",
                "recovery_income:lender-c": "-153.33",
                "credit_losses:lender-c": "784.58",
            },
            id="charged off, recovered in part, written off",
        ),
    ],
)
def test_a_story_that_is_over_leaves_nothing_on_the_plans_own_accounts(
    story: tuple[h.Happening, ...], left: dict[str, str]
) -> None:
    assert left_over(story) == left
    assert not [code for code in left if code.endswith(":pln_a")]


def test_an_entry_of_nothing_is_impossible() -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        Entry(account=Account(name=AccountName.BANK_CLEARING), side=Side.DEBIT, amount=Money.zero())
