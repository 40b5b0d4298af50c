"""``meqenet reconcile``, as finance meets it; whole runs are in ``tests/journeys``."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from activities.contracts import reconciliation as r
from activities.reconciliation import ReconciliationActivities
from db.kernel.encryption import Keyring
from db.payments.statements import line_item
from meqenet.payments.statement_document import StatementForm
from tests.apps.cli.operating import meqenet
from tests.backing import Databases
from workers.reconciling import keep_file

AT = datetime(2026, 11, 26, 1, tzinfo=UTC)


@pytest.fixture
async def line(databases: Databases, keyring: Keyring, unique: str) -> str:
    """An open difference: a line of a day that no other test has, of an unknown order."""
    day = date(1900, 1, 1) + timedelta(days=int(unique, 16) % 40_000)
    rows = (
        "id,at,kind,reference,receipt,amount,charge",
        f"7,{day}T10:00:00+03:00,payment,order{unique},R{unique},1250.50,0.00",
    )
    await keep_file(
        database=databases["payments"],
        keyring=keyring,
        provider="bank",
        day=day,
        form=StatementForm.CSV,
        content="\r\n".join(rows).encode(),
        at=AT,
    )
    steps: r.ReconciliationSteps = ReconciliationActivities(
        database=databases["payments"], keyring=keyring
    )
    await steps.judge_keys(
        r.JudgeKeys(
            provider="bank",
            keys=(f"order{unique}",),
            orders=(),
            posted={},
            at=AT,
            pending_hours_max=36,
        )
    )
    return line_item(provider="bank", day=day, line_id="7")


@pytest.fixture
def store(databases: Databases) -> str:
    return databases.urls["payments"]


async def test_what_is_open_is_told_and_a_person_closes_it(line: str, store: str) -> None:
    told = await meqenet(
        "reconcile", "open", "--provider", "bank", "--json", MEQENET_PAYMENTS_DATABASE_URL=store
    )
    (item,) = [each for each in json.loads(told.out)["open"] if each["line"] == line]
    assert (item["verdict"], item["amount"], item["order"]) == ("missing_here", "1250.50", None)
    assert "ask the provider whose payment it is" in item["what_to_do"]

    page = await meqenet("reconcile", "open", COLUMNS="300", MEQENET_PAYMENTS_DATABASE_URL=store)
    assert line in page.out
    assert "1,250.50" in page.out

    closing = ("reconcile", "accept", line, "--by", "st_1", "--reason", "returned by hand")
    closed = await meqenet(*closing, MEQENET_PAYMENTS_DATABASE_URL=store)
    assert (closed.code, closed.out) == (0, f"{line}: missing_here, accepted by st_1\n")
    again = await meqenet(*closing, MEQENET_PAYMENTS_DATABASE_URL=store)
    assert (again.code, again.err) == (
        2,
        f"meqenet reconcile accept: {line}: is accepted by st_1: nothing to accept\n",
    )
    left = await meqenet("reconcile", "open", "--json", MEQENET_PAYMENTS_DATABASE_URL=store)
    assert line not in left.out
    history = await meqenet(
        "reconcile", "show", line, COLUMNS="300", MEQENET_PAYMENTS_DATABASE_URL=store
    )
    assert "returned by hand" in history.out


async def test_nobody_accepts_without_a_name_and_a_reason(line: str, store: str) -> None:
    for by, reason, field in ((" ", "why", "--by"), ("st_1", " ", "--reason")):
        refused = await meqenet(
            "reconcile",
            "accept",
            line,
            "--by",
            by,
            "--reason",
            reason,
            MEQENET_PAYMENTS_DATABASE_URL=store,
        )
        assert (refused.code, refused.err) == (
            2,
            f"meqenet reconcile accept: {field}: must not be empty\n",
        )


async def test_a_line_of_which_nothing_was_judged_is_said_so(store: str) -> None:
    shown = await meqenet(
        "reconcile", "show", "bank-19000101-1", MEQENET_PAYMENTS_DATABASE_URL=store
    )
    assert (shown.code, shown.out) == (1, "")
    assert shown.err.endswith("bank-19000101-1: nothing was judged of such a line\n")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--day", "2026-11-25"), "--provider: must be one of telebirr, mpesa, bank"),
        (("--provider", "cash", "--day", "2026-11-25"), "--provider: must be one of"),
        (("--provider", "bank"), "--day: give a day, like 2026-11-23"),
        (("--provider", "bank", "--day", "25-11-2026"), "--day: must be a Gregorian day"),
    ],
)
async def test_what_is_wrong_with_the_words_is_named(words: tuple[str, ...], text: str) -> None:
    refused = await meqenet("reconcile", *words)
    assert (refused.code, refused.out) == (2, "")
    assert text in refused.err


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    place = tmp_path / "none.csv"
    refused = await meqenet(
        *("reconcile", "--provider", "bank", "--day", "2026-11-25", "--statement", str(place))
    )
    assert refused.code == 2
    assert f"--statement: {place}: No such file" in refused.err
