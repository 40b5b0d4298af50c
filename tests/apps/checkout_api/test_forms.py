"""Requests that do not have their form are told the field and the rule, and nothing of theirs."""

from typing import Any

import httpx
import pytest

from tests.apps.checkout_api.conftest import Shop

QUOTE_RULES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "amount", "is required"),
    ({"amount": 1000}, "amount", "must be birr as a decimal string"),
    ({"amount": 1000.5}, "amount", "must be birr as a decimal string"),
    ({"amount": "1,000"}, "amount", "must be birr as a decimal string"),
    ({"amount": "1e3"}, "amount", "must be birr as a decimal string"),
    ({"amount": "1000.123"}, "amount", "must be birr as a decimal string"),
    ({"amount": "-5.00"}, "amount", "must be birr as a decimal string"),
    ({"amount": "0.00"}, "amount", "must be more than 0"),
    ({"amount": "1000000000000000.00"}, "amount", "must be birr as a decimal string"),
    ({"amount": "1000.00", "currency": "USD"}, "currency", "must be 'ETB'"),
    ({"amount": "1000.00", "option": "pay_in_5"}, "option", "must be one of 'pay_in_4'"),
    ({"amount": "1000.00", "installment_count": "6"}, "installment_count", "a whole number"),
    ({"amount": "1000.00", "installment_count": 6.0}, "installment_count", "a whole number"),
    ({"amount": "1000.00", "installment_count": 0}, "installment_count", "must be at least 1"),
    ({"amount": "1000.00", "amonut": "1"}, "amonut", "no such field"),
]


@pytest.mark.parametrize(("body", "field", "rule"), QUOTE_RULES)
async def test_a_quote_request_is_told_field_and_rule(
    keyholder: Shop, body: dict[str, Any], field: str, rule: str
) -> None:
    answer = await keyholder.post("/v1/quotes", body)
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["field"]) == ("request_invalid", field)
    assert problem["detail"].startswith(f"{field}: ")
    assert rule in problem["detail"]
    assert problem["instance"] == f"urn:meqenet:request:{answer.headers['x-request-id']}"


PLAN_RULES: list[tuple[dict[str, Any], str, str]] = [
    ({"reference": ""}, "reference", "request_invalid"),
    ({"reference": "a\x1fb"}, "reference", "request_invalid"),
    ({"reference": "x" * 101}, "reference", "request_invalid"),
    ({"description": "two\nlines"}, "description", "request_invalid"),
    ({"return_url": "javascript:alert(1)"}, "return_url", "request_invalid"),
    ({"return_url": "https://me@shop.example/"}, "return_url", "request_invalid"),
    ({"return_url": "https://shop.example/#x"}, "return_url", "request_invalid"),
    ({"test_clock": "clk_1"}, "test_clock", "request_invalid"),
    ({"wallet": {"provider": "cash", "phone": "0911223344"}}, "wallet.provider", "request_invalid"),
    ({"wallet": {"provider": "mpesa"}}, "wallet.phone", "request_invalid"),
    ({"wallet": {"provider": "mpesa", "phone": "0111223344"}}, "wallet.phone", "phone_format"),
    (
        {"wallet": {"provider": "mpesa", "phone": "0911223344"}},
        "wallet.phone",
        "wallet_phone_mismatch",
    ),
    (
        {"wallet": {"provider": "telebirr", "phone": "+251 711 223 344"}},
        "wallet.phone",
        "wallet_phone_mismatch",
    ),
    (
        {"customer": {"fayda_number": "3141592653589793", "consent_version": "1"}},
        "customer.fayda_number",
        "fayda_number_checksum",
    ),
    (
        {"customer": {"fayda_number": "31415926535897", "consent_version": "1"}},
        "customer.fayda_number",
        "fayda_number_length",
    ),
    (
        {"customer": {"fayda_number": "3141592653589790", "consent_version": "a b"}},
        "customer.consent_version",
        "request_invalid",
    ),
    (
        {
            "customer": {
                "fayda_number": "3141592653589790",
                "consent_version": "1",
                "monthly_income": 18000,
            }
        },
        "customer.monthly_income",
        "request_invalid",
    ),
    (
        {
            "customer": {
                "fayda_number": "3141592653589790",
                "consent_version": "1",
                "email": "223344@localhost",
            }
        },
        "customer.email",
        "email_format",
    ),
]


@pytest.mark.parametrize(("changes", "field", "code"), PLAN_RULES)
async def test_an_application_is_told_the_field_before_anything_is_sent(
    keyholder: Shop, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = await keyholder.post("/v1/plans", keyholder.application(**changes))
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (422, code, field)
    assert not any(digits in answer.text for digits in ("223344", "31415926", "223 344"))


async def test_every_fault_is_listed(keyholder: Shop) -> None:
    answer = await keyholder.post("/v1/plans", {"reference": "r", "amount": 5, "sum": 1})
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"amount", "option", "description", "customer", "wallet", "sum"}


async def test_an_unknown_name_that_is_no_name_is_not_repeated(keyholder: Shop) -> None:
    body = {"amount": "1000.00", "+251911223344": "x"}
    answer = await keyholder.post("/v1/quotes", body)
    assert answer.status_code == 422
    assert "911223344" not in answer.text


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b'"amount"',
        b"",
        b'{"amount": NaN}',
        b'{"amount": "1000.00", "amount": "2000.00"}',
        b"\xff\xfe",
        b"[" * 30_000,
    ],
)
async def test_what_is_no_exact_json_object_is_refused(keyholder: Shop, raw: bytes) -> None:
    answer = await keyholder.post("/v1/quotes", None, raw=raw)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")


async def test_a_form_is_not_taken_for_json(keyholder: Shop, http: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {keyholder.api_key}"}
    answer = await http.post("/v1/quotes", data={"amount": "1000.00"}, headers=headers)
    assert answer.status_code == 422
    assert "application/json" in answer.json()["detail"]


async def test_a_request_that_is_too_large_is_a_problem_too(keyholder: Shop) -> None:
    answer = await keyholder.post("/v1/quotes", {"amount": "1" * 70_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_clock_is_told_how_times_are_written(keyholder: Shop) -> None:
    for now in ("2026-11-23T06:00:00", "yesterday", 1_700_000_000, "1999-01-01T00:00:00Z"):
        answer = await keyholder.post("/v1/test-clocks", {"now": now})
        assert (answer.status_code, answer.json()["field"]) == (422, "now")
        assert "2026-11-23T06:00:00Z" in answer.json()["detail"]


async def test_an_advance_is_one_of_two(keyholder: Shop) -> None:
    path = f"/v1/test-clocks/clk_{'a' * 20}/advance"
    for body in ({}, {"to": "2026-12-01T00:00:00Z", "by_days": 1}):
        answer = await keyholder.post(path, body)
        assert answer.status_code == 422
        assert "either to or by_days" in answer.json()["detail"]


async def test_addresses_and_methods_that_are_not_there(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v2/plans")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = await http.delete("/v1/quotes")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["content-type"] == "application/problem+json"
