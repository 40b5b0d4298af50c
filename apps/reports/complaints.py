"""A month's complaints for the National Bank: on a terminal, for programs, and for spreadsheets."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import astuple, fields
from datetime import timedelta
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from apps.writing import day, instant, table
from db.disputes.views.complaint_facts import read_complaint_summary
from meqenet.disputes.complaint_summary import ComplaintSummary, Tally

__all__ = ["complaints_csv", "complaints_page", "complaints_to_tell", "read_complaint_summary"]
COUNTS: Final = tuple(each.name for each in fields(Tally))
"""What is counted, in the order of the columns."""


def complaints_page(*, summary: ComplaintSummary) -> Iterator[RenderableType]:
    """The summary for people."""
    month = summary.month
    last = month.following - timedelta(days=1)
    yield Text(
        f"\ncomplaints of {month.name}, {month.calendar.capitalize()} calendar", style="bold"
    )
    yield Text(
        f"{day(month.first)} to {day(last)}, as of {instant(summary.as_of)} UTC", style="dim"
    )
    yield _tallies("all", {"all": summary.all})
    if summary.by_category:
        yield _tallies("by category", summary.by_category)
        yield _tallies("by language", summary.by_language)
    ages = table("open, by age", "age", "open>")
    for age, count in summary.open_by_age.items():
        ages.add_row(age, str(count))
    yield ages


def complaints_to_tell(*, summary: ComplaintSummary) -> dict[str, object]:
    """The summary for programs, as :func:`apps.writing.as_json` takes it."""
    month = summary.month
    return {
        "calendar": month.calendar,
        "month": month.name,
        "first": month.first,
        "last": month.following - timedelta(days=1),
        "as_of": summary.as_of,
        "all": summary.all,
        "by_category": dict(summary.by_category),
        "by_language": dict(summary.by_language),
        "open_by_age": dict(summary.open_by_age),
    }


def complaints_csv(*, summary: ComplaintSummary) -> str:
    """A line per group under a header, by RFC 4180; of ages only what is open is counted."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(("calendar", "month", "group", "name", *COUNTS))
    month = (summary.month.calendar.value, summary.month.name)
    for group, tallies in (
        ("all", {"all": summary.all}),
        ("category", summary.by_category),
        ("language", summary.by_language),
    ):
        for name, tally in tallies.items():
            writer.writerow((*month, group, name, *astuple(tally)))
    for age, count in summary.open_by_age.items():
        counted = [count if name == "open" else "" for name in COUNTS]
        writer.writerow((*month, "age", age, *counted))
    return file.getvalue()


def _tallies(title: str, tallies: Mapping[str, Tally]) -> RenderableType:
    found = table(title, "", *(f"{name.replace('_', ' ')}>" for name in COUNTS))
    for name, tally in tallies.items():
        found.add_row(name.replace("_", " "), *(str(count) for count in astuple(tally)))
    return found
