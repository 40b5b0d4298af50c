"""`meqenet verify` beside a running system, as an operator runs it."""

import asyncio
import json
import os
import sys
from typing import Any

from sqlalchemy import text

from meqenet.identity import payout_id
from tests.backing import as_admin
from tests.journeys.conftest import Town


async def run_verify(town: Town, *words: str) -> tuple[int, dict[str, Any], str]:
    """The command's exit code, what it printed, and what it told a person."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MEQENET_")}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "apps.cli.main", "verify", "--json", "--patience", "20", *words),
        env={**kept, **town.running.environment, "MEQENET_ENV_FILE": os.devnull},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, told = await child.communicate()
    assert child.returncode is not None
    found = json.loads(printed) if printed else {}
    return child.returncode, found, told.decode()


async def test_books_that_have_lived_hold_and_a_changed_santim_is_named(town: Town) -> None:
    customer = await town.customer(provider="mpesa")
    clock = await town.clock()
    plan_id = await town.active(customer, town.purchase(customer, "pay_in_4", clock=clock))
    await town.days_pass(clock, days=20)
    code, report, told = await run_verify(town, "--plan", plan_id)
    assert (code, told) == (0, "")
    assert report["holds"]
    counted = {check["what"]: check["count"] for check in report["checks"]}
    assert counted["bnpl: event chains"] > 5
    assert counted["ledger: transactions, entries and events"] > 2
    assert counted["plans in all books"] == counted["customers' limits"] == 1
    # Two installments, and the merchant's money.
    assert counted["mpesa: statement and orders"] == 2
    assert counted["bank: statement and orders"] == 1

    change = text(
        "UPDATE entries SET amount_santim = amount_santim + :by"
        " WHERE posting_id = :posting AND line = 1"
    )
    posting = payout_id(plan_id=plan_id, number=1)
    admin_url = town.running.environment["MEQENET_ADMIN_DATABASE_URL"]
    async with as_admin(admin_url, database="meqenet_ledger") as connection:
        await connection.execute(text("SET session_replication_role = replica"))
        await connection.execute(change, {"by": 1, "posting": posting})
        await connection.commit()
    code, report, told = await run_verify(town, "--plan", plan_id, "--patience", "1")
    assert code == 1
    assert report["first_bad"]["domain"] == "ledger"
    assert report["first_bad"]["stream"] == plan_id
    assert report["first_bad"]["what"].startswith(f"{posting}: debits of 3840.01")
    assert f"the first bad record is in ledger, {plan_id}" in told
    async with as_admin(admin_url, database="meqenet_ledger") as connection:
        await connection.execute(text("SET session_replication_role = replica"))
        await connection.execute(change, {"by": -1, "posting": posting})
        await connection.commit()


async def test_a_plan_that_nobody_knows_is_refused(town: Town) -> None:
    code, report, told = await run_verify(town, "--plan", "pln_aaaaaaaaaaaaaaaaaaaa")
    assert (code, report) == (2, {})
    assert "no store knows pln_aaaaaaaaaaaaaaaaaaaa" in told
