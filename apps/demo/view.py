"""The live view: every plan, as it moves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.table import Table

from apps.demo.cast import Part
from meqenet.calendar import addis_date, to_ethiopian

_COLOURS = {
    "completed": "green",
    "active": "cyan",
    "past_due": "red",
    "declined": "yellow",
    "cancelled": "yellow",
    "expired": "yellow",
}


@dataclass
class Scene:
    """A shopper's plan as last read."""

    part: Part
    plan: dict[str, Any] | None = None
    doing: str = ""

    @property
    def state(self) -> str:
        """The plan's state."""
        return str(self.plan["state"]) if self.plan else "…"

    @property
    def ended_as_meant(self) -> bool:
        """Whether the plan is in the state it was cast for, and failed once where it should."""
        rows = (self.plan or {}).get("schedule") or []
        failed = any(row["failed_attempts"] for row in rows)
        return self.state == self.part.ends and failed == (self.part.short_on_day is not None)


def stage_table(*, scenes: Iterable[Scene], now: datetime | None, said: str) -> Table:
    """One row per plan; the caption tells the test clock's time in both calendars."""
    caption = said
    if now is not None:
        on = addis_date(at=now)
        caption = f"clock {on} (Ethiopian {to_ethiopian(on=on)}) · {said}"
    table = Table(caption=caption, caption_justify="left", expand=False)
    for column in ("shopper", "option", "birr", "wallet", "state", "paid"):
        table.add_column(column, justify="right" if column == "birr" else "left", no_wrap=True)
    table.add_column("next", no_wrap=True, ratio=1)
    for scene in scenes:
        part, colour = scene.part, _COLOURS.get(scene.state, "white")
        table.add_row(
            part.shopper,
            part.option,
            part.amount,
            part.provider,
            f"[{colour}]{scene.state}[/{colour}]",
            _paid(scene.plan),
            scene.doing or _next(scene.plan),
        )
    return table


def _paid(plan: dict[str, Any] | None) -> str:
    rows = (plan or {}).get("schedule") or []
    if not rows:
        return ""
    marks = {"paid": "●", "collecting": "◐", "failed": "✗"}
    return "".join(marks.get(row["state"], "○") for row in rows)


def _next(plan: dict[str, Any] | None) -> str:
    step = (plan or {}).get("next_step") or {}
    what, at = step.get("what", ""), step.get("at")
    return f"{what} {at[:10]}" if at and what != "none" else what.replace("none", "")
