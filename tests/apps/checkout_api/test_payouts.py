"""A merchant's payouts over HTTP: what was paid, with a statement that anybody can check."""

import csv
import io

import pytest

from meqenet.money import Money, total
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.test_statement import sold
from workers.statement_signing import is_signed

pytestmark = pytest.mark.usefixtures("reading")


async def test_orders_of_one_day_are_one_payout_with_a_statement_that_is_signed(
    shop: Shop, keyholder: Shop
) -> None:
    plans, clock, _ = await sold(shop, "1000.00")
    advanced = await shop.post(f"/v1/test-clocks/{clock}/advance", {"by_days": 5})
    assert advanced.json()["status"] == "ready"
    found = (await shop.get("/v1/payouts")).json()
    (payout,) = found["payouts"]
    assert (payout["state"], payout["amount"], payout["test_clock"]) == ("settled", "970.00", clock)
    assert found["unpaid"]["owed_back"] == "0.00"
    path = f"/v1/payouts/{payout['id']}"
    assert (await shop.get(path)).json() == payout
    keys = (await shop.get("/v1/keys")).json()
    for form in ("csv", "pdf", "json"):
        answer = await shop.get(f"{path}/statement.{form}")
        assert answer.status_code == 200, answer.text
        signature = answer.headers["Meqenet-Signature"]
        assert is_signed(content=answer.content, signature=signature, public_keys=keys)
        assert not is_signed(content=answer.content + b" ", signature=signature, public_keys=keys)
        if form == "csv":
            rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
            assert [row["plan"] for row in rows] == plans
            # What others chose must not be calculated by a spreadsheet.
            assert rows[0]["reference"] == "'=SUM(1000.00)"
            net = total(Money.from_birr(row["net"]) for row in rows)
            assert str(net) == payout["amount"]
        elif form == "json":
            assert answer.json()["totals"]["net"] == payout["amount"]
        else:
            assert answer.content.startswith(b"%PDF")
            again = await shop.get(f"{path}/statement.pdf")
            assert again.content == answer.content
    for refused in (path, f"{path}/statement.csv"):
        problem = await keyholder.get(refused)
        assert (problem.status_code, problem.json()["code"]) == (404, "payout_unknown")
