"""What a history makes of the lines of read models, and where a stored line differs from it."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, Final

from db.analytics.models import EXPOSURES, LOANS, MERCHANT_STATEMENT, PLAN_OVERVIEW
from db.analytics.sheets import Sheet
from meqenet.analytics.facts import Fact
from meqenet.errors import Defect
from meqenet.event_catalogue import as_known_or_told
from meqenet.event_chain import EventContent
from meqenet.money import Money
from workers.settings import Domain
from workers.verifying.findings import BadRecord

Log = Iterable[tuple[Domain, EventContent]]
"""Events with the domains that tell them; those of one stream in their order."""
PLAN_SHEETS: Final[Mapping[str, Sheet[Any]]] = MappingProxyType(
    {
        "plan_overview": PLAN_OVERVIEW,
        "merchant_statement": MERCHANT_STATEMENT,
        "portfolio": LOANS,
    }
)
"""The sheets with a line per plan that the plan's own streams feed, by the name of the model."""
PLAN_KEYED: Final[tuple[Sheet[Any], ...]] = (*PLAN_SHEETS.values(), EXPOSURES)
"""Every sheet with a line per plan."""


class Malformed(Exception):
    """An event that cannot be taken in."""

    def __init__(self, *, bad: BadRecord) -> None:
        super().__init__(bad.what)
        self.bad = bad


def told(*, sheet: Sheet[Any], log: Log) -> dict[str, Any]:
    """The lines that these events make, by their keys.

    Raises:
        Malformed: an event does not hold what its type promises.
    """
    lines: dict[str, Any] = {}
    for source, content in log:
        take_in(sheet=sheet, lines=lines, source=source, content=content)
    return lines


def take_in(
    *, sheet: Sheet[Any], lines: dict[str, Any], source: Domain, content: EventContent
) -> None:
    """Change the lines as one more event says.

    Raises:
        Malformed: it does not hold what its type promises.
    """
    try:
        fact = as_fact(source=source, content=content)
        key = sheet.key_of(fact=fact)
        if key is not None:
            before = lines.get(key) or sheet.blank(key=key)
            lines[key] = sheet.fold(before=before, fact=fact)
    except Defect as defect:
        raise Malformed(
            bad=BadRecord(
                domain=source,
                stream=content.stream,
                sequence=content.sequence,
                what=defect.text,
            )
        ) from defect


def as_fact(*, source: Domain, content: EventContent) -> Fact:
    """The event as models take it in: an old version becomes the newest one."""
    return Fact(source=source, content=as_known_or_told(domain=source, content=content))


def difference(*, name: str, stored: object, expected: object) -> str | None:
    """Where a stored line is not what the events make of it; None when it is.

    Amounts are shown, anything else is only named.

    Args:
        name: what the line is of.
        stored: a dataclass, or None when there is no line.
        expected: the same dataclass, or None when there should be none.
    """
    if stored == expected:
        return None
    if stored is None:
        return f"{name} has no line"
    if expected is None:
        return f"{name} has a line, and no event tells of it"
    for each in fields(expected):  # type: ignore[arg-type]  # both are lines
        found, wanted = getattr(stored, each.name), getattr(expected, each.name)
        if found != wanted:
            shown = isinstance(found, Money) and isinstance(wanted, Money)
            told_of = f": {found}, and events make it {wanted}" if shown else ""
            return f"{name}: {each.name} is not what events make it{told_of}"
    return f"{name}: not what events make it"
