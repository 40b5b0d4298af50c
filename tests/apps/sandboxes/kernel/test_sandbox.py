"""A tiny provider on the kernel, over HTTP."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import Request

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.book import merchant_account, wallet_account
from apps.sandboxes.kernel.edge import note_reference
from apps.sandboxes.kernel.magic import open_well_known
from apps.sandboxes.kernel.serve import Sandbox, running
from meqenet.money import Money

AT = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)


@pytest.fixture
def kernel() -> Kernel:
    made = Kernel.open(provider="tiny", directory=None, clock=lambda: AT)
    open_well_known(book=made.book, operator="9", pin="123456", at=AT)
    return made


@pytest.fixture
async def http(kernel: Kernel) -> AsyncIterator[httpx.AsyncClient]:
    app = kernel.app(title="Tiny provider")

    @app.post("/pay/{msisdn}/{order}")
    async def pay(msisdn: str, order: str, request: Request) -> dict[str, str]:
        note_reference(request=request, reference=order)
        faults = kernel.faults.take(operation="pay", subject=order, msisdn=msisdn)
        faults.before()
        kernel.book.move(
            kind="payment",
            reference=order,
            debit=wallet_account(msisdn=msisdn),
            credit=merchant_account(code="1"),
            amount=Money.from_birr("12.50"),
            at=kernel.clock(),
        )
        faults.after_commit()
        return {"order": order}

    sandbox = Sandbox(provider="tiny", app=app, credentials={"secret": "hush"})
    async with (
        running(sandbox=sandbox) as place,
        httpx.AsyncClient(base_url=place.base_url) as client,
    ):
        assert "hush" not in repr(place)
        yield client


async def paid(http: httpx.AsyncClient) -> str | None:
    books: dict[str, str] = (await http.get("/_sandbox/books")).json()
    return books.get("merchant:1")


async def test_a_wallet_is_opened_filled_frozen_and_closed(http: httpx.AsyncClient) -> None:
    wallet = {"msisdn": "251911223344", "name": "Almaz", "pin": "111111", "balance": "10.00"}
    opened = await http.post("/_sandbox/wallets", json=wallet)
    assert opened.status_code == 201
    assert "pin" not in opened.json()
    assert (await http.post("/_sandbox/wallets", json=wallet)).status_code == 409
    path = "/_sandbox/wallets/251911223344"
    filled = await http.put(f"{path}/balance", json={"amount": "1250.5"})
    assert filled.json()["balance"] == "1250.50"
    for deed, status in (("freeze", "frozen"), ("unfreeze", "active"), ("close", "closed")):
        assert (await http.post(f"{path}/{deed}")).json()["status"] == status
    assert (await http.get(path)).json()["balance"] == "1250.50"
    assert len((await http.get("/_sandbox/wallets")).json()) == 14
    assert (await http.get("/_sandbox/wallets/251900000077")).status_code == 404


@pytest.mark.parametrize("amount", [12.5, 12, "1e3", "1.234", "-1", "1,000.00"])
async def test_amounts_are_decimal_strings(http: httpx.AsyncClient, amount: object) -> None:
    path = "/_sandbox/wallets/251900000000/balance"
    assert (await http.put(path, json={"amount": amount})).status_code == 422


async def test_statement_books_and_requests(http: httpx.AsyncClient) -> None:
    await http.post("/pay/251900000000/ORD1?secret=hush", headers={"Authorization": "hush"})
    assert await paid(http) == "12.50"
    today = {"on": "2026-11-23"}
    rows = (await http.get("/_sandbox/statement", params=today)).json()
    assert rows[-1] == {
        "id": rows[-1]["id"],
        "at": AT.isoformat(),
        "kind": "payment",
        "reference": "ORD1",
        "debit": "wallet:251900000000",
        "credit": "merchant:1",
        "amount": "12.50",
    }
    text = (await http.get("/_sandbox/statement", params={**today, "format": "csv"})).text
    assert list(csv.DictReader(io.StringIO(text))) == rows
    assert (await http.get("/_sandbox/statement?on=2026-11-22")).json() == []
    received = (await http.get("/_sandbox/requests")).json()
    assert [(r["method"], r["path"], r["reference"], r["status"]) for r in received] == [
        ("POST", "/pay/251900000000/ORD1", "ORD1", 200)
    ]
    assert "hush" not in str(received)


@pytest.mark.parametrize("hold_ms", [0, 30])
async def test_a_timeout_drops_the_connection_before_or_after(
    http: httpx.AsyncClient, hold_ms: int
) -> None:
    for outcome, moved in (("timeout_before", None), ("timeout_after_commit", "12.50")):
        fault = {"operation": "pay", "outcome": outcome, "subject": "ORD1", "delay_ms": hold_ms}
        assert (await http.post("/_sandbox/next", json=fault)).status_code == 201
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await http.post("/pay/251900000000/ORD1")
        assert await paid(http) == moved
    received = (await http.get("/_sandbox/requests")).json()
    assert [request["status"] for request in received] == [None, None]


async def test_a_held_answer_ends_when_the_client_leaves(http: httpx.AsyncClient) -> None:
    fault = {"outcome": "timeout_before", "delay_ms": 3_600_000}
    await http.post("/_sandbox/next", json=fault)
    with pytest.raises(httpx.ReadTimeout):
        await http.post("/pay/251900000000/ORD1", timeout=0.05)
    assert await paid(http) is None


async def test_503_before_and_500_after(http: httpx.AsyncClient) -> None:
    for outcome, status, moved in (
        ("unavailable", 503, None),
        ("error_after_commit", 500, "12.50"),
    ):
        await http.post("/_sandbox/next", json={"outcome": outcome})
        assert (await http.post("/pay/251900000000/ORD1")).status_code == status
        assert await paid(http) == moved


async def test_plans_are_listed_and_forgotten(http: httpx.AsyncClient) -> None:
    await http.post("/_sandbox/next", json={"outcome": "unavailable", "times": 3})
    listed = (await http.get("/_sandbox/next")).json()
    assert [(plan["operation"], plan["times"]) for plan in listed] == [("*", 3)]
    assert (await http.delete("/_sandbox/next")).status_code == 204
    assert (await http.post("/pay/251900000000/ORD1")).status_code == 200
    unknown = await http.post("/_sandbox/next", json={"outcome": "explode"})
    assert unknown.status_code == 422


async def test_down_and_up(http: httpx.AsyncClient) -> None:
    await http.post("/_sandbox/down")
    assert (await http.post("/pay/251900000000/ORD1")).status_code == 503
    assert (await http.get("/_sandbox/books")).status_code == 200
    await http.post("/_sandbox/up")
    assert (await http.post("/pay/251900000000/ORD1")).status_code == 200


async def test_a_taken_port_is_an_error(kernel: Kernel, http: httpx.AsyncClient) -> None:
    again = Sandbox(provider="tiny", app=kernel.app(title="Again"), credentials={})
    with pytest.raises(OSError, match="in use"):
        async with running(sandbox=again, port=http.base_url.port or 0):
            pass


async def test_an_app_without_wallets_has_no_wallet_routes(kernel: Kernel) -> None:
    app = kernel.app(title="Identity", wallets=False)
    async with (
        running(sandbox=Sandbox(provider="tiny", app=app, credentials={})) as place,
        httpx.AsyncClient(base_url=place.control_url) as control,
    ):
        assert (await control.get("/wallets")).status_code == 404
        assert (await control.get("/callbacks")).json() == []
