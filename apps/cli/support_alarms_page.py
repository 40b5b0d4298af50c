"""Payments of unknown end as a support agent reads them on a terminal."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from apps.writing import instant, table


def alarms_page(*, found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """How many there are, and each with its owner."""
    if not found["alarms"]:
        yield Text("no payment has been of unknown end for too long")
        return
    yield Text(
        f"{found['unowned']} without an owner, {found['owned']} with one; times are UTC",
        style="bold",
    )
    rows = table(
        "outcome unknown: ask the provider",
        *("attempt", "opened", "provider", "state", "birr>", "owner", "since"),
    )
    for each in found["alarms"]:
        owner = each["owner"]
        rows.add_row(
            each["attempt"],
            _at(each["opened_at"]),
            each["provider"],
            each["state"],
            each["amount"],
            "nobody" if owner is None else owner["handle"] or owner["staff"],
            "" if owner is None else _at(owner["since"]),
        )
    yield rows
    if len(found["alarms"]) < found["unowned"] + found["owned"]:
        yield Text("only the first are shown", style="dim")


def _at(text: str) -> str:
    return instant(datetime.fromisoformat(text))
