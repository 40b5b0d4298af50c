"""Types of events: a name, a version, the fields of the data, and how old data are read.

A store writes the newest version of a type only. What it wrote before stays as it was written,
for hashes are over it; whoever reads an event to use it reads it through
:meth:`EventTypes.as_known`, so that no reader knows more than one version.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

from meqenet.errors import Defect
from meqenet.event_chain import EventContent

Upcaster = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Makes the data of the next version out of the data of a version."""


class EventData:
    """Base of the data of an event: a dataclass whose fields are what the event tells.

    Attributes:
        event_type: the type's name within its domain: what happened, in the past tense.
        version: the version of its fields.
    """

    event_type: ClassVar[str]
    version: ClassVar[int] = 1


@dataclass(frozen=True, kw_only=True)
class EventType:
    """One version of one type of event.

    Attributes:
        shapes: the dataclasses that its data may be; one, unless the type tells of several things.
        beside: a dataclass whose fields stand beside those of the shape.
    """

    name: str
    version: int
    shapes: tuple[type, ...]
    beside: type | None = None


@dataclass(frozen=True, kw_only=True)
class EventTypes:
    """All types of events of a domain.

    Attributes:
        types: every version that was ever written.
        upcasters: by type and version, how its data become those of the next version.

    Raises:
        ValueError: a version is missing between 1 and the newest, or cannot be read.
    """

    domain: str
    types: tuple[EventType, ...]
    upcasters: Mapping[tuple[str, int], Upcaster] = field(default_factory=dict)
    _newest: Mapping[str, int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        versions: dict[str, list[int]] = {}
        for each in self.types:
            versions.setdefault(each.name, []).append(each.version)
        newest = {name: max(known) for name, known in versions.items()}
        for name, known in versions.items():
            if sorted(known) != list(range(1, newest[name] + 1)):
                raise ValueError(f"{self.domain}.{name}: versions 1 to {newest[name]}, each once")
        old = {(name, version) for name in newest for version in range(1, newest[name])}
        if old != set(self.upcasters):
            raise ValueError(f"{self.domain}: an upcaster for each version but the newest")
        object.__setattr__(self, "_newest", newest)

    def knows(self, *, content: EventContent) -> bool:
        """Whether the event is of a type and a version that can be read here."""
        return _FIRST <= content.version <= self._newest.get(content.event_type, 0)

    def as_known(self, *, content: EventContent) -> EventContent:
        """The event as the newest version known here would tell it, for use and never for a hash.

        Raises:
            Defect: ``event_version_unknown``: this code is too old for it.
        """
        if not self.knows(content=content):
            raise Defect(
                "event_version_unknown",
                f"{self.domain}.{content.event_type}: version {content.version} is not known here",
                facts={"event_id": content.event_id},
            )
        newest = self._newest[content.event_type]
        data: Mapping[str, Any] = content.data
        for version in range(content.version, newest):
            data = self.upcasters[content.event_type, version](data)
        return content if data is content.data else replace(content, data=data, version=newest)


def types_of(shapes: Iterable[type[EventData]], /) -> tuple[EventType, ...]:
    """Event types of classes that say their name and version themselves, in the order given."""
    found: dict[tuple[str, int], list[type]] = {}
    for shape in shapes:
        found.setdefault((shape.event_type, shape.version), []).append(shape)
    return tuple(
        EventType(name=name, version=version, shapes=tuple(of_it))
        for (name, version), of_it in found.items()
    )


_FIRST: Final = 1
