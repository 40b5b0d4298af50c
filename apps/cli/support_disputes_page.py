"""Disputes as a support agent reads them on a terminal."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from apps.writing import instant, table


def dispute_page(*, found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """One dispute: where it stands, what has brought it there, and which files there are."""
    yield Text(f"\n{found['id']}: {_standing(found)}", style="bold")
    yield Text(
        f"{_words(found['kind'])}: {found['amount']} birr of {found['plan']}, opened by "
        f"{found['opened_by']}, {_at(found['opened_at'])} UTC"
    )
    yield Text(_waiting(found))
    if found.get("moves"):
        yield _moves(found)
    if found.get("evidence"):
        yield _files(found)
    possible = ", ".join(_words(each) for each in found["possible"])
    yield Text(f"\npossible now: {possible or 'nothing any more'}")


def list_page(*, found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Each that is listed."""
    if not found["disputes"]:
        yield Text("no dispute waits for anybody")
        return
    rows = table("disputes; birr", "dispute", "kind", "amount>", "stands at", "due (UTC)")
    for each in found["disputes"]:
        due = "LATE" if each["late_since"] else _at(each["due_at"])
        rows.add_row(each["id"], _words(each["kind"]), each["amount"], _standing(each), due)
    yield rows


def _standing(found: Mapping[str, Any]) -> str:
    return _words(found["outcome"] or found["stage"])


def _waiting(found: Mapping[str, Any]) -> str:
    if found["late_since"] and not found["outcome"]:
        return f"its review is late since {_at(found['late_since'])} UTC: it has to be decided"
    if found["due_at"]:
        return f"due {_at(found['due_at'])} UTC"
    if found["settled_at"]:
        return f"the plan had followed it {_at(found['settled_at'])} UTC"
    return "the plan follows it"


def _moves(found: Mapping[str, Any]) -> Table:
    rows = table("what was done", "when (UTC)", "what", "by", "why")
    for each in found["moves"]:
        by, why = each["by"] or "its clock", each["why"] or ""
        rows.add_row(_at(each["at"]), _words(each["move"]), by, why)
    return rows


def _files(found: Mapping[str, Any]) -> Table:
    rows = table("evidence", ">file", "of", "what", ">bytes", "SHA-256")
    for each in found["evidence"]:
        rows.add_row(
            str(each["number"]),
            each["side"],
            each["content_type"],
            str(each["size_bytes"]),
            each["sha256"][:12],
        )
    return rows


def _at(text: str | None) -> str:
    return instant(None if text is None else datetime.fromisoformat(text))


def _words(text: str) -> str:
    return text.replace("_", " ")
