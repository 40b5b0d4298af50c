"""``meqenet report``, as staff meet it."""

import json

import pytest
from typer.testing import CliRunner

from apps.cli.main import build
from db.kernel.encryption import Keyring
from db.marketplace.merchants import register_merchant
from db.settlement.lines import NewLine, add_line, lock_merchant
from meqenet.money import Money
from meqenet.settlement.lines import LineKind, LineMoney
from tests.apps.cli.operating import meqenet
from tests.backing import Databases
from tests.workers.beginnings import BEGIN
from tests.workers.worlds import World


async def test_a_portfolio_without_plans_is_shown_as_one(world: World) -> None:
    page = await meqenet("report", "portfolio", "--at", "2026-11-23", world=world)
    assert (page.code, page.err) == (0, "")
    assert "portfolio at the end of 2026-11-23 (2019-03-14)" in page.out
    assert "collections from 2026-10-25 to 2026-11-23" in page.out
    told = await meqenet("report", "portfolio", "--at", "2026-11-23", "--json", world=world)
    report = json.loads(told.out)
    assert (report["as_of"], report["outstanding"]) == ("2026-11-23", "0.00")


async def test_an_unknown_customer_is_said_so(databases: Databases, world: World) -> None:
    now = await meqenet("report", "exposure", "cus_none", world=world)
    assert (now.code, now.out, now.err) == (
        1,
        "",
        "meqenet report exposure: cus_none: nothing was decided for such a customer\n",
    )
    then = await meqenet(
        *("report", "exposure", "cus_none", "--at", "2026-11-23"),
        MEQENET_CREDIT_DATABASE_URL=databases.urls["credit"],
    )
    assert (then.code, then.out) == (1, "")
    assert then.err.endswith("such a customer by the end of 2026-11-23\n")


async def test_an_empty_statement_is_not_an_unknown_merchant(
    databases: Databases, world: World, keyring: Keyring, unique: str
) -> None:
    async with databases["marketplace"].write() as session:
        await register_merchant(
            session=session,
            keyring=keyring,
            merchant_id=f"mrc_{unique}",
            name="Shop",
            webhook=None,
            at=BEGIN,
        )
    market = databases.urls["marketplace"]
    known, unknown = [
        await meqenet(
            *("report", "statement", merchant),
            world=world,
            MEQENET_MARKETPLACE_DATABASE_URL=market,
        )
        for merchant in (f"mrc_{unique}", "mrc_none")
    ]
    assert (known.code, known.err) == (0, "")
    assert "still payable: 0.00" in known.out
    assert (unknown.code, unknown.out, unknown.err) == (
        1,
        "",
        "meqenet report statement: mrc_none: there is no such merchant\n",
    )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("portfolio --at soon", "--at: must be a Gregorian day, like 2026-11-23"),
        ("portfolio --since 2026-02-30", "--since: must be a Gregorian day"),
        (
            "portfolio --at 2026-11-23 --since 2026-11-24",
            "--since: must not be a day after --at",
        ),
        ("exposure cus_x --at 20261123", "--at: must be a Gregorian day"),
        (
            "statement mrc_x --from 2026-11-24 --to 2026-11-23",
            "--to: must not be a day before --from",
        ),
    ],
)
def test_a_malformed_day_names_the_field_and_the_rule(words: str, text: str) -> None:
    arguments = ["report", *words.split()]
    asked = CliRunner().invoke(build(arguments=arguments), arguments)
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert text in asked.stderr


async def test_what_merchants_are_still_to_get_and_owe_is_seen_by_staff(
    databases: Databases, unique: str
) -> None:
    merchant = f"mrc_{unique}"
    async with databases["settlement"].write() as session:
        await lock_merchant(session=session, merchant_id=merchant)
        for name, kind, birr in (
            ("order", LineKind.ORDER, "970.00"),
            ("g1", LineKind.REFUND, "-1000.00"),
        ):
            line = NewLine(
                line_id=f"pln_{unique}-{name}",
                merchant_id=merchant,
                plan_id=f"pln_{unique}",
                kind=kind,
                money=LineMoney.RECEIVABLE,
                gross=Money.from_birr(birr),
                fee=Money.zero(),
                tax=Money.zero(),
                available_at=BEGIN,
            )
            await add_line(session=session, line=line, at=BEGIN)
    told = await meqenet(
        *("report", "settlement", "--json"),
        MEQENET_SETTLEMENT_DATABASE_URL=databases.urls["settlement"],
    )
    assert (told.code, told.err) == (0, "")
    (mine,) = (each for each in json.loads(told.out)["merchants"] if each["merchant"] == merchant)
    assert (mine["available"], mine["owed_back"], mine["rejected_payout"]) == (
        "0.00",
        "30.00",
        None,
    )
