import base64
from typing import Any

import httpx
import pytest

from tests.apps.sandboxes.mpesa.rig import Caller

GRANT = {"grant_type": "client_credentials"}


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


async def ask(caller: Caller, headers: dict[str, str], params: dict[str, str]) -> httpx.Response:
    return await caller.http.get("/v1/token/generate", headers=headers, params=params)


def ours(caller: Caller, secret: str | None = None) -> dict[str, str]:
    known = caller.place.credentials
    return basic(f"{known['consumer_key']}:{secret or known['consumer_secret']}")


async def test_a_token_and_its_life_are_texts(caller: Caller) -> None:
    answer = await ask(caller, ours(caller), GRANT)
    assert answer.status_code == 200
    told = answer.json()
    assert told.pop("access_token")
    assert told == {"token_type": "Bearer", "expires_in": "3599"}


async def test_what_is_wrong_with_a_token_request(caller: Caller) -> None:
    cases: list[tuple[dict[str, str], dict[str, str], str]] = [
        ({}, GRANT, "999996"),
        ({"Authorization": "Bearer x"}, GRANT, "999996"),
        ({"Authorization": "Basic !"}, GRANT, "999997"),
        ({"Authorization": "Basic /w=="}, GRANT, "999997"),
        (basic("nobody:secret"), GRANT, "999991"),
        (ours(caller, "wrong"), GRANT, "999997"),
        (ours(caller), {}, "999998"),
        (ours(caller), {"grant_type": "password"}, "999998"),
    ]
    for headers, params, code in cases:
        answer = await ask(caller, headers, params)
        assert (answer.status_code, answer.json()["resultCode"]) == (400, code)


async def test_errors_can_come_with_status_200(caller: Caller) -> None:
    await caller.control("PATCH", "/behaviour", token_error_status=200)
    answer = await ask(caller, {}, GRANT)
    assert (answer.status_code, answer.json()["resultCode"]) == (200, "999996")


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 401, "401.002.01"),
        ("Basic x", 401, "401.002.01"),
        ("Bearer", 401, "401.002.01"),
        ("Bearer unknown", 404, "404.001.03"),
    ],
)
async def test_a_request_without_a_good_token(
    caller: Caller, header: str | None, status: int, code: str
) -> None:
    headers = {"Authorization": header} if header else {}
    for path in (
        "/mpesa/stkpush/v3/processrequest",
        "/mpesa/b2c/v2/paymentrequest",
        "/mpesa/reversal/v2/request",
        "/mpesa/transactionstatus/v1/query",
        "/mpesa/accountbalance/v2/query",
        "/mpesa/b2c/simulatetransaction/v1/request",
    ):
        answer = await caller.http.post(path, json={}, headers=headers)
        told: dict[str, Any] = answer.json()
        assert (answer.status_code, told["errorCode"]) == (status, code)
        assert set(told) == {"requestId", "errorCode", "errorMessage"}


async def test_a_token_is_over_after_its_life(caller: Caller) -> None:
    assert (await caller.push()).status_code == 200
    await caller.http.post("/_sandbox/tokens/expire")
    assert (await caller.push()).json()["errorCode"] == "404.001.03"
