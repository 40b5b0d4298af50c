"""Functions fit on a screen, modules in a head, and a module's name tells a deed."""

import ast
from pathlib import PurePath

from tests.architecture.sources import PACKAGES, Source, at, offences, python_files, read, source_of

_FUNCTION_LINES_MAX = 70
_MODULE_LINES_MAX = 400
_NAMELESS = {"service", "util", "helper", "common", "manager", "misc", "stuff"}
_EVERYTHING = python_files(*PACKAGES, "tests")


def long_functions(source: Source) -> list[str]:
    """Functions of more lines than fit on a screen, decorators not counted."""
    return [
        at(source, node, f"{node.name}: {lines} lines, at most {_FUNCTION_LINES_MAX}")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > _FUNCTION_LINES_MAX
    ]


def is_nameless(path: str) -> bool:
    """Whether some part of the path says nothing about what is done there."""
    parts = PurePath(path).with_suffix("").parts
    return any(word.removesuffix("s") in _NAMELESS for part in parts for word in part.split("_"))


def test_functions_fit_on_a_screen() -> None:
    assert offences(paths=_EVERYTHING, rule=long_functions) == []


def test_modules_fit_in_a_head() -> None:
    lengths = {path: len(read(path).text.splitlines()) for path in _EVERYTHING}
    assert {path: lines for path, lines in lengths.items() if lines > _MODULE_LINES_MAX} == {}


def test_modules_are_named_after_a_deed() -> None:
    assert [path for path in _EVERYTHING if is_nameless(path)] == []


def test_the_rules_see_what_they_should() -> None:
    body = "    pass\n" * (_FUNCTION_LINES_MAX - 1)
    assert long_functions(source_of(f"def just_fits():\n{body}")) == []
    assert long_functions(source_of(f"@decorated\nasync def is_long():\n{body}    pass\n")) == [
        "meqenet/example.py:2: is_long: 71 lines, at most 70"
    ]
    assert [
        is_nameless(path)
        for path in ("meqenet/bnpl/utils.py", "db/common/x.py", "meqenet/plan_helper.py")
    ] == [True] * 3
    assert not is_nameless("meqenet/bnpl/schedule.py")
