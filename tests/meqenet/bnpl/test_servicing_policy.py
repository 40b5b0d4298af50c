import json
from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.products import ProductVersion, document_of, product_from_document
from meqenet.bnpl.servicing_policy import (
    SILENT,
    ChargeOffBy,
    Component,
    LateFeeBasis,
    PaidAhead,
)
from meqenet.errors import Mender, Refusal
from meqenet.money import Money

_CATALOGUE = Path(__file__).parents[3] / "db" / "bnpl" / "catalogue"


def _document(name: str) -> dict[str, Any]:
    text = (_CATALOGUE / f"{name}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return document


def _product(name: str) -> ProductVersion:
    return product_from_document(document=_document(name))


_PAY_OVER_TIME = _document("pay_over_time-v2")


@pytest.mark.parametrize("option", list(PaymentOption))
def test_version_2_says_how_its_plans_are_served_and_changes_nothing_else(
    option: PaymentOption,
) -> None:
    first, second = _product(f"{option}-v1"), _product(f"{option}-v2")
    assert (first.servicing, first.servicing_policy) == (None, SILENT)
    assert second.servicing is not None
    assert second.effective_from == date(2027, 1, 1)
    unchanged = replace(second, version=1, effective_from=first.effective_from, servicing=None)
    assert unchanged == first


def test_a_version_that_is_silent_writes_nothing_of_servicing() -> None:
    document = _document("pay_in_4-v1")
    assert "servicing" not in document_of(product=product_from_document(document=document))


def test_silence_costs_nothing_and_changes_nothing() -> None:
    assert SILENT.late_fee is None
    assert SILENT.hardship.limits() == ()
    assert SILENT.delinquency.charge_off_days is None
    assert SILENT.allocation_order == (
        Component.PENALTY,
        Component.FEE,
        Component.INTEREST,
        Component.PRINCIPAL,
    )


def test_pay_over_time_is_read_as_it_is_written() -> None:
    policy = product_from_document(document=_PAY_OVER_TIME).servicing_policy
    assert policy.paid_ahead is PaidAhead.NEXT_INSTALLMENT
    fee = policy.late_fee
    assert fee is not None
    assert (fee.basis, fee.percent, fee.every_days, fee.grace_days) == (
        LateFeeBasis.PERCENT_OF_OVERDUE,
        Decimal(2),
        30,
        5,
    )
    assert dict(policy.hardship.limits()).keys() == {
        "pause",
        "move_due_date",
        "spread_arrears",
        "extend",
    }


def test_a_person_gives_plans_up_where_a_version_does_not_say_otherwise() -> None:
    silent = product_from_document(document=_PAY_OVER_TIME)
    assert silent.servicing_policy.delinquency.charge_off_by is ChargeOffBy.STAFF
    assert document_of(product=silent) == _PAY_OVER_TIME
    document = deepcopy(_PAY_OVER_TIME)
    document["servicing"]["delinquency"]["charge_off_by"] = "policy"
    told = product_from_document(document=document)
    assert told.servicing_policy.delinquency.charge_off_by is ChargeOffBy.POLICY
    assert document_of(product=told) == document


_LATE = "servicing.late_fee"
_HARD = "servicing.hardship"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"allocation_order": ["penalty"]}, "servicing.allocation_order: each component once"),
        ({"allocation_order": ["fee"] * 4}, "servicing.allocation_order: each component once"),
        ({"allocation_order": ["tax"]}, "servicing.allocation_order[0]: must be one of penalty"),
        ({"allocation_order": "penalty"}, "servicing.allocation_order: must be a list"),
        ({"paid_ahead": "any"}, "servicing.paid_ahead: must be one of next_installment"),
        ({"pay_off_interest": None}, "servicing.pay_off_interest: required"),
        ({"grace": 3}, "servicing.grace: no such field"),
        ({"late_fee": {"grace_days": -1}}, f"{_LATE}.grace_days: at least 0"),
        ({"late_fee": {"basis": "fixed"}}, f"{_LATE}.amount: more than 0 where the fee is fixed"),
        ({"late_fee": {"amount": "5.00"}}, f"{_LATE}.amount: more than 0 where the fee is fixed"),
        (
            {"late_fee": {"basis": "fixed", "amount": "0.00"}},
            f"{_LATE}.amount: more than 0 where the fee is fixed",
        ),
        (
            {"late_fee": {"basis": "fixed", "amount": "5.00"}},
            f"{_LATE}.percent: more than 0 and at most 100",
        ),
        ({"late_fee": {"percent": None}}, f"{_LATE}.percent: more than 0 and at most 100"),
        ({"late_fee": {"percent": "101"}}, f"{_LATE}.percent: more than 0 and at most 100"),
        ({"late_fee": {"every_days": 0}}, f"{_LATE}.every_days: null, or at least 1"),
        ({"late_fee": {"plan_cap_percent": "0"}}, f"{_LATE}.plan_cap_percent: more than 0"),
        ({"late_fee": {"plan_cap_percent": None}}, f"{_LATE}.plan_cap_percent: required"),
        (
            {"late_fee": {"installment_cap_percent": "100.5"}},
            f"{_LATE}.installment_cap_percent: more than 0 and at most 100",
        ),
        ({"late_fee": {"cap": "5"}}, f"{_LATE}.cap: no such field"),
        (
            {"delinquency": {"non_accrual_days": 0}},
            "servicing.delinquency.non_accrual_days: at least 1",
        ),
        (
            {"delinquency": {"charge_off_days": 89}},
            "servicing.delinquency.charge_off_days: null, or not below non_accrual_days",
        ),
        (
            {"delinquency": {"charge_off_by": "nobody"}},
            "servicing.delinquency.charge_off_by: must be one of staff, policy",
        ),
        (
            {"delinquency": {"charge_off_days": None, "charge_off_by": "policy"}},
            "servicing.delinquency.charge_off_by: staff where charge_off_days is null",
        ),
        ({"delinquency": None}, "servicing.delinquency: required"),
        ({"hardship": {"pause": {"days_max": 0}}}, f"{_HARD}.pause.days_max: at least 1"),
        (
            {"hardship": {"pause": {"days_without_approval": 91}}},
            f"{_HARD}.pause.days_without_approval: between 0 and days_max",
        ),
        (
            {"hardship": {"extend": {"installments_max": 0}}},
            f"{_HARD}.extend.installments_max: at least 1",
        ),
        (
            {"hardship": {"spread_arrears": {"times_without_approval": 3}}},
            f"{_HARD}.spread_arrears.times_without_approval: between 0 and times_max",
        ),
        (
            {"hardship": {"move_due_date": {"amount_without_approval": "-1"}}},
            f"{_HARD}.move_due_date.amount_without_approval: at least 0",
        ),
        ({"hardship": {"extend": {"fee": "-1"}}}, f"{_HARD}.extend.fee: at least 0"),
        ({"hardship": {"extend": {"days_max": 3}}}, f"{_HARD}.extend.days_max: no such field"),
        ({"hardship": {"holiday": None}}, f"{_HARD}.holiday: no such field"),
    ],
)
def test_a_bad_policy_is_refused_by_field_and_rule(changes: dict[str, Any], text: str) -> None:
    document = deepcopy(_PAY_OVER_TIME)
    _change(document["servicing"], changes)
    with pytest.raises(Refusal) as refused:
        product_from_document(document=document)
    assert refused.value.text.startswith(text)
    assert refused.value.field == text.split(":", maxsplit=1)[0]
    assert refused.value.mender is Mender.MEQENET


def _change(document: dict[str, Any], changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if isinstance(value, dict):
            _change(document[name], value)
        else:
            document[name] = value


def test_a_plan_that_is_free_of_interest_takes_no_fee_for_a_change() -> None:
    product = _product("pay_in_4-v2")
    policy = product.servicing_policy
    pause = policy.hardship.pause
    assert pause is not None
    hardship = replace(policy.hardship, pause=replace(pause, fee=Money(1)))
    with pytest.raises(Refusal, match=r"servicing\.hardship\.pause\.fee: 0 where the version is"):
        replace(product, servicing=replace(policy, hardship=hardship))
