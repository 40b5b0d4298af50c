"""The sandbox as a whole: what it keeps, and that it is this project's only in its wire."""

import ast
from datetime import UTC, datetime
from pathlib import Path

import httpx

from apps.sandboxes.kernel.serve import running
from apps.sandboxes.telebirr.app import create
from integrations.telebirr.client import TelebirrClient
from integrations.telebirr.signing import fresh_nonce
from meqenet.money import Money
from meqenet.payments.rail import MandateStatus, RailStatus
from tests.apps.sandboxes.telebirr.worlds import (
    HandClock,
    Inbox,
    World,
    fresh_plan,
    settings_of,
)

ROOT = Path(__file__).parents[4]


async def test_everything_is_there_after_a_restart(tmp_path: Path, inbox: Inbox) -> None:
    clock = HandClock(now=datetime(2026, 11, 22, 9, tzinfo=UTC))
    plan = fresh_plan()
    credentials, order_id, contract_no = [], "", ""
    for turn in range(2):
        sandbox = create(directory=tmp_path, strict=False, clock=clock)
        credentials.append(dict(sandbox.credentials))
        async with running(sandbox=sandbox) as place, httpx.AsyncClient(trust_env=False) as http:
            settings = settings_of(place, notify_url=inbox.url)
            client = TelebirrClient(settings=settings, http=http, clock=clock, nonce=fresh_nonce)
            world = World(
                place=place, settings=settings, client=client, http=http, inbox=inbox, clock=clock
            )
            if turn == 0:
                terms = (await world.control("GET", "/templates"))[0]
                terms["single_amount"] = "77.00"
                await world.control("PUT", f"/templates/{terms['id']}", **terms)
                order_id, contract_no = await world.paid(), await world.signed(plan)
            answer = await client.query_payment(order_id=order_id)
            assert (answer.status, answer.amount) == (RailStatus.SUCCEEDED, Money.from_birr(250))
            mandate = await client.query_mandate(contract_no=contract_no)
            assert (mandate.status, mandate.debit_limit) == (
                MandateStatus.ACTIVE,
                Money.from_birr(77),
            )
            books = await world.books()
            assert books[f"merchant:{settings.merchant_code}"] == Money.from_birr(250)
            assert sum(amount.santim for amount in books.values()) == 0
    assert credentials[0] == credentials[1]
    assert set(credentials[0]) == {
        *("fabric_app_id", "app_secret", "merchant_app_id", "merchant_code"),
        *("private_key", "sp_public_key", "mandate_template_id", "statement_key"),
    }


async def test_the_statement_shows_each_payment_and_refund(world: World) -> None:
    order_id = await world.paid()
    number = order_id.replace("_", "").replace("-", "")
    rows = [row for row in await world.control("GET", "/statement") if row["reference"] == number]
    assert [(row["kind"], row["amount"], row["debit"]) for row in rows] == [
        ("payment", "250.00", "wallet:251900000000")
    ]
    orders = {order["merch_order_id"]: order for order in await world.control("GET", "/orders")}
    assert (orders[number]["order_status"], orders[number]["amount"]) == ("PAY_SUCCESS", "250.00")


async def test_a_wrong_rule_is_refused(world: World) -> None:
    for wanted in ({"redirect": "sideways"}, {"unknown": "rule"}, {"daily_limit": "1.234"}):
        answer = await world.http.patch(f"{world.place.control_url}/rules", json=wanted)
        assert answer.status_code == 422


def test_two_sides_of_the_wire_share_no_code() -> None:
    for path in (ROOT / "apps" / "sandboxes" / "telebirr").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {
            node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        }
        assert not {name for name in imported if name.startswith(("integrations", "meqenet.pay"))}
