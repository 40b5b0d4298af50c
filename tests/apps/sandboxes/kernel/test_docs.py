"""The documents say what the code does."""

import inspect
import re
from enum import StrEnum
from pathlib import Path

import pytest
from fastapi import FastAPI

from apps.sandboxes.bank import app as bank
from apps.sandboxes.bank.outcomes import BankOutcome
from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.faults import FaultKind
from apps.sandboxes.kernel.magic import MagicOutcome

DOCS = Path(__file__).parents[4] / "docs"
COMMON = (DOCS / "sandboxes.md").read_text()
BANK = (DOCS / "sandboxes" / "bank.md").read_text()


def member_docs(enum: type[StrEnum]) -> dict[str, str]:
    """Each member's value and the docstring under it."""
    pattern = r'^    [A-Z0-9_]+ = "([^"]+)"\n    """(.*?)"""'
    found = re.findall(pattern, inspect.getsource(enum), re.MULTILINE | re.DOTALL)
    assert len(found) == len(enum)
    return dict(found)


@pytest.mark.parametrize(("enum", "text"), [(MagicOutcome, COMMON), (BankOutcome, BANK)])
def test_every_well_known_number_is_listed(enum: type[StrEnum], text: str) -> None:
    rows = dict(re.findall(r"^\| (\d\d) \| (.*) \|$", text, re.MULTILINE))
    assert rows == member_docs(enum)


def test_every_fault_is_listed() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", COMMON, re.MULTILINE)
    assert rows == [kind.value for kind in FaultKind]


def control_requests(app: FastAPI) -> set[str]:
    routes = set()
    for path, methods in app.openapi()["paths"].items():
        if path.startswith("/_sandbox"):
            routes |= {f"{method.upper()} {path}" for method in methods}
    return routes


def documented(text: str) -> set[str]:
    return set(re.findall(r"^\| `([A-Z]+ /_sandbox\S*)` \|", text, re.MULTILINE))


def test_every_control_request_is_listed() -> None:
    common = control_requests(Kernel.open(provider="tiny", directory=None).app(title="Tiny"))
    assert documented(COMMON) == common
    own = control_requests(bank.create(directory=None, strict=False).app)
    assert documented(BANK) == own - common


def test_every_page_exists() -> None:
    pages = re.findall(r"\]\((sandboxes/\w+\.md)\)", COMMON)
    assert sorted(pages) == sorted(f"sandboxes/{page.name}" for page in DOCS.glob("sandboxes/*.md"))
