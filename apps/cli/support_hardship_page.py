"""What a change for hardship would do, as a support agent reads it on a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from apps.writing import table

_NOTHING = ("", "")


def preview_page(*, found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """The schedule before and after, side by side; what it costs, and who has to approve."""
    on = found["on"]
    rows = table(
        f"as of {on['gregorian']} ({on['ethiopian']})",
        "#",
        "due now",
        "left>",
        "due after",
        "left after>",
    )
    before = {row["number"]: row for row in found["before"]}
    for row in found["after"]:
        was = before.get(row["number"])
        due, left = _NOTHING if was is None else (_day(was["due_on"]), was["left"])
        rows.add_row(str(row["number"]), due, left, _day(row["due_on"]), row["left"])
    yield rows
    yield Text(f"it costs the customer {found['cost']} birr")
    if not found["approvals"]:
        yield Text("nobody has to approve it")
        return
    yield Text("a supervisor has to approve it (--approve):", style="yellow")
    for each in found["approvals"]:
        yield Text(f"  {each['limit'].replace('_', ' ')}: {each['why']}")


def _day(day: Mapping[str, str]) -> str:
    return f"{day['gregorian']} ({day['ethiopian']})"
