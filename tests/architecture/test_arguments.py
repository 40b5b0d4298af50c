"""Public functions are called by the names of their arguments, so none is mistaken for another.

One subject may stand in front without its name, as in ``total(amounts, currency=...)``.
"""

import ast

import pytest

from tests.architecture.sources import Source, at, offences, python_files, source_of

_FOLDERS = ("meqenet", "db", "integrations", "workers")
_OUR_OWN_CALLERS = {"contextmanager", "asynccontextmanager", "cache", "lru_cache"}
"""Decorators that leave the call to us. Others hand the function to a framework, which calls it."""


def positional_arguments(source: Source) -> list[str]:
    """Public functions of a module that take two or more arguments without their names."""
    return [
        at(source, node, f"{node.name}: more than one argument can be given without its name")
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not _is_called_by_a_framework(node)
        and (len(node.args.posonlyargs) + len(node.args.args) > 1 or node.args.vararg)
    ]


def _is_called_by_a_framework(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = {ast.unparse(decorator).partition("(")[0] for decorator in node.decorator_list}
    return bool({name.rpartition(".")[2] for name in names} - _OUR_OWN_CALLERS)


def test_arguments_are_given_by_name() -> None:
    assert offences(paths=python_files(*_FOLDERS), rule=positional_arguments) == []


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("def pay(plan, amount): ...", True),
        ("async def pay(plan, amount): ...", True),
        ("def pay(plan, /, amount): ...", True),
        ("def pay(*plans): ...", True),
        ("@asynccontextmanager\nasync def session(url, role): ...", True),
        ("def pay(*, plan, amount): ...", False),
        ("def pay(plan, *, amount): ...", False),
        ("def _pay(plan, amount): ...", False),
        ("@app.command('pay')\ndef pay(plan, amount): ...", False),
        ("@activity.defn\nasync def pay(plan, amount): ...", False),
        ("class Purse:\n    def pay(self, plan, amount): ...", False),
    ],
)
def test_the_rule_sees_what_it_should(text: str, *, is_found: bool) -> None:
    assert bool(positional_arguments(source_of(text))) is is_found
