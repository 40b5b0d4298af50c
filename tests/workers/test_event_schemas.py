"""What is published of events is what the code says; of what stores write, see the read models."""

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from meqenet.event_catalogue import CATALOGUE
from meqenet.event_types import EventType
from tests.architecture.sources import ROOT, python_files, read
from tests.event_shapes import fault_of
from workers.event_pages import differences, write
from workers.event_schemas import field_docs, schema_path

DOCS = ROOT / "docs" / "events"
TYPES = [(domain, each) for domain, known in CATALOGUE.items() for each in known.types]
MONEY = {"santim": 100, "currency": "ETB"}


def test_the_pages_are_what_the_code_says() -> None:
    assert differences(directory=DOCS) == [], "run: meqenet events schemas"


def test_writing_again_mends_what_was_changed_missing_or_left_over(tmp_path: Path) -> None:
    assert write(directory=tmp_path) == len(TYPES) + 2
    (tmp_path / "credit" / "credit_decided.v1.json").write_text("{}")
    (tmp_path / "auth" / "key_issued.v1.json").unlink()
    (tmp_path / "auth" / "key_stolen.v1.json").write_text("{}")
    assert differences(directory=tmp_path) == [
        "auth/key_issued.v1.json",
        "auth/key_stolen.v1.json",
        "credit/credit_decided.v1.json",
    ]
    assert write(directory=tmp_path) == 3
    assert differences(directory=tmp_path) == []


@pytest.mark.parametrize(("domain", "event_type"), TYPES)
def test_each_event_has_a_valid_schema_that_explains_every_field(
    domain: str, event_type: EventType
) -> None:
    path = DOCS / schema_path(domain=domain, event_type=event_type)
    Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))
    for shape in (*event_type.shapes, *filter(None, [event_type.beside])):
        assert inspect.getdoc(shape)
        undescribed = {each.name for each in fields(shape)} - set(field_docs(shape)) - {"kind"}
        assert undescribed == set(), shape.__name__


def _names_of(path: str) -> Iterator[str]:
    for node in ast.walk(read(path).tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.endswith("events"):
                yield from (name.name for name in names)
            case _:
                pass


def test_every_event_of_the_catalogue_is_written_by_its_domains_store() -> None:
    """By its class, or through the table of classes by state; the plans' come from workflows."""
    for domain, known in CATALOGUE.items():
        if domain == "bnpl":
            continue
        imported = {name for path in python_files(f"db/{domain}") for name in _names_of(path)}
        module = __import__(f"meqenet.{domain}.events", fromlist=["events"])
        constants = [getattr(module, name) for name in imported if name.isupper()]
        tables = [each for each in constants if isinstance(each, Mapping)]
        written = imported | {shape.__name__ for table in tables for shape in table.values()}
        newest = {each.name: each for each in known.types}
        assert {s.__name__ for each in newest.values() for s in each.shapes} <= written


def test_no_store_tells_an_event_by_hand() -> None:
    """``NewEvent.of`` takes a class of the catalogue; plans' events go through one function."""
    by_hand = [
        path
        for path in python_files("db")
        if not path.startswith("db/kernel/")
        for node in ast.walk(read(path).tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "NewEvent"
    ]
    assert by_hand == ["db/bnpl/opening.py"]


@pytest.mark.parametrize(
    "data",
    [
        {"plan_id": "pln_1", "owed": MONEY, "phone": "251911000000"},
        {"plan_id": "pln_1"},
        {"plan_id": "pln_1", "owed": 100},
        {"plan_id": "pln_1", "owed": {"santim": 100}},
        {"plan_id": "pln_1", "owed": {**MONEY, "birr": "1.00"}},
        {"plan_id": "pln_1", "owed": {"santim": "100", "currency": "ETB"}},
    ],
)
def test_what_is_held_to_the_schemas_can_fail(data: dict[str, Any]) -> None:
    event: dict[str, Any] = {"domain": "credit", "event_type": "hold_converted", "version": 1}
    assert fault_of(**event, data={"plan_id": "pln_1", "owed": MONEY}) is None
    assert fault_of(**event, data=data) is not None
    assert fault_of(**{**event, "version": 2}, data={}) == (
        "credit.hold_converted.v2: not in the catalogue"
    )
