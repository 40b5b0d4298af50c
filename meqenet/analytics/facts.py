"""Events as the read models take them in: who told it, what it is called, and its fields.

A model says which facts it is fed by, under names such as ``bnpl.plan_opened``; of every other
one nothing is kept. Each column of a model is fed by one domain alone, so that it does not matter
in which order the domains are heard.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar

from meqenet.errors import Defect
from meqenet.event_chain import EventContent
from meqenet.money import Currency, Money

NOTHING: Final = Money(0)
"""What stands in a line before anything has been told."""
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """An event of one of the domains. ``source`` is the domain."""

    source: str
    content: EventContent

    @property
    def name(self) -> str:
        """The domain and the event's type: ``bnpl.plan_opened``."""
        return f"{self.source}.{self.content.event_type}"

    @property
    def at(self) -> datetime:
        """When it was true."""
        return self.content.effective_at

    def text(self, field: str) -> str:
        """A field that is text. Raises: ``event_malformed``, as all of these."""
        value = self.content.data.get(field)
        if not isinstance(value, str):
            raise self.malformed(field)
        return value

    def text_or_none(self, field: str) -> str | None:
        """A field that is text, null or missing."""
        return None if self.content.data.get(field) is None else self.text(field)

    def integer(self, field: str) -> int:
        """A field that is a whole number."""
        value = self.content.data.get(field)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.malformed(field)
        return value

    def integers(self, field: str) -> tuple[int, ...]:
        """A field that is a list of whole numbers."""
        value = self.content.data.get(field)
        if not isinstance(value, list) or not all(type(each) is int for each in value):
            raise self.malformed(field)
        return tuple(value)

    def boolean(self, field: str) -> bool:
        """A field that is true or false."""
        value = self.content.data.get(field)
        if not isinstance(value, bool):
            raise self.malformed(field)
        return value

    def money(self, field: str) -> Money:
        """A field that is an amount."""
        return self._read(field, _money)

    def money_or_none(self, field: str) -> Money | None:
        """A field that is an amount, null or missing."""
        return None if self.content.data.get(field) is None else self.money(field)

    def day(self, field: str) -> date:
        """A field that is a date."""
        return self._read(field, date.fromisoformat)

    def instant(self, field: str) -> datetime:
        """A field that is an instant."""
        return self._read(field, _instant)

    def instant_or_none(self, field: str) -> datetime | None:
        """A field that is an instant, null or missing."""
        return None if self.content.data.get(field) is None else self.instant(field)

    def parts(self, field: str) -> tuple["Fact", ...]:
        """A field that is a list of objects, each to be read like the event itself."""
        value = self.content.data.get(field)
        if not isinstance(value, list) or not all(isinstance(part, Mapping) for part in value):
            raise self.malformed(field)
        return tuple(self._part(part) for part in value)

    def part(self, field: str) -> "Fact":
        """A field that is an object, to be read like the event itself."""
        value = self.content.data.get(field)
        if not isinstance(value, Mapping):
            raise self.malformed(field)
        return self._part(value)

    def malformed(self, field: str) -> Defect:
        """The event does not hold what its type promises; no value is in the text."""
        return Defect(
            "event_malformed",
            f"{self.name}: {field} is not what it must be",
            facts={"event_id": self.content.event_id, "field": field},
        )

    def _part(self, data: Mapping[str, Any]) -> "Fact":
        whole = self.content
        content = EventContent(
            event_id=whole.event_id,
            stream=whole.stream,
            sequence=whole.sequence,
            event_type=whole.event_type,
            version=whole.version,
            data=data,
            effective_at=whole.effective_at,
        )
        return Fact(source=self.source, content=content)

    def _read(self, field: str, form: Callable[[Any], T]) -> T:
        try:
            return form(self.content.data.get(field))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise self.malformed(field) from None


def require_version(*, fact: Fact, known: int = 1) -> None:
    """Take in no shape of an event that this code does not know.

    Raises:
        Defect: ``event_version_unknown``.
    """
    if fact.content.version != known:
        raise Defect(
            "event_version_unknown",
            f"{fact.name}: version {fact.content.version} is not known here",
            facts={"event_id": fact.content.event_id},
        )


def _money(value: Any) -> Money:  # noqa: ANN401 - whatever JSON holds
    return Money(value["santim"], Currency(value["currency"]))


def _instant(value: Any) -> datetime:  # noqa: ANN401 - whatever JSON holds
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return at
