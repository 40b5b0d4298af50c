"""The report of reminders for people and as JSON."""

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime

from rich.console import Console

from apps.reports.reminders import reminders_page, reminders_to_tell
from apps.writing import as_json
from meqenet.money import Money
from workers.reminder_evidence import ToldReminder, Word

PLAN = "pln_abc"
AT = datetime(2026, 12, 12, 6, 0, tzinfo=UTC)
SENT = ToldReminder(
    reminder_id=f"{PLAN}-i02-mb20261212",
    installment_id=f"{PLAN}-i02",
    kind="before_due",
    days=3,
    due_on=date(2026, 12, 15),
    amount=Money.from_birr("1000"),
    channel="sms",
    language="am",
    template_version=1,
    text_hash=b"\xab" * 32,
    state="refused",
    opened_at=AT,
    sent_at=None,
    provider_reference="SM00000001",
    failure_code="blocked",
    words=(Word(state="refused", failure_code="blocked", at=AT),),
)


def printed(*reminders: ToldReminder) -> str:
    paper = io.StringIO()
    console = Console(file=paper, width=200)
    for part in reminders_page(plan_id=PLAN, reminders=reminders):
        console.print(part)
    return paper.getvalue()


def test_what_was_told_is_shown_with_its_end() -> None:
    page = printed(SENT)
    for shown in (
        "2026-12-12 06:00:00",
        "i02",
        "before_due 3d",
        "2026-12-15 (2019-04-06)",
        "1,000.00",
        "am v1",
        "abababababab",
        "refused (blocked)",
        "SM00000001",
    ):
        assert shown in page


def test_a_text_is_shown_where_it_was_asked_for() -> None:
    assert "ሰላም" in printed(replace(SENT, text="ሰላም"))
    assert "mb20261212" not in printed(SENT)


def test_nothing_told_is_said() -> None:
    assert "none was decided so far" in printed()


def test_as_json_every_word_is_there() -> None:
    told = json.loads(as_json(reminders_to_tell(plan_id=PLAN, reminders=(SENT,))))
    (row,) = told["reminders"]
    assert (row["amount"], row["text_hash"], row["text"]) == ("1000.00", "ab" * 32, None)
    assert row["words"] == [
        {"state": "refused", "failure_code": "blocked", "at": "2026-12-12T06:00:00Z"}
    ]
