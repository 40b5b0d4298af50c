"""Holds stored events to the schemas that are published of them, strictly: no field beyond."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from sqlalchemy import select

from db.kernel.engine import Database
from db.kernel.tables import events
from meqenet.event_catalogue import CATALOGUE
from workers.event_schemas import event_schema


def fault_of(*, domain: str, event_type: str, version: int, data: Mapping[str, Any]) -> str | None:
    """What is wrong with an event that a store wrote: not in the catalogue, or not its shape."""
    name = f"{domain}.{event_type}.v{version}"
    validator = _validators().get((domain, event_type, version))
    if validator is None:
        return f"{name}: not in the catalogue"
    error = next(validator.iter_errors(data), None)
    return None if error is None else f"{name}: {error.json_path}: {error.message}"


async def faults_in(stores: Mapping[str, Database]) -> list[str]:
    """Every different fault in the events of these stores, by domain."""
    found = set[str]()
    for domain, store in stores.items():
        async with store.read() as session:
            rows = await session.execute(select(events.c.type, events.c.version, events.c.data))
            faults = (
                fault_of(domain=domain, event_type=kind, version=version, data=data)
                for kind, version, data in rows
            )
            found.update(fault for fault in faults if fault is not None)
    return sorted(found)


@cache
def _validators() -> dict[tuple[str, str, int], Draft202012Validator]:
    return {
        (domain, each.name, each.version): Draft202012Validator(
            _closed(event_schema(domain=domain, event_type=each)),
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        for domain, known in CATALOGUE.items()
        for each in known.types
    }


def _closed(schema: Any) -> Any:  # noqa: ANN401 - a schema, or a part of one
    """The same schema, whose objects have no fields but those it names."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed["additionalProperties"] = False
    return closed
