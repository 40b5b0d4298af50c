"""Money and rates are whole santim, basis points and decimals. A float may measure time only."""

import ast
import re
from collections.abc import Iterator, Mapping

import pytest

from tests.architecture.sources import PACKAGES, Source, at, offences, python_files, read, source_of

_WITHOUT_MONEY: Mapping[str, str] = {
    "apps/bench/rates.py": "measures; floats are seconds and rates of work",
    "apps/runtime/": "starts and watches processes; floats are the clocks and loads of the machine",
}
"""Places where no amount or rate ever passes, and why."""
_TIME = re.compile(r"(seconds|timeout|interval)(_min|_max)?$", re.IGNORECASE)
_MAYBE = re.compile(r"float|\d\.|\.\d|\d_?[eE]")
"""Without any of these there is no float, and no tree is needed."""
_TIME_CALLS = {"timedelta", "Timeout", "timeout", "wait_for", "sleep"}


def floats(source: Source) -> list[str]:
    """Every float literal, annotation and conversion that does not measure time."""
    if not _MAYBE.search(source.text):
        return []
    in_time = {id(node) for root in _time(source.tree) for node in ast.walk(root)}
    return [
        at(source, node, what) for node, what in _floats(source.tree) if id(node) not in in_time
    ]


def _floats(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float()):
                yield node, "a float literal"
            case ast.Call(func=ast.Name(id="float")):
                yield node, "a conversion to float"
            case ast.AnnAssign() | ast.arg() if node.annotation:
                yield from _named_float(node.annotation)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node.returns:
                yield from _named_float(node.returns)
            case _:
                pass


def _named_float(annotation: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name) and node.id == "float":
            yield node, "a float annotation"


def _time(tree: ast.Module) -> Iterator[ast.AST]:
    """What measures time, by its name: assignments, parameters, keywords, loops, functions."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name))
                | ast.Assign(targets=[ast.Name(id=name)])
                | ast.comprehension(target=ast.Name(id=name))
                | ast.arg(arg=name)
                | ast.keyword(arg=str(name))
            ) if _TIME.search(name):
                yield node
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _TIME_CALLS:
                yield node
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node.returns:
                if _TIME.search(node.name):
                    yield node.returns
            case _:
                pass


def test_no_float() -> None:
    near_money = [
        path for path in python_files(*PACKAGES) if not path.startswith(tuple(_WITHOUT_MONEY))
    ]
    assert offences(paths=near_money, rule=floats) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("rate = 0.15", 1),
        ("rate: float = 1", 1),
        ("def rate() -> float | None: ...", 1),
        ("def price(fee: float) -> int: ...", 1),
        ("fee = float(amount)", 1),
        ("fees: list[float] = [0.5]", 2),
        ("amount * 1e2", 1),
        ("is_float = isinstance(amount, float)", 0),
        ("connect_timeout_seconds: float = 2.5", 0),
        ("POLL_SECONDS = 0.5", 0),
        ("def waited_seconds() -> float: ...", 0),
        ("def waited_seconds(fee: float) -> float: ...", 1),
        ("wait = timedelta(seconds=0.5)", 0),
        ("client = Client(timeout=2.5)", 0),
        ("PAUSE_SECONDS_MIN: Final = 0.05", 0),
        ("pauses = [timedelta(seconds=seconds) for seconds in (0.2, 1)]", 0),
        ("fees = [fee for fee in (0.2, 1)]", 1),
    ],
)
def test_the_rule_sees_what_it_should(text: str, count: int) -> None:
    assert len(floats(source_of(text))) == count


@pytest.mark.parametrize("place", list(_WITHOUT_MONEY))
def test_places_without_money_know_no_money(place: str) -> None:
    sources = [read(path) for path in python_files(*PACKAGES) if path.startswith(place)]
    assert sources
    assert [source.path for source in sources if "meqenet.money" in source.text] == []
