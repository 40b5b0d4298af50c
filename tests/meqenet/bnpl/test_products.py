import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from meqenet.bnpl.apr import AprMeasure
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.products import ProductVersion, document_of, product_from_document
from meqenet.errors import Mender, Refusal
from meqenet.money import Money

_CATALOGUE = sorted((Path(__file__).parents[3] / "db" / "bnpl" / "catalogue").glob("*.json"))
_DOCUMENTS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    for path in _CATALOGUE
}
_PAY_OVER_TIME = _DOCUMENTS["pay_over_time-v1"]


@pytest.mark.parametrize("name", list(_DOCUMENTS))
def test_the_catalogue_reads_and_writes_back_the_same(name: str) -> None:
    product = product_from_document(document=_DOCUMENTS[name])
    assert name == f"{product.option}-v{product.version}"
    written = document_of(product=product)
    assert written == _DOCUMENTS[name]
    assert product_from_document(document=json.loads(json.dumps(written))) == product


def test_the_catalogue_holds_all_four_options() -> None:
    assert {document["option"] for document in _DOCUMENTS.values()} == set(PaymentOption)


def test_pay_over_time_is_priced_by_tier() -> None:
    product = product_from_document(document=_PAY_OVER_TIME)
    assert product.rate_basis_points_by_tier == {"A": 1500, "B": 1800, "C": 2000, "D": 2200}
    assert (product.installment_count_min, product.installment_count_max) == (6, 24)
    assert product.apr_cap_measure is AprMeasure.EFFECTIVE
    assert product.bears_interest


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"option": "pay_later"}, "option: must be one of pay_in_4, pay_in_30, "),
        ({"version": "one"}, "version: must be a whole number"),
        ({"version": True}, "version: must be a whole number"),
        ({"version": 0}, "version: at least 1"),
        ({"effective_from": "2026-02-30"}, "effective_from: must be a date that exists"),
        ({"lender_of_record": ""}, "lender_of_record: must be a text"),
        ({"amount_min": None}, "amount_min: required"),
        ({"amount_min": "0"}, "amount_min: more than 0"),
        ({"amount_min": "0.001"}, "amount_min: must be birr with at most two decimals"),
        ({"amount_min": 0.5}, "amount_min: must be a decimal number"),
        ({"amount_max": "2999.99"}, "amount_max: not below amount_min"),
        ({"installment_count_min": 0}, "installment_count_min: at least 1"),
        ({"installment_count_max": 5}, "installment_count_max: between installment_count_min"),
        ({"installment_count_max": 601}, "installment_count_max: between installment_count_min"),
        ({"down_payment_percent": "0"}, "down_payment_percent: null, or more than 0"),
        ({"down_payment_percent": "100"}, "installment_count_max: 1 where everything"),
        (
            {"down_payment_percent": "20", "installment_count_min": 1},
            "installment_count_min: at least 2",
        ),
        ({"repay_every": 0}, "repay_every: between 1 and 366"),
        ({"repay_unit": "YEARS"}, "repay_unit: must be one of DAYS, WEEKS, MONTHS"),
        ({"days_in_month": "ACTUAL"}, "days_in_month: 30, with a year that is not ACTUAL"),
        ({"days_in_year": "ACTUAL"}, "days_in_month: 30, with a year that is not ACTUAL"),
        ({"installment_multiple_of": "0"}, "installment_multiple_of: null, or more than 0"),
        ({"rate_basis_points_by_tier": []}, "rate_basis_points_by_tier: must be a JSON object"),
        ({"rate_basis_points_by_tier": {"A": 0}}, "rate_basis_points_by_tier: each between 1"),
        (
            {"rate_basis_points_by_tier": {"A": Decimal("15.5")}},
            "rate_basis_points_by_tier.A: must be a whole number",
        ),
        ({"apr_cap_percent": "25%"}, "apr_cap_percent: must be a plain decimal number"),
        ({"apr_cap_percent": "-1"}, "apr_cap_percent: at least 0"),
        ({"apr_cap_measure": None}, "apr_cap_measure: required"),
        ({"offer_minutes_max": 0}, "offer_minutes_max: at least 1"),
        ({"first_payment_minutes_max": 0}, "first_payment_minutes_max: at least 1"),
        ({"collection_hour": 24}, "collection_hour: between 0 and 23"),
        ({"retry_after_days": "1"}, "retry_after_days: must be a list"),
        ({"retry_after_days": [1, None]}, "retry_after_days[1]: required"),
        ({"retry_after_days": [3, 1]}, "retry_after_days: whole days from 1"),
        ({"retry_after_days": [0]}, "retry_after_days: whole days from 1"),
        ({"protection_days": -1}, "protection_days: at least 0"),
        ({"late_fee": "10"}, "late_fee: no such field"),
    ],
)
def test_a_bad_document_is_refused_by_field_and_rule(changes: dict[str, object], text: str) -> None:
    with pytest.raises(Refusal) as refused:
        product_from_document(document=_PAY_OVER_TIME | changes)
    assert refused.value.text.startswith(text)
    assert refused.value.field == text.split(":", maxsplit=1)[0]
    assert refused.value.mender is Mender.MEQENET


def test_the_rules_hold_without_a_document_too() -> None:
    product = product_from_document(document=_PAY_OVER_TIME)
    with pytest.raises(Refusal, match="lender_of_record: not empty"):
        replace(product, lender_of_record=" ")
    with pytest.raises(Refusal, match="amount_min: more than 0"):
        replace(product, amount_min=Money.zero())


def test_a_document_is_an_object() -> None:
    not_a_mapping: Any = ["pay_in_4"]
    with pytest.raises(Refusal, match="document: must be a JSON object"):
        product_from_document(document=not_a_mapping)


def test_versions_are_values() -> None:
    product: ProductVersion = product_from_document(document=_PAY_OVER_TIME)
    assert replace(product, version=2) != product
    assert replace(product) == product
