"""The bank's wire, spoken by hand."""

import hashlib
import hmac
import itertools
import json
from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.sandboxes.bank import app as bank
from apps.sandboxes.bank.directory import ACCOUNT_LENGTHS
from apps.sandboxes.bank.outcomes import BankOutcome
from apps.sandboxes.kernel.serve import running

FLOAT = "merchant:1000000000017"
START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
ORDER: dict[str, Any] = {
    "MsgId": "M1",
    "EndToEndId": "plnabcp1",
    "Amt": {"Ccy": "ETB", "Value": "1250.50"},
    "Dbtr": {"Nm": "Meqenet"},
    "DbtrAcct": {"Id": "1000000000017"},
    "CdtrAgt": {"BICFI": "CBETETAA"},
    "Cdtr": {"Nm": "Abeba Coffee"},
    "CdtrAcct": {"Id": "1000123456789"},
    "RmtInf": {"Ustrd": "Order 17"},
}


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Teller:
    """A client of the bank with an HMAC of its own."""

    http: httpx.AsyncClient
    client_id: str
    secret: str
    clock: Clock
    numbers: Any

    def headers(self, body: bytes, **changed: str) -> dict[str, str]:
        headers = {
            "X-Client-Id": self.client_id,
            "X-Timestamp": str(int(self.clock().timestamp())),
            "X-Nonce": f"{next(self.numbers):032d}",
            **changed,
        }
        text = f"{headers['X-Timestamp']}.{headers['X-Nonce']}.".encode() + body
        signature = hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()
        return {"X-Signature": signature, **headers}

    async def send(self, order: object, **changed: str) -> httpx.Response:
        body = json.dumps(order).encode()
        headers = self.headers(body, **changed)
        return await self.http.post("/v1/credit-transfers", content=body, headers=headers)

    async def query(self, end_to_end_id: str) -> httpx.Response:
        path = f"/v1/credit-transfers/{end_to_end_id}"
        return await self.http.get(path, headers=self.headers(b""))

    async def books(self) -> dict[str, str]:
        books: dict[str, str] = (await self.http.get("/_sandbox/books")).json()
        return books


@pytest.fixture
async def teller(request: pytest.FixtureRequest) -> AsyncIterator[Teller]:
    clock = Clock()
    sandbox = bank.create(directory=None, strict=getattr(request, "param", False), clock=clock)
    async with (
        running(sandbox=sandbox) as place,
        httpx.AsyncClient(base_url=place.base_url) as http,
    ):
        yield Teller(
            http=http,
            client_id=place.credentials["client_id"],
            secret=place.credentials["secret"],
            clock=clock,
            numbers=itertools.count(1),
        )


def order(**changed: object) -> dict[str, Any]:
    return {**deepcopy(ORDER), **changed}


def to_account(digits: str, *, bic: str = "CBETETAA") -> dict[str, Any]:
    account = digits.rjust(ACCOUNT_LENGTHS[bic], "0")
    return order(EndToEndId=f"to{digits}", CdtrAgt={"BICFI": bic}, CdtrAcct={"Id": account})


def verdict(response: httpx.Response) -> tuple[int, str, str | None]:
    body = response.json()
    reason = body.get("StsRsnInf", {}).get("Rsn", {}).get("Cd")
    return response.status_code, body["TxSts"], reason


async def test_an_order_is_pending_then_settled(teller: Teller) -> None:
    taken = await teller.send(ORDER)
    assert verdict(taken) == (202, "PDNG", None)
    assert (await teller.books())["clearing"] == "1250.50"
    teller.clock.now += timedelta(milliseconds=499)
    assert verdict(await teller.query("plnabcp1")) == (200, "PDNG", None)
    teller.clock.now += timedelta(milliseconds=1)
    settled = await teller.query("plnabcp1")
    assert verdict(settled) == (200, "ACSC", None)
    assert settled.json()["TxId"] == taken.json()["TxId"]
    assert await teller.books() == {
        "bank:CBETETAA": "1250.50",
        "clearing": "0.00",
        "issue": "-100000000.00",
        FLOAT: "99998749.50",
    }


async def test_the_statement_shows_when_it_settled_not_when_it_was_seen(teller: Teller) -> None:
    await teller.send(ORDER)
    teller.clock.now += timedelta(days=2)
    rows = (await teller.http.get("/_sandbox/statement?on=2026-11-23")).json()
    moves = [(row["kind"], row["reference"], row["amount"], row["at"]) for row in rows[1:]]
    due = START + timedelta(milliseconds=500)
    assert moves == [
        ("transfer-accepted", "plnabcp1", "1250.50", START.isoformat()),
        ("transfer-settled", "plnabcp1", "1250.50", due.isoformat()),
    ]


async def test_settlement_at_once_and_held(teller: Teller) -> None:
    await teller.http.put("/_sandbox/settlement", json={"mode": "at_once"})
    assert verdict(await teller.send(ORDER)) == (200, "ACSC", None)
    await teller.http.put("/_sandbox/settlement", json={"mode": "held"})
    for end_to_end_id in ("A", "B"):
        held = await teller.send(order(EndToEndId=end_to_end_id))
        assert verdict(held) == (202, "PDNG", None)
    teller.clock.now += timedelta(days=30)
    assert verdict(await teller.query("A")) == (200, "PDNG", None)
    await teller.http.post("/_sandbox/transfers/A/settle")
    await teller.http.post("/_sandbox/transfers/B/reject", json={"code": "AC06"})
    assert verdict(await teller.query("A")) == (200, "ACSC", None)
    assert verdict(await teller.query("B")) == (200, "RJCT", "AC06")
    assert (await teller.books())["bank:CBETETAA"] == "2501.00"
    await teller.http.post("/_sandbox/transfers/A/reject", json={"code": "AC06"})
    assert verdict(await teller.query("A")) == (200, "ACSC", None)
    assert (await teller.http.post("/_sandbox/transfers/C/settle")).status_code == 404
    shown = (await teller.http.get("/_sandbox/transfers")).json()
    assert [one["status"] for one in shown] == ["ACSC", "ACSC", "RJCT"]
    assert "Abeba" not in str(shown)


async def test_the_same_order_is_taken_once(teller: Teller) -> None:
    first = await teller.send(ORDER)
    again = await teller.send(order(MsgId="M2"))
    assert again.json() == first.json()
    assert (await teller.books())["clearing"] == "1250.50"


@pytest.mark.parametrize(
    "changed",
    [
        {"Amt": {"Ccy": "ETB", "Value": "1250.51"}},
        {"CdtrAcct": {"Id": "1000123456780"}},
        {"RmtInf": {"Ustrd": "Order 18"}},
    ],
)
async def test_the_same_id_for_another_order_is_a_duplication(
    teller: Teller, changed: dict[str, Any]
) -> None:
    first = await teller.send(ORDER)
    assert verdict(await teller.send(order(**changed))) == (409, "RJCT", "AM05")
    assert (await teller.query("plnabcp1")).json() == first.json()
    assert (await teller.books())["clearing"] == "1250.50"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"CdtrAgt": {"BICFI": "NOSUETAA"}}, "RC01"),
        ({"CdtrAcct": {"Id": "100012345678"}}, "AC01"),
        ({"CdtrAcct": {"Id": "0000000000001"}}, "AC01"),
        ({"CdtrAcct": {"Id": "0000000000002"}}, "AC04"),
        ({"CdtrAcct": {"Id": "0000000000003"}}, "AM04"),
        ({"DbtrAcct": {"Id": "1000000000018"}}, "AC02"),
        ({"Amt": {"Ccy": "ETB", "Value": "100000000.01"}}, "AM04"),
    ],
)
async def test_rejections_move_no_money(
    teller: Teller, changed: dict[str, Any], reason: str
) -> None:
    assert verdict(await teller.send(order(**changed))) == (200, "RJCT", reason)
    assert verdict(await teller.query("plnabcp1")) == (200, "RJCT", reason)
    assert (await teller.books())[FLOAT] == "100000000.00"
    assert len((await teller.http.get("/_sandbox/statement")).json()) == 1


@pytest.mark.parametrize(("bic", "length"), ACCOUNT_LENGTHS.items())
async def test_accounts_have_their_banks_length(teller: Teller, bic: str, length: int) -> None:
    taken = await teller.send(order(CdtrAgt={"BICFI": f"{bic}XXX"}, CdtrAcct={"Id": "7" * length}))
    assert verdict(taken) == (202, "PDNG", None)


async def test_a_late_rejection_returns_the_money(teller: Teller) -> None:
    assert verdict(await teller.send(to_account("04"))) == (202, "PDNG", None)
    assert (await teller.books())[FLOAT] == "99998749.50"
    teller.clock.now += timedelta(seconds=1)
    assert verdict(await teller.query("to04")) == (200, "RJCT", "AC04")
    assert (await teller.books())[FLOAT] == "100000000.00"


async def test_slow_and_held_accounts(teller: Teller) -> None:
    await teller.http.put("/_sandbox/settlement", json={"mode": "at_once"})
    for digits in ("05", "06"):
        assert verdict(await teller.send(to_account(digits))) == (202, "PDNG", None)
    teller.clock.now += timedelta(seconds=5)
    assert verdict(await teller.query("to05")) == (200, "ACSC", None)
    assert verdict(await teller.query("to06")) == (200, "PDNG", None)


async def test_accounts_that_lose_the_answer(teller: Teller) -> None:
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await teller.send(to_account("07", bic="ABYSETAA"))
    assert (await teller.send(to_account("08"))).status_code == 500
    assert (await teller.send(to_account("09"))).status_code == 503
    for digits, status in (("07", 200), ("08", 200), ("09", 404)):
        assert (await teller.query(f"to{digits}")).status_code == status
    assert (await teller.send(to_account("09"))).status_code == 202


def test_each_outcome_has_an_account_that_every_bank_can_have() -> None:
    assert min(ACCOUNT_LENGTHS.values()) >= 8
    assert [outcome.value for outcome in BankOutcome] == [f"{n:02d}" for n in range(10)]


async def test_a_planned_refusal(teller: Teller) -> None:
    fault = {"operation": "credit_transfer", "outcome": "refuse", "code": "AG01"}
    await teller.http.post("/_sandbox/next", json=fault)
    assert verdict(await teller.send(ORDER)) == (200, "RJCT", "AG01")


async def test_an_empty_float_rejects(teller: Teller) -> None:
    await teller.http.put("/_sandbox/float", json={"amount": "1250.49"})
    assert verdict(await teller.send(ORDER)) == (200, "RJCT", "AM04")
    await teller.http.put("/_sandbox/float", json={"amount": "1250.50"})
    assert verdict(await teller.send(order(EndToEndId="next"))) == (202, "PDNG", None)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("MsgId", "x" * 36),
        ("EndToEndId", ""),
        ("EndToEndId", "pln_abc"),
        ("Amt", {"Ccy": "ETB", "Value": 1250.5}),
        ("Amt", {"Ccy": "ETB", "Value": "1250.5"}),
        ("Amt", {"Ccy": "ETB", "Value": "0.00"}),
        ("Amt", {"Ccy": "ETB", "Value": "-1.00"}),
        ("Amt", {"Ccy": "USD", "Value": "1.00"}),
        ("CdtrAgt", {"BICFI": "cbetetaa"}),
        ("CdtrAcct", {"Id": "ET12"}),
        ("Cdtr", {"Nm": ""}),
        ("RmtInf", {"Ustrd": "x" * 141}),
        ("Dbtr", None),
    ],
)
async def test_the_grammar_names_the_field_and_not_the_value(
    teller: Teller, path: str, value: object
) -> None:
    answer = await teller.send(order(**{path: value}))
    assert answer.status_code == 400
    error = answer.json()["Error"]
    assert error["Cd"] == "GRAMMAR"
    assert path in error["Desc"]
    assert "Abeba" not in answer.text
    assert (await teller.query("plnabcp1")).status_code == 404


async def test_what_is_no_object_is_refused(teller: Teller) -> None:
    wrongs: list[object] = [[], "text", None]
    for wrong in wrongs:
        assert (await teller.send(wrong)).status_code == 400


@pytest.mark.parametrize(("teller", "status"), [(False, 202), (True, 400)], indirect=["teller"])
async def test_only_a_strict_bank_minds_unknown_fields(teller: Teller, status: int) -> None:
    assert (await teller.send(order(ChrgBr="SLEV"))).status_code == status


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"X-Client-Id": "someone"}, "UNKNOWN_CLIENT"),
        ({"X-Signature": "0" * 64}, "BAD_SIGNATURE"),
        ({"X-Signature": "ሰ"}, "BAD_SIGNATURE"),
        ({"X-Timestamp": str(int(START.timestamp()) - 301)}, "STALE_REQUEST"),
        ({"X-Timestamp": str(int(START.timestamp()) + 301)}, "STALE_REQUEST"),
        ({"X-Timestamp": "now"}, "STALE_REQUEST"),
        ({"X-Nonce": "short"}, "STALE_REQUEST"),
    ],
)
async def test_callers_prove_who_they_are(
    teller: Teller, changed: dict[str, str], code: str
) -> None:
    body = json.dumps(ORDER).encode()
    headers = {**teller.headers(body, **changed), **changed}
    answer = await teller.http.post(
        "/v1/credit-transfers",
        content=body,
        headers={name.encode(): value.encode() for name, value in headers.items()},
    )
    assert answer.status_code == 401
    assert answer.json()["Error"]["Cd"] == code


async def test_a_request_is_taken_once_and_as_signed(teller: Teller) -> None:
    body = json.dumps(ORDER).encode()
    headers = teller.headers(body)
    path = "/v1/credit-transfers"
    changed = body.replace(b"1250.50", b"9999.99")
    assert (await teller.http.post(path, content=changed, headers=headers)).status_code == 401
    assert (await teller.http.post(path, content=body, headers=headers)).status_code == 202
    repeated = await teller.http.post(path, content=body, headers=headers)
    assert repeated.json()["Error"]["Cd"] == "REPEATED_NONCE"
    teller.clock.now += timedelta(minutes=11)
    stale = await teller.http.post(path, content=body, headers=headers)
    assert stale.json()["Error"]["Cd"] == "STALE_REQUEST"
    assert (await teller.http.get(f"{path}/plnabcp1")).status_code == 401


async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    for expected in ("PDNG", "ACSC"):
        sandbox = bank.create(directory=tmp_path, strict=False, clock=clock)
        async with (
            running(sandbox=sandbox) as place,
            httpx.AsyncClient(base_url=place.base_url) as http,
        ):
            teller = Teller(
                http=http,
                client_id=place.credentials["client_id"],
                secret=place.credentials["secret"],
                clock=clock,
                numbers=itertools.count(int(clock().timestamp())),
            )
            assert (await teller.send(ORDER)).json()["TxSts"] == expected
            assert "clearing" in await teller.books()
        clock.now += timedelta(hours=1)
