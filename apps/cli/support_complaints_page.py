"""Complaints as a support agent reads them on a terminal."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from apps.writing import instant, table


def complaint_page(*, found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """One complaint: where it stands, and what was said and done where it is told."""
    came = _at(found["received_at"])
    yield Text(f"\n{found['tracking_number']}: {_words(found['state'])}", style="bold")
    yield Text(
        f"about {_words(found['category'])} of {found['plan']}, by {_words(found['channel'])} in "
        f"{found['language']}, received {came} UTC"
    )
    yield Text(_standing(found))
    who = found["assignee_handle"] or found["assignee"] or "nobody yet"
    yield Text(f"looked after by {who}; came up: {_raised(found)}")
    for each in found.get("said", ()):
        yield Text(f"\n{each['by']}, {_at(each['at'])} UTC, in {each['language']}:", style="dim")
        yield Text(each["text"])
    if found.get("deeds"):
        yield _deeds(found)
    possible = ", ".join(_words(each) for each in found["possible"])
    yield Text(f"\npossible now: {possible or 'nothing any more'}")


def list_page(*, found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """How many wait for an answer, and each that is listed."""
    yield Text(
        f"{found['open']} wait for an answer, {found['escalated']} of them have come up to "
        "supervisors",
        style="bold",
    )
    if not found["complaints"]:
        return
    rows = table(
        "complaints",
        *("number", "state", "came up", "last day", "category", "language", "looked after by"),
    )
    for each in found["complaints"]:
        rows.add_row(
            each["tracking_number"],
            _words(each["state"]),
            _raised(each),
            _day(each["answer_due_on"]),
            _words(each["category"]),
            each["language"],
            each["assignee_handle"] or each["assignee"] or "nobody",
        )
    yield rows


def _standing(found: Mapping[str, Any]) -> str:
    due = _day(found["answer_due_on"])
    again = ", reopened" if found["reopened"] else ""
    if found["closed_at"] is not None:
        return f"closed {_at(found['closed_at'])} UTC: {_words(found['closing'])}{again}"
    if found["answered_at"] is not None:
        until = found["reopen_until"]
        may = "" if until is None else f"; the customer may come back to it until {_at(until)} UTC"
        return f"answered {_at(found['answered_at'])} UTC: {_words(found['outcome'])}{again}{may}"
    return f"to be answered by {due}{again}"


def _raised(found: Mapping[str, Any]) -> str:
    """How far it has come up, or that its last day is near."""
    if found["escalation"] != "none":
        return _words(found["escalation"])
    return "reminded" if found["reminded"] else "no"


def _deeds(found: Mapping[str, Any]) -> RenderableType:
    rows = table("what was done", "at", "deed", "by", "why", "to")
    for each in found["deeds"]:
        rows.add_row(
            _at(each["at"]),
            each["deed"],
            each["handle"] or each["by"],
            each["why"],
            each["assigned_handle"] or each["assigned_to"] or "",
        )
    return rows


def _words(name: str) -> str:
    return name.replace("_", " ")


def _day(day: Mapping[str, str] | None) -> str:
    return "—" if day is None else f"{day['gregorian']} ({day['ethiopian']})"


def _at(text: str) -> str:
    return instant(datetime.fromisoformat(text))
