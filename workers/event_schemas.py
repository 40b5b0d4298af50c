"""The JSON Schema (2020-12) of each event's data, made from the classes that stores write with.

A field without a default is always there. One with a default was added later: an older event of
the same version goes without it, and means the default. Whoever reads events passes over fields
that it does not know, so the schemas let them be there.
"""

import ast
import inspect
import re
import sys
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import override

from meqenet.event_catalogue import CATALOGUE
from meqenet.event_types import EventType
from meqenet.money import Money

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_INSTANT: Final = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$"
_DECIMAL: Final = r"^-?\d+(\.\d+)?$"
_DISCRIMINATOR: Final = "kind"
_CODE: Final = re.compile(r"``([^`]*)``")
_ROLE: Final = re.compile(r":\w+:`~?([^`]*)`")


class _Spelling(GenerateJsonSchema):
    """Spells values as :func:`meqenet.event_chain.plain` does, and says what each field means."""

    @override
    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        """Always there, unless it was added later. What a thing is, it says itself."""
        is_added = field["schema"]["type"] == "default"
        return not is_added or field.get("name") == _DISCRIMINATOR

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        """A field's name is its title."""
        return False

    @override
    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """A number as text, with all its digits."""
        return {"type": "string", "pattern": _DECIMAL}

    @override
    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        """RFC 3339 in UTC with microseconds."""
        return {"type": "string", "format": "date-time", "pattern": _INSTANT}

    @override
    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """An object, with what its class and its fields say of themselves."""
        written = super().dataclass_schema(schema)
        told = field_docs(schema["cls"])
        for name, described in written.get("properties", {}).items():
            if name in told:
                described["description"] = told[name]
            if name == _DISCRIMINATOR:
                described.pop("default", None)
        if schema["cls"] is Money:
            # Its currency may be left out in programs, never in what is written.
            written["properties"]["currency"].pop("default", None)
            written["required"] = list(written["properties"])
        told_of_all = {
            "title": written.pop("title"),
            "description": prose(schema["cls"].__doc__ or ""),
        }
        return {**told_of_all, "type": written.pop("type"), **written}


def event_schema(*, domain: str, event_type: EventType) -> dict[str, Any]:
    """What the data of one version of one type must be."""
    written = [_object(shape, beside=event_type.beside) for shape in event_type.shapes]
    defs: dict[str, Any] = {}
    for schema in written:
        defs |= schema.pop("$defs", {})
    whole: dict[str, Any] = {"oneOf": written}
    if len(written) == 1:
        (whole,) = written
        del whole["title"]
    title = f"{domain}.{event_type.name}.v{event_type.version}"
    return {
        "$schema": DIALECT,
        "title": title,
        **whole,
        **({"$defs": dict(sorted(defs.items()))} if defs else {}),
    }


def cloud_event_schema() -> dict[str, Any]:
    """What the relays publish: :func:`workers.relay.cloud_event`, with the data of each type."""
    text = {"type": "string", "minLength": 1}
    instant = {"type": "string", "format": "date-time", "pattern": _INSTANT}
    properties = {
        "specversion": {"const": "1.0"},
        "id": {**text, "description": "The event's id. It comes again when the event does."},
        "source": {
            "enum": [f"/meqenet/{domain}" for domain in CATALOGUE],
            "description": "The domain that tells.",
        },
        "type": {
            "type": "string",
            "pattern": r"^meqenet\.[a-z]+\.[a-z_]+\.v[1-9]\d*$",
            "description": "What happened: meqenet.<domain>.<type>.v<version>.",
        },
        "subject": {**text, "description": "The stream: the plan's, customer's or merchant's id."},
        "time": {**instant, "description": "When it was true."},
        "recordedtime": {**instant, "description": "When the store took it down."},
        "sequence": {
            "type": "string",
            "pattern": r"^[1-9]\d*$",
            "description": "The event's number in its stream, from 1, without a gap.",
        },
        "hash": {
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "SHA-256 over the event's content and the hash before it.",
        },
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object"},
    }
    return {
        "$schema": DIALECT,
        "title": "CloudEvent",
        "description": "An event as it stands in the Redis stream meqenet.<domain>, field event: "
        "CloudEvents 1.0 in JSON. sequence, recordedtime and hash are extensions.",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "allOf": [
            {
                "if": {"properties": {"type": {"const": type_name}}},
                "then": {"properties": {"data": {"$ref": path}}},
            }
            for type_name, path in _types()
        ],
    }


def schema_path(*, domain: str, event_type: EventType) -> str:
    """Where a schema stands below ``docs/events``."""
    return f"{domain}/{event_type.name}.v{event_type.version}.json"


def field_docs(shape: type, /) -> dict[str, str]:
    """The docstrings below a class's fields, its bases' included."""
    found: dict[str, str] = {}
    for each in reversed(shape.__mro__):
        if is_dataclass(each):
            found |= _own_docs(each)
    return {each.name: found[each.name] for each in fields(shape) if each.name in found}


@cache
def _classes(module: str) -> dict[str, ast.ClassDef]:
    """The classes of a module, which is parsed once for all of them."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}


def _own_docs(shape: type) -> dict[str, str]:
    tree = _classes(shape.__module__)[shape.__name__]
    found = {}
    for field, follower in zip(tree.body, tree.body[1:], strict=False):
        match field, follower:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = prose(text)
            case _:
                pass
    return found


def prose(text: str, /) -> str:
    """A docstring without its layout and its marks: one paragraph, attributes left out."""
    told = inspect.cleandoc(text).partition("\n\nAttributes:")[0]
    return " ".join(_CODE.sub(r"`\1`", _ROLE.sub(r"\1", told)).split())


def _object(shape: type, *, beside: type | None) -> dict[str, Any]:
    schema = _schema(shape)
    if beside is not None:
        other = _schema(beside)
        schema["properties"] = other["properties"] | schema["properties"]
        schema["required"] = other["required"] + schema["required"]
        defs = other.get("$defs", {}) | schema.get("$defs", {})
        schema |= {"$defs": defs} if defs else {}
    return schema


def _schema(shape: type) -> dict[str, Any]:
    return TypeAdapter(shape).json_schema(mode="serialization", schema_generator=_Spelling)


def _types() -> list[tuple[str, str]]:
    """Each type as CloudEvents call it, and where its schema stands."""
    return [
        (
            f"meqenet.{domain}.{each.name}.v{each.version}",
            schema_path(domain=domain, event_type=each),
        )
        for domain, known in CATALOGUE.items()
        for each in known.types
    ]
