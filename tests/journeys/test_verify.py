"""`meqenet verify` beside a running system, as an operator runs it."""

import json
from typing import Any

from sqlalchemy import text

from meqenet.identity import payout_id
from tests.apps.cli.operating import meqenet
from tests.backing import as_admin
from tests.journeys.conftest import FourInstallments, Town


async def run_verify(town: Town, *words: str) -> tuple[int, dict[str, Any], str]:
    """The command's exit code, what it printed, and what it told a person."""
    words = ("verify", "--json", "--patience", "20", *words)
    ran = await meqenet(*words, world=None, **town.running.environment)
    return ran.code, json.loads(ran.out) if ran.out else {}, ran.err


async def test_books_that_have_lived_hold_and_a_changed_santim_is_named(
    four_installments: FourInstallments,
) -> None:
    town, plan_id = four_installments.town, four_installments.plan_id
    code, report, told = await run_verify(town, "--plan", plan_id)
    assert (code, told) == (0, "")
    assert report["holds"]
    counted = {check["what"]: check["count"] for check in report["checks"]}
    assert counted["bnpl: event chains"] > 5
    assert counted["ledger: transactions, entries and events"] > 2
    assert counted["plans in all books"] == counted["customers' limits"] == 1
    # Four installments, and the merchant's money.
    assert counted["telebirr: statement and orders"] == 4
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
