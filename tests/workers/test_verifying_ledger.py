"""Every changed bit of the ledger is found and named by what `meqenet verify` runs."""

from collections.abc import Mapping
from typing import Final

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.db.kernel.tampering import columns_of, dice, flipped
from tests.workers.verified import (
    first_bad,
    first_of,
    kept,
    verified,
)
from tests.workers.worlds import World


@pytest.mark.parametrize("table", ["events", "transactions", "entries"])
async def test_any_flipped_bit_in_the_ledger_is_found_and_named(
    lived: World, admins: Mapping[str, AsyncEngine], table: str
) -> None:
    chance = dice(seed=20261125)
    async with admins["ledger"].connect() as connection:
        plans = list(await connection.scalars(text("SELECT DISTINCT plan_id FROM transactions")))
    owner = "stream" if table == "events" else "plan_id"
    skipped = {
        # The first two are null in every row here; for the third there is a test of its own.
        "transactions": {"backdated_from", "reverses", "recorded_at"},
    }
    for column, kind in (await columns_of(admins["ledger"], table=table)).items():
        if column in skipped.get(table, ()):
            continue
        for _ in range(3):
            plan_id = chance.choice(sorted(plans))
            where = (
                f"{owner} = '{plan_id}' AND ctid = "  # noqa: S608 - the test's own words
                f"(SELECT min(ctid) FROM {table} WHERE {owner} = '{plan_id}')"
            )
            async with flipped(
                admins["ledger"],
                table=table,
                column=column,
                kind=kind,
                where=where,
                chance=chance,
            ) as what:
                bad = await first_bad(lived, domains=("ledger",))
                assert bad is not None, what
                assert bad.domain == "ledger"
                if column not in {"stream", "plan_id", "xid", "position"}:
                    assert bad.stream == plan_id, (what, bad)
    assert await first_bad(lived, domains=("ledger",)) is None


async def test_any_flipped_bit_of_an_account_is_found(
    lived: World, admins: Mapping[str, AsyncEngine]
) -> None:
    chance = dice(seed=20261126)
    where = "code = (SELECT min(code) FROM accounts WHERE code LIKE 'plan_receivable:%')"
    for column, kind in (await columns_of(admins["ledger"], table="accounts")).items():
        async with flipped(
            admins["ledger"],
            table="accounts",
            column=column,
            kind=kind,
            where=where,
            chance=chance,
        ) as what:
            bad = await first_bad(lived, domains=("ledger",))
            assert bad is not None, what
            assert bad.domain == "ledger"


PLAN: Final = "(SELECT min(plan_id) FROM transactions WHERE kind = 'plan_became_active')"
POSTING: Final = f"plan_id = {PLAN} AND posting_id = {PLAN} || '-activation'"
"""In place of ``MINE`` in what follows."""
FORGED: Final = """
    INSERT INTO transactions
        (plan_id, posting_id, kind, happening, content_hash, effective_at)
        SELECT plan_id, posting_id || '-forged', kind, happening, content_hash, effective_at
        FROM transactions WHERE MINE
"""
ADDED: Final = """
    INSERT INTO entries SELECT plan_id, posting_id || '-forged', line, account_code, side,
        amount_santim, effective_at FROM entries WHERE MINE
"""
LEDGER_DEEDS: Final = [
    (["DELETE FROM entries WHERE MINE AND line = 2"], "not numbered"),
    (["DELETE FROM entries WHERE MINE"], "without entries"),
    (["DELETE FROM transactions WHERE MINE"], "there is no such transaction"),
    (
        ["UPDATE transactions SET recorded_at = recorded_at + interval '1 day' WHERE MINE"],
        "recorded_at is not about that of its event",
    ),
    (
        ["UPDATE transactions SET backdated_from = effective_at - interval '1 day' WHERE MINE"],
        "backdated_from is not that of its event",
    ),
    (
        ["UPDATE transactions SET reverses = posting_id WHERE MINE"],
        "reverses is not that of the happening",
    ),
    ([FORGED, ADDED], "no event tells of it"),
    ([ADDED], "entries without a transaction"),
    (
        ["UPDATE entries SET account_code = account_code || 'x' WHERE MINE AND line = 1"],
        "entry 1 is not the one that its event tells",
    ),
]


@pytest.mark.parametrize(("deeds", "what"), LEDGER_DEEDS)
async def test_what_was_done_to_the_books_is_named(
    lived: World, admins: Mapping[str, AsyncEngine], deeds: list[str], what: str
) -> None:
    async with kept(admins["ledger"], tables=("transactions", "entries")):
        async with admins["ledger"].begin() as connection:
            plan_id = await connection.scalar(text(f"SELECT {PLAN}"))
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            for deed in deeds:
                await connection.execute(text(deed.replace("MINE", POSTING)))
        bad = await first_bad(lived, domains=("ledger",))
    assert bad is not None
    assert (bad.domain, bad.stream) == ("ledger", plan_id)
    assert what in bad.what


async def test_a_history_cut_short_in_every_table_is_caught_by_the_anchors(
    lived: World, admins: Mapping[str, AsyncEngine]
) -> None:
    """The last posting is gone with its event: what is left agrees, and the anchor does not."""
    async with kept(admins["ledger"], tables=("events", "transactions", "entries")):
        async with admins["ledger"].begin() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            found = await connection.execute(
                text("SELECT stream, id, stream_sequence FROM events ORDER BY 3 DESC, 1 LIMIT 1")
            )
            stream, posting_id, sequence = found.one()
            for table, column in (
                ("events", "id"),
                ("transactions", "posting_id"),
                ("entries", "posting_id"),
            ):
                await connection.execute(
                    text(f"DELETE FROM {table} WHERE {column} = :id"),  # noqa: S608 - the test's own words
                    {"id": posting_id},
                )
        checks = await verified(lived, domains=("ledger",))
    assert [checked.what for checked in checks if checked.bad] == ["ledger: anchors"]
    bad = first_of(checks)
    assert (bad.stream, bad.sequence) == (stream, sequence)
    assert "it is not there any more" in bad.what
