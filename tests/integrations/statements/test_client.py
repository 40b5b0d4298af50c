"""The statement client against a provider's portal, over real HTTP."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.book import merchant_account, wallet_account
from apps.sandboxes.kernel.magic import open_well_known
from apps.sandboxes.kernel.serve import RunningSandbox, Sandbox, running
from apps.sandboxes.kernel.statement import PATH, StatementDesk, statement_routes
from integrations.statements.client import StatementClient
from integrations.statements.settings import StatementSettings
from meqenet.errors import Defect, Unavailable
from meqenet.money import Money
from meqenet.payments.statement_document import LineKind, StatementForm, read_document
from workers.settings import read

DAY = date(2026, 11, 25)
MIDNIGHT = datetime(2026, 11, 24, 21, tzinfo=UTC)
"""When the day begins in Addis Ababa."""
PAYER = wallet_account(msisdn="251900000000")
OURS = merchant_account(code="1")


@pytest.fixture
def kernel() -> Kernel:
    """A provider whose day has a payment in its first and in its last moment, and a refund."""
    made = Kernel.open(provider="tiny", directory=None, clock=lambda: MIDNIGHT)
    open_well_known(book=made.book, operator="9", pin="123456", at=MIDNIGHT)
    moment = timedelta(microseconds=1)
    for reference, at in (
        ("before", MIDNIGHT - moment),
        ("first", MIDNIGHT),
        ("last", MIDNIGHT + timedelta(days=1) - moment),
        ("after", MIDNIGHT + timedelta(days=1)),
    ):
        made.book.move(
            kind="payment",
            reference=reference,
            debit=PAYER,
            credit=OURS,
            amount=Money.from_birr("12.50"),
            at=at,
        )
    made.book.move(
        kind="refund",
        reference="back",
        debit=OURS,
        credit=PAYER,
        amount=Money.from_birr(5),
        at=MIDNIGHT + timedelta(hours=1),
    )
    return made


@pytest.fixture
async def place(kernel: Kernel) -> AsyncIterator[RunningSandbox]:
    desk = StatementDesk(
        book=kernel.book, keyring=kernel.keyring, receipts=lambda moved: f"R{moved.id}"
    )
    app = kernel.app(title="Tiny provider")
    app.include_router(statement_routes(desk=desk))
    made = Sandbox(provider="tiny", app=app, credentials={"statement_key": desk.key})
    async with running(sandbox=made) as found:
        yield found


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


def client_of(
    place: RunningSandbox, http: httpx.AsyncClient, *, key: str | None = None
) -> StatementClient:
    values = {
        "MEQENET_BANK_STATEMENT_URL": f"{place.base_url}{PATH}",
        "MEQENET_BANK_STATEMENT_KEY": key or place.credentials["statement_key"],
    }
    return StatementClient(settings=read(StatementSettings, environment=values), http=http)


async def document(
    place: RunningSandbox, http: httpx.AsyncClient, *, form: str = "json", days: int = 1
) -> httpx.Response:
    last = DAY + timedelta(days=days - 1)
    return await http.get(
        f"{place.base_url}{PATH}",
        params={"from": f"{DAY}", "to": f"{last}", "format": form},
        headers={"Authorization": f"Bearer {place.credentials['statement_key']}"},
    )


async def test_a_day_is_addis_ababas_and_its_lines_are_read(
    place: RunningSandbox, http: httpx.AsyncClient
) -> None:
    fetched = await client_of(place, http).fetch(provider="bank", day=DAY)
    lines = read_document(content=fetched.content, form=fetched.form)
    assert [(line.reference, line.kind, str(line.amount)) for line in lines] == [
        ("first", LineKind.PAYMENT, "12.50"),
        ("last", LineKind.PAYMENT, "12.50"),
        ("back", LineKind.REFUND, "5.00"),
    ]
    assert all(line.receipt == f"R{line.line_id}" for line in lines)
    assert "first" not in repr(fetched)


async def test_json_and_csv_say_the_same(place: RunningSandbox, http: httpx.AsyncClient) -> None:
    as_json = (await document(place, http)).content
    as_csv = (await document(place, http, form="csv")).content
    lines = read_document(content=as_json, form=StatementForm.JSON)
    assert lines == read_document(content=as_csv, form=StatementForm.CSV)
    assert len(lines) == len(json.loads(as_json)) == 3


async def test_several_days_are_one_document_and_too_many_are_refused(
    place: RunningSandbox, http: httpx.AsyncClient
) -> None:
    two = (await document(place, http, days=2)).json()
    assert [row["reference"] for row in two] == ["first", "last", "back", "after"]
    assert (await document(place, http, days=31)).status_code == 200
    assert (await document(place, http, days=32)).status_code == 422
    assert (await document(place, http, days=0)).status_code == 422


@pytest.mark.parametrize(
    ("slip", "amounts"),
    [
        ("leave_out", ["12.50", "5.00"]),
        ("repeat", ["12.50", "12.50", "12.50", "5.00"]),
        ("other_amount", ["13.50", "12.50", "5.00"]),
    ],
)
async def test_a_statement_can_be_wrong_until_it_is_mended(
    place: RunningSandbox, http: httpx.AsyncClient, slip: str, amounts: list[str]
) -> None:
    slips = f"{place.control_url}/statement/slips"
    planned: dict[str, Any] = {"reference": "first", "slip": slip}
    assert (await http.put(slips, json=planned)).status_code == 204
    rows = (await document(place, http)).json()
    assert [row["amount"] for row in rows] == amounts
    assert (await http.delete(slips)).status_code == 204
    rows = (await document(place, http)).json()
    assert [row["amount"] for row in rows] == ["12.50", "12.50", "5.00"]


async def test_a_wrong_key_is_our_defect(place: RunningSandbox, http: httpx.AsyncClient) -> None:
    with pytest.raises(Defect, match="refuses our statement key"):
        await client_of(place, http, key="guessed").fetch(provider="bank", day=DAY)


async def test_an_address_that_is_missing_is_named(
    place: RunningSandbox, http: httpx.AsyncClient
) -> None:
    with pytest.raises(Defect, match="MEQENET_MPESA_STATEMENT_URL"):
        await client_of(place, http).fetch(provider="mpesa", day=DAY)


async def test_a_provider_that_is_down_or_gone_is_asked_later(
    kernel: Kernel, place: RunningSandbox, http: httpx.AsyncClient
) -> None:
    kernel.faults.down = True
    with pytest.raises(Unavailable, match="answered 503"):
        await client_of(place, http).fetch(provider="bank", day=DAY)
    values = {
        "MEQENET_BANK_STATEMENT_URL": "http://127.0.0.1:1/statement",
        "MEQENET_BANK_STATEMENT_KEY": "any",
    }
    gone = StatementClient(settings=read(StatementSettings, environment=values), http=http)
    with pytest.raises(Unavailable, match="cannot be fetched"):
        await gone.fetch(provider="bank", day=DAY)
