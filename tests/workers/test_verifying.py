"""What `meqenet verify` finds, over stores that random business histories have filled."""

import csv
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from apps.verify.statement_files import StatementFile
from meqenet.identity import wire_id
from meqenet.money import Money
from tests.db.kernel.tampering import columns_of
from tests.workers.verified import (
    PLANS,
    first_bad,
    first_of,
    kept,
    verified,
)
from tests.workers.worlds import SOURCES, World
from workers.settings import Domain
from workers.verifying.findings import Checked


async def test_everything_holds_after_plans_have_lived(lived: World) -> None:
    checks = await verified(lived)
    assert [checked.bad for checked in checks if checked.bad] == []
    counted = {checked.what: checked.count for checked in checks}
    assert counted["plans in all books"] == PLANS
    assert counted["customers' limits"] == 3
    assert counted["ledger: event chains"] == counted["ledger: transactions, entries and events"]
    assert min(counted[f"{domain}: anchors"] for domain in SOURCES) > 0
    assert counted["collections by day"] > 0
    async with lived["bnpl"].read() as session:
        late = text("SELECT count(*) FROM installments WHERE late_fee_paid_santim > 0")
        assert (await session.scalar(late) or 0) > 0


async def test_only_what_is_asked_for_is_read(
    lived: World, admins: Mapping[str, AsyncEngine]
) -> None:
    async with admins["ledger"].connect() as connection:
        plans = list(
            await connection.scalars(text("SELECT DISTINCT plan_id FROM transactions ORDER BY 1"))
        )
        newest = await connection.scalar(text("SELECT max(recorded_at) FROM events"))
    async with kept(admins["ledger"], tables=("transactions", "entries")):
        async with admins["ledger"].begin() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            await connection.execute(
                text("DELETE FROM entries WHERE plan_id = :plan"), {"plan": plans[0]}
            )
        spoilt = await verified(lived, plan_id=plans[0])
        other = await verified(lived, plan_id=plans[1])
        later = await verified(lived, since=newest + timedelta(days=1))
        since = await verified(lived, since=newest - timedelta(days=1))
    assert first_of(spoilt).stream == plans[0]
    assert [checked.bad for checked in other if checked.bad] == []
    assert {checked.count for checked in later} == {0}
    assert first_of(since).stream == plans[0]
    counted = {checked.what: checked.count for checked in other}
    assert counted["plans in all books"] == counted["customers' limits"] == 1
    assert counted["ledger: event chains"] > 0


DEEDS: Final[list[tuple[Domain, str, str]]] = [
    ("bnpl", "plans", "state = 'declined'"),
    ("bnpl", "installments", "principal_santim = principal_santim + 1"),
    ("bnpl", "installments", "late_fee_santim = late_fee_santim + 1"),
    ("payments", "attempts", "asked_santim = asked_santim + 1, moved_santim = moved_santim + 1"),
    ("settlement", "payouts", "state = 'rejected'"),
    ("credit", "exposures", "owed_santim = 1, held_santim = 0, state = 'owed'"),
    ("analytics", "plan_overview", "collected_santim = collected_santim + 1"),
    ("analytics", "plan_overview", "merchant_id = 'mrc_other'"),
    ("analytics", "plan_overview_installments", "interest_santim = interest_santim + 1"),
    ("analytics", "merchant_statement", "net_santim = net_santim + 1"),
    ("analytics", "portfolio_plans", "option = 'pay_in_none'"),
    ("analytics", "portfolio_collections", "attempts = attempts + 1"),
    ("analytics", "customer_exposure", "declined = declined + 1"),
    ("analytics", "customer_exposure_plans", "owed_santim = owed_santim + 1"),
]


@pytest.mark.parametrize(("domain", "table", "change"), DEEDS)
async def test_a_changed_row_is_named_with_its_store(
    lived: World, admins: Mapping[str, AsyncEngine], domain: Domain, table: str, change: str
) -> None:
    first = next(iter(await columns_of(admins[domain], table=table)))
    condition = "state = 'settled'" if table == "payouts" else "true"
    condition = "state = 'succeeded'" if table == "attempts" else condition
    async with kept(admins[domain], tables=(table,)):
        async with admins[domain].begin() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            await connection.execute(
                text(
                    f"UPDATE {table} SET {change} WHERE ctid = "  # noqa: S608 - the test's own words
                    f"(SELECT ctid FROM {table} WHERE {condition} ORDER BY {first} DESC LIMIT 1)"
                )
            )
        bad = await first_bad(lived)
    assert bad is not None
    assert bad.domain == domain


Row = dict[str, str]
_STATEMENT: Final = """
    SELECT attempt_id AS id, 'payment' AS kind, asked_santim AS santim, moved_at AS at
        FROM attempts WHERE provider = 'telebirr' AND state = 'succeeded'
    UNION ALL
    SELECT refund_id, 'refund', amount_santim, refunds.moved_at
        FROM refunds JOIN attempts USING (plan_id, attempt_id)
        WHERE provider = 'telebirr' AND refunds.state = 'succeeded'
    ORDER BY at, id
"""


async def _statement(admin: AsyncEngine) -> list[Row]:
    """What a wallet provider would say if everything were as we have it."""
    async with admin.connect() as connection:
        found = await connection.execute(text(_STATEMENT))
        return [
            {
                "at": row.at.isoformat(),
                "kind": row.kind,
                "reference": wire_id(meqenet_id=row.id),
                "amount": str(Money(row.santim)),
            }
            for row in found
        ]


async def _checked(lived: World, rows: list[Row], path: Path) -> Checked:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=("at", "kind", "reference", "amount"))
        writer.writeheader()
        writer.writerows(rows)
    statement = StatementFile(provider="telebirr", path=path)
    return (await verified(lived, statements=[statement]))[-1]


async def test_a_statement_that_says_the_same_holds(
    lived: World, admins: Mapping[str, AsyncEngine], tmp_path: Path
) -> None:
    rows = await _statement(admins["payments"])
    assert len(rows) > 3
    checked = await _checked(lived, rows, tmp_path / "telebirr.csv")
    assert (checked.what, checked.bad) == ("telebirr: statement and orders", None)
    assert checked.count == len(rows)
    ours = {**rows[0], "kind": "adjustment", "reference": "control"}
    assert (await _checked(lived, [*rows, ours], tmp_path / "telebirr.csv")).bad is None
    # Of what lies before its first row and after its last a file says nothing.
    assert (await _checked(lived, rows[1:-1], tmp_path / "telebirr.csv")).bad is None


async def test_a_statement_that_says_otherwise_is_named_with_its_row(
    lived: World, admins: Mapping[str, AsyncEngine], tmp_path: Path
) -> None:
    rows = await _statement(admins["payments"])
    first, second, *others = rows
    more = str(Money.from_birr(second["amount"]) + Money(1))
    stranger = {**second, "reference": "pln" + "a" * 20 + "i01a1"}
    for changed, stream, what in (
        ([first, {**second, "amount": more}, *others], second["reference"], "and the statement"),
        ([first, *others], second["reference"], "does not know it"),
        ([first, second, second, *others], second["reference"], "row 3 moves the money"),
        ([first, second, *others, stranger], stranger["reference"], "do not have that as moved"),
        ([first, {**second, "kind": "refund"}, *others], second["reference"], "returned"),
    ):
        checked = await _checked(lived, changed, tmp_path / "telebirr.csv")
        assert checked.bad is not None
        assert checked.bad.domain == "telebirr"
        assert wire_id(meqenet_id=checked.bad.stream) == stream
        assert what in checked.bad.what
