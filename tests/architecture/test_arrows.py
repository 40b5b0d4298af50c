"""Arrows only point down: import-linter's contracts, and each store private to its domain."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, Source, at, offences, python_files, read, source_of

_ACTIVITIES = [
    path for path in python_files("activities") if not path.startswith("activities/contracts/")
]
_PART_OF = {
    "complaints": "disputes",
    "captured": "settlement",
    "captures": "settlement",
    "cash_back": "payments",
    "late_money": "payments",
    "merchant_books": "ledger",
    "merchant_settlement": "settlement",
    "notices": "marketplace",
    "payment_replays": "payments",
    "reconciliation": "payments",
    "reminders": "payments",
}
"""Modules that take steps of a domain of another name."""
_CLOCKS = {
    *(f"datetime.{name}" for name in ("now", "utcnow", "today")),
    "date.today",
    *(f"time.{name}" for name in ("time", "time_ns", "monotonic", "perf_counter")),
}


def test_the_contracts_of_import_linter_are_kept() -> None:
    # In a process of its own: it configures logging anew, and silences all loggers there are.
    command = Path(sys.executable).with_name("lint-imports")
    linted = subprocess.run(  # noqa: S603 - our own tool
        [command, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, check=False
    )
    assert linted.returncode == 0, linted.stdout.decode()


def imports(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Every module that the source imports, with the names taken from it."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=names):
                yield from ((node, name.name) for name in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from ((node, f"{module}.{name.name}") for name in names)
            case _:
                pass


def foreign_to_the_core(source: Source) -> list[str]:
    """Imports of the core from beyond the standard library and itself."""
    at_home = sys.stdlib_module_names | {"meqenet"}
    return [
        at(source, node, f"{name}: the core imports the standard library only")
        for node, name in imports(source)
        if name.partition(".")[0] not in at_home
    ]


def foreign_stores(source: Source, *, domain: str) -> list[str]:
    """Imports of another domain's store."""
    return [
        at(source, node, f"{name}: the store of another domain")
        for node, name in imports(source)
        if name.startswith("db.") and name.split(".")[1] not in {domain, "kernel"}
    ]


def stores_behind_views(source: Source) -> list[str]:
    """Imports of a store other than its views."""
    return [
        at(source, node, f"{name}: a front door reads views only")
        for node, name in imports(source)
        if name.startswith("db.")
        and name.split(".")[1] != "kernel"
        and "views" not in name.split(".")
    ]


def readers_of_a_clock(source: Source) -> list[str]:
    """Calls that ask the machine for the time."""
    return [
        at(source, node, f"{ast.unparse(node.func)}: time is an argument")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and ".".join(ast.unparse(node.func).split(".")[-2:]) in _CLOCKS
    ]


def test_the_core_needs_nothing_but_python() -> None:
    assert offences(paths=python_files("meqenet"), rule=foreign_to_the_core) == []


def test_time_is_an_argument() -> None:
    timeless = python_files("meqenet", "workflows", "activities/contracts")
    assert offences(paths=timeless, rule=readers_of_a_clock) == []


@pytest.mark.parametrize("path", _ACTIVITIES)
def test_activities_touch_the_store_of_their_own_domain_only(path: str) -> None:
    name = path.split("/")[1].removesuffix(".py")
    domain = _PART_OF.get(name, name)
    assert foreign_stores(read(path), domain=domain) == []


@pytest.mark.parametrize("path", _ACTIVITIES)
def test_activities_know_providers_by_their_ports_only(path: str) -> None:
    source = read(path)
    assert [
        at(source, node, name)
        for node, name in imports(source)
        if name.startswith("integrations.") and not name.startswith("integrations.ports")
    ] == []


_FRONT_DOORS = [path for path in python_files("apps") if not path.startswith("apps/bench/")]
"""Benchmarks are no front doors: they measure the stores themselves."""


def test_front_doors_read_views_and_no_tables() -> None:
    assert offences(paths=_FRONT_DOORS, rule=stores_behind_views) == []


def test_the_rules_see_what_they_should() -> None:
    assert len(foreign_to_the_core(source_of("import httpx, json\nfrom db.bnpl import x"))) == 2
    assert foreign_to_the_core(source_of("from meqenet.money import Money\nimport json")) == []
    stores = source_of("from db.bnpl.store import Plans\nfrom db import credit, kernel")
    assert len(foreign_stores(stores, domain="bnpl")) == 1
    assert (
        len(readers_of_a_clock(source_of("datetime.now(UTC)\ndt.date.today()\ntime.time()"))) == 3
    )
    assert readers_of_a_clock(source_of("workflow.now()\nself.clock.now()")) == []
    assert len(stores_behind_views(source_of("from db.bnpl.tables import plans"))) == 1
    assert stores_behind_views(source_of("from db.bnpl.views import PlanView")) == []
