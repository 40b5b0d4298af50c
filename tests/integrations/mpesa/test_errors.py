"""Every immediate answer of the gateway, known or not, becomes one of our errors or verdicts."""

import json
from datetime import timedelta

import httpx
import pytest

from integrations.mpesa.errors import (
    Acknowledgement,
    Deed,
    Verdict,
    read_answer,
    transport_failure,
)
from meqenet.errors import Defect, MeqenetError, OutcomeUnknown, Unavailable

MOVES, ASKS = Deed.MOVES_MONEY, Deed.ASKS


def answer(status: int = 200, **fields: object) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(fields).encode())


def gateway(status: int, code: str, message: str = "no") -> httpx.Response:
    return answer(status, requestId="r-1", errorCode=code, errorMessage=message)


@pytest.mark.parametrize(
    ("response", "verdict", "code"),
    [
        (answer(ResponseCode="0"), Verdict.ACCEPTED, None),
        (answer(ResponseCode=0), Verdict.ACCEPTED, None),
        (answer(ResponseCode="3007"), Verdict.REFUSED, "3007"),
        (answer(400, ResponseCode="1"), Verdict.REFUSED, "1"),
        (answer(ResponseCode="R000002"), Verdict.NOT_FOUND, "R000002"),
        (gateway(404, "404.002.01"), Verdict.NOT_FOUND, "404.002.01"),
        (gateway(400, "400"), Verdict.REFUSED, "400"),
        (gateway(400, "400.002.02", "Invalid PhoneNumber"), Verdict.REFUSED, "400.002.02"),
        (gateway(404, "404.001.03"), Verdict.TOKEN_REFUSED, "404.001.03"),
        (gateway(200, "401.002.01"), Verdict.TOKEN_REFUSED, "401.002.01"),
        (gateway(401, "401.003"), Verdict.TOKEN_REFUSED, "401.003"),
        (httpx.Response(401), Verdict.TOKEN_REFUSED, None),
        (
            gateway(500, "500.002.1001", "Duplicate OriginatorConversationID"),
            Verdict.DUPLICATE,
            "500.002.1001",
        ),
    ],
)
def test_verdicts(response: httpx.Response, verdict: Verdict, code: str | None) -> None:
    said = read_answer(response=response, deed=MOVES)
    assert isinstance(said, Acknowledgement)
    assert (said.verdict, said.code) == (verdict, code)


@pytest.mark.parametrize(
    ("response", "deed", "error", "code"),
    [
        (answer(ResponseCode="SVC0403"), MOVES, Defect, "mpesa_password_refused"),
        (gateway(400, "400.002.02", "Invalid CallBackURL"), MOVES, Defect, "mpesa_request_refused"),
        (gateway(403, "403.001.01"), ASKS, Defect, "mpesa_request_refused"),
        (httpx.Response(403, content=b"<html>"), MOVES, Defect, "mpesa_request_refused"),
        (
            gateway(500, "500.001.1001", "Wrong credentials"),
            MOVES,
            Defect,
            "mpesa_credentials_refused",
        ),
        (gateway(500, "500.001.1001"), MOVES, OutcomeUnknown, "mpesa_outcome_unknown"),
        (gateway(500, "500.001.1001"), ASKS, Unavailable, "mpesa_unavailable"),
        (gateway(500, "500.002.1001"), MOVES, Unavailable, "mpesa_unavailable"),
        (httpx.Response(503), MOVES, Unavailable, "mpesa_unavailable"),
        (httpx.Response(429), MOVES, Unavailable, "mpesa_unavailable"),
        (httpx.Response(500), MOVES, OutcomeUnknown, "mpesa_outcome_unknown"),
        (answer(502, ResponseCode="0"), MOVES, OutcomeUnknown, "mpesa_outcome_unknown"),
        (httpx.Response(504), ASKS, Unavailable, "mpesa_unavailable"),
        (httpx.Response(408), MOVES, OutcomeUnknown, "mpesa_outcome_unknown"),
        (httpx.Response(302), MOVES, OutcomeUnknown, "mpesa_outcome_unknown"),
        (httpx.Response(200), MOVES, OutcomeUnknown, "mpesa_outcome_unknown"),
        (httpx.Response(200, content=b"[]"), MOVES, OutcomeUnknown, "mpesa_outcome_unknown"),
        (answer(unrelated=1), ASKS, Unavailable, "mpesa_unavailable"),
    ],
)
def test_errors(response: httpx.Response, deed: Deed, error: type[MeqenetError], code: str) -> None:
    with pytest.raises(error) as caught:
        read_answer(response=response, deed=deed)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("header", "wait"), [("120", timedelta(minutes=2)), ("tomorrow", None), ("", None)]
)
def test_how_long_a_busy_gateway_asks_us_to_wait(header: str, wait: timedelta | None) -> None:
    with pytest.raises(Unavailable) as caught:
        read_answer(response=httpx.Response(503, headers={"Retry-After": header}), deed=MOVES)
    assert caught.value.retry_after == wait


@pytest.mark.parametrize(
    ("error", "moving"),
    [
        (httpx.ConnectError("no"), Unavailable),
        (httpx.ConnectTimeout("no"), Unavailable),
        (httpx.PoolTimeout("no"), Unavailable),
        (httpx.ReadTimeout("no"), OutcomeUnknown),
        (httpx.WriteTimeout("no"), OutcomeUnknown),
        (httpx.ReadError("no"), OutcomeUnknown),
        (httpx.RemoteProtocolError("no"), OutcomeUnknown),
        (httpx.DecodingError("no"), OutcomeUnknown),
    ],
)
def test_failed_exchanges(error: httpx.RequestError, moving: type[MeqenetError]) -> None:
    assert type(transport_failure(error=error, deed=MOVES)) is moving
    assert type(transport_failure(error=error, deed=ASKS)) is Unavailable


def test_a_providers_message_is_not_repeated() -> None:
    """It may hold a phone number."""
    with pytest.raises(Defect) as caught:
        read_answer(response=gateway(400, "400.002.02", "Invalid PartyB 251700404709"), deed=MOVES)
    assert "2517" not in str(caught.value) + str(caught.value.facts)
