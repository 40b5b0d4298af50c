"""A merchant's statement: its lines add up, whichever way it is asked for."""

import csv
import io
from typing import Any

import httpx
import pytest

from db.kernel.events import read_stream
from db.kernel.inbox import Written, wait_until_seen
from meqenet.money import Money, total
from tests.apps.checkout_api.conftest import Shop, with_key
from tests.backing import Databases

pytestmark = pytest.mark.usefixtures("reading")
ACCEPT = {"agreement_version": "2026-11"}


async def sold(shop: Shop, *amounts: str) -> tuple[list[str], str, httpx.Response]:
    """Plans of one clock, each active a day after the other: their ids, the clock, the answer."""
    clock: str = (await shop.post("/v1/test-clocks", {"now": "2026-11-23T06:00:00Z"})).json()["id"]
    made: list[str] = []
    answer = None
    for amount in amounts:
        if made:
            await shop.post(f"/v1/test-clocks/{clock}/advance", {"by_days": 1})
        body = shop.application(reference=f"=SUM({amount})", amount=amount, test_clock=clock)
        applied = await shop.post("/v1/plans", body)
        await shop.customer().log_in(applied.json()["next_action"])
        answer = await shop.post(f"/v1/plans/{applied.json()['id']}/accept", ACCEPT)
        assert answer.json()["state"] == "active", answer.text
        made.append(applied.json()["id"])
    assert answer is not None
    return made, clock, answer


async def asked(shop: Shop, accept: str = "application/json", **query: str | int) -> httpx.Response:
    headers = {"Authorization": f"Bearer {shop.api_key}", "Accept": accept}
    return await shop.http.get("/v1/statement", params=query, headers=headers)


def birr(rows: list[dict[str, Any]], name: str) -> Money:
    return total(Money.from_birr(row[name]) for row in rows)


def rows_of(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def paid_out(shop: Shop, databases: Databases, *, plans: list[str], clock: str) -> None:
    """Let the payouts' day come, and the read model hear what the bank has said."""
    advanced = await shop.post(f"/v1/test-clocks/{clock}/advance", {"by_days": 5})
    assert advanced.json()["status"] == "ready"
    async with databases["settlement"].read() as session:
        told = [(await read_stream(session=session, stream=plan))[-1].content for plan in plans]
    await wait_until_seen(
        database=databases["analytics"],
        consumer="merchant_statement",
        written=[
            Written(source="settlement", stream=last.stream, sequence=last.sequence)
            for last in told
        ],
        timeout_seconds=20,
    )


async def test_a_statement_adds_up_by_pages_and_as_a_file_and_is_its_merchants_alone(
    shop: Shop, databases: Databases, unique: str
) -> None:
    made, clock, written = await sold(shop, "1000.00", "1234.56", "1500.00")
    statement = (await shop.get("/v1/statement", after=written)).json()
    assert [line["plan"] for line in statement["lines"]] == made
    totals, lines = statement["totals"], statement["lines"]
    assert (totals["plans"], totals["gross"]) == (3, "3734.56")
    for sums, column in (("gross", "gross"), ("fees", "fee"), ("net", "net")):
        assert birr(lines, column) == Money.from_birr(totals[sums])
    # The first plan's money may be with the bank already; the last one's waits for its day.
    assert birr([totals], "paid_out") + birr([totals], "payable") == birr(lines, "net")
    assert lines[-1]["payout"]["state"] == "scheduled"
    days = [line["on"] for line in lines]
    assert days[0] == {"gregorian": "2026-11-23", "ethiopian": "2019-03-14"}
    assert [day["gregorian"] for day in days] == ["2026-11-23", "2026-11-24", "2026-11-25"]

    first = (await asked(shop, limit=2)).json()
    rest = (await asked(shop, limit=2, after=first["next_after"])).json()
    assert [line["plan"] for page in (first, rest) for line in page["lines"]] == made
    assert first["totals"]["plans"] == rest["totals"]["plans"] == 3
    assert rest["next_after"] is None
    one_day = (await asked(shop, **{"from": "2026-11-24", "to": "2026-11-24"})).json()
    assert [line["plan"] for line in one_day["lines"]] == [made[1]]
    assert (one_day["totals"]["gross"], one_day["from"]) == ("1234.56", days[1])

    await paid_out(shop, databases, plans=made, clock=clock)
    statement = (await asked(shop)).json()
    totals = statement["totals"]
    assert (totals["paid_out"], totals["payable"]) == (totals["net"], "0.00")
    rows = rows_of(await asked(shop, "text/csv"))
    assert [row["plan"] for row in rows] == made
    for sums, column in (
        ("gross", "gross"),
        ("fees", "fee"),
        ("net", "net"),
        ("paid_out", "paid_out"),
    ):
        assert birr(rows, column) == Money.from_birr(totals[sums])
    assert {row["payout_state"] for row in rows} == {"settled"}
    assert [row["bank_reference"] for row in rows] == [
        line["payout"]["bank_reference"] for line in statement["lines"]
    ]
    # What a shop has called an order is not calculated by the spreadsheet that opens the file.
    assert rows[0]["reference"] == "'=SUM(1000.00)"
    other = await with_key(http=shop.http, databases=databases, unique=f"{unique}0")
    await _require_empty(other, after=made[0])


async def _require_empty(other: Shop, *, after: str) -> None:
    """Another merchant is shown none of the lines, nor that there is such a plan."""
    statement = (await asked(other)).json()
    assert (statement["merchant"], statement["lines"]) == (other.merchant_id, [])
    assert statement["totals"] == {
        "plans": 0,
        "gross": "0.00",
        "fees": "0.00",
        "net": "0.00",
        "paid_out": "0.00",
        "payable": "0.00",
    }
    assert rows_of(await asked(other, format="csv")) == []
    answer = await asked(other, after=after)
    assert (answer.status_code, answer.json()["code"]) == (404, "plan_unknown")


async def test_a_file_is_asked_for_by_name_or_by_accept(keyholder: Shop) -> None:
    period = {"from": "2026-11-01", "to": "2026-11-30"}
    for answer in (
        await asked(keyholder, "text/csv;q=0.9, application/json;q=0.1", **period),
        await asked(keyholder, format="csv", **period),
    ):
        assert rows_of(answer) == []
        assert answer.text.startswith("plan,reference,option,on,on_ethiopian,currency,gross,fee,")
        assert (
            answer.headers["Content-Disposition"]
            == 'attachment; filename="statement-2026-11-01-2026-11-30.csv"'
        )
    for accept in ("*/*", "application/json", "text/html"):
        assert (await asked(keyholder, accept)).json()["totals"]["plans"] == 0
    assert (await asked(keyholder, "text/csv", format="json")).json()["lines"] == []


@pytest.mark.parametrize("query", [{"limit": 5}, {"after": f"pln_{'a' * 20}"}])
async def test_a_file_has_no_pages(keyholder: Shop, query: dict[str, str | int]) -> None:
    answer = await asked(keyholder, "text/csv", **query)
    (field,) = query
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422,
        "csv_has_no_pages",
        field,
    )
