"""How amounts, times and days are written for people, and how anything is written as JSON."""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from typing import Any

from rich import box
from rich.table import Table

from meqenet.calendar import to_ethiopian
from meqenet.money import Money


def birr(amount: Money | None, /) -> str:
    """``1,250.50``; a dash for none."""
    return "—" if amount is None else f"{amount.birr:,.2f}"


def instant(at: datetime | None, /) -> str:
    """``2026-11-23 06:00:00`` in UTC; a dash for none."""
    return "—" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def day(on: date | None, /) -> str:
    """A Gregorian day with its Ethiopian date; a dash for none."""
    return "—" if on is None else f"{on} ({to_ethiopian(on=on)})"


def percent(basis_points: int, /) -> str:
    """``97.25 %``."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d} %"


def table(title: str, /, *columns: str) -> Table:
    """An empty table. ``>`` behind a column's name: amounts and numbers, set to the right.

    Where there is too little room texts are folded, and no number ever loses a digit.
    """
    made = Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=box.HORIZONTALS,
        pad_edge=False,
    )
    for name in columns:
        right = name.endswith(">")
        made.add_column(
            name.removesuffix(">"),
            justify="right" if right else "left",
            no_wrap=right,
            overflow="fold",
        )
    return made


def as_json(value: object, /) -> str:
    """JSON: amounts as decimal strings in birr, times in UTC, hashes in hexadecimal."""
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=2)


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    match value:
        case Money():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case _ if is_dataclass(value):
            return {each.name: getattr(value, each.name) for each in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__}: has no form in JSON")
