"""The pages of ``docs/events``: a schema of each event, one of the envelope, a list of all."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from meqenet.event_catalogue import CATALOGUE
from meqenet.event_types import EventType, EventTypes
from workers.event_schemas import cloud_event_schema, event_schema, prose, schema_path

_ENVELOPE: Final = "cloud-event.json"
_LIST: Final = "README.md"
_HEAD: Final = """# Events

Written by `meqenet events schemas`; do not edit. Each event that a store can write has a JSON
Schema (2020-12) of its data here, and so has the [envelope](cloud-event.json) in which the relays
publish it to the Redis stream `meqenet.<domain>`: a CloudEvent 1.0.

- Amounts are `{"santim": 125050, "currency": "ETB"}`, rates and percentages are text, instants
  are UTC with microseconds, dates are days of Addis Ababa. No event carries private data.
- Pass over fields and types that you do not know. Within a version a field is only ever added,
  with a default, which is what its absence means. Any other change is a new version of the type.
  Stores write the newest version only, and events stay as they were written.
- Our own readers meet the newest version alone: `meqenet/<domain>/events.py` says how the data of
  an older one become it. An event that is newer than its reader is parked (`meqenet events
  parked`) and taken in by the first reader that knows it.
- An event may come twice, under the same `id`; `sequence` numbers the events of a `subject` from
  1 without a gap.
"""


def pages() -> dict[str, str]:
    """The text of every page by its path below ``docs/events``."""
    schemas: dict[str, dict[str, Any]] = {
        schema_path(domain=domain, event_type=each): event_schema(domain=domain, event_type=each)
        for domain, known in CATALOGUE.items()
        for each in known.types
    }
    schemas[_ENVELOPE] = cloud_event_schema()
    texts = {
        path: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for path, schema in schemas.items()
    }
    return {**texts, _LIST: "\n".join([_HEAD, *_lists()])}


def write(*, directory: Path) -> int:
    """Write every page, and remove those of events that are no more; how many have changed."""
    changed = differences(directory=directory)
    made = pages()
    for path in changed:
        place = directory / path
        if path in made:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(made[path], encoding="utf-8")
        else:
            place.unlink()
    return len(changed)


def differences(*, directory: Path) -> list[str]:
    """The pages that are not what the code says, that are missing, or that should not be there."""
    made = pages()
    found = {
        path.relative_to(directory).as_posix(): path.read_text(encoding="utf-8")
        for path in directory.rglob("*")
        if path.suffix in {".json", ".md"}
    }
    return sorted(path for path in made.keys() | found.keys() if made.get(path) != found.get(path))


def _lists() -> Iterator[str]:
    for domain, known in CATALOGUE.items():
        yield f"## {domain}\n"
        yield "| event | version | what happened |"
        yield "|---|---|---|"
        yield from (_line(known, each) for each in known.types)
        yield ""


def _line(known: EventTypes, each: EventType) -> str:
    path = schema_path(domain=known.domain, event_type=each)
    told = " ".join(prose(shape.__doc__ or "") for shape in each.shapes)
    return f"| [{each.name}]({path}) | {each.version} | {told} |"
