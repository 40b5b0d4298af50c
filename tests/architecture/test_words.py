"""What is written: members explained, work finished, reasons given, no place named."""

import ast
import io
import re
import tokenize
from itertools import pairwise

import pytest

from tests.architecture.sources import (
    PACKAGES,
    ROOT,
    Source,
    at,
    offences,
    python_files,
    source_of,
    text_files,
)

_ENUMS = {"Enum", "StrEnum", "IntEnum", "Flag", "IntFlag"}
_UNFINISHED = re.compile(r"#.*\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
_PLACE = re.compile(r"(?<![\w.])/(work|root|home/\w+|Users/\w+|mnt)(/|\b)(?!\w)")
_HOST = re.compile(r"://|--(extra-)?index-url|--find-links|--trusted-host")
_SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma|pyright)")
_REASONED = re.compile(
    r"# noqa: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)* - \S.*"
    r"|# type: ignore\[[a-z, -]+\]  # \S.*"
)
_EVERYTHING = python_files(*PACKAGES, "tests")


def unexplained_members(source: Source) -> list[str]:
    """Members of enumerations that no docstring follows."""
    if not any(name in source.text for name in _ENUMS):
        return []
    return [
        at(source, member, f"{enum.name}.{member.targets[0].id}: say what it means")
        for enum in ast.walk(source.tree)
        if isinstance(enum, ast.ClassDef)
        and {ast.unparse(base).rpartition(".")[2] for base in enum.bases} & _ENUMS
        for member, follower in pairwise([*enum.body, None])
        if isinstance(member, ast.Assign)
        and isinstance(member.targets[0], ast.Name)
        and not member.targets[0].id.startswith("_")
        and not _is_docstring(follower)
    ]


def _is_docstring(node: ast.stmt | None) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return bool(text.strip())
        case _:
            return False


def bare_suppressions(source: Source) -> list[str]:
    """Comments that switch a check off without saying which, or why."""
    if not _SUPPRESSION.search(source.text):
        return []
    return [
        f"{source.path}:{token.start[0]}: name the rule and the reason: {token.string}"
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline)
        if token.type == tokenize.COMMENT
        and (found := _SUPPRESSION.search(token.string))
        and not _REASONED.fullmatch(token.string[found.start() :])
    ]


def findings(path: str, text: str, pattern: re.Pattern[str]) -> list[str]:
    """Lines in which the pattern is found."""
    return [
        f"{path}:{number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_members_are_explained() -> None:
    assert offences(paths=python_files(*PACKAGES), rule=unexplained_members) == []


def test_what_is_switched_off_has_a_reason() -> None:
    assert offences(paths=_EVERYTHING, rule=bare_suppressions) == []


def test_work_is_finished() -> None:
    def unfinished(source: Source) -> list[str]:
        return findings(source.path, source.text, _UNFINISHED)

    assert offences(paths=_EVERYTHING, rule=unfinished) == []


def test_no_place_on_a_machine_is_named() -> None:
    paths = text_files()
    assert paths
    assert [
        found
        for path in paths
        for found in findings(path, (ROOT / path).read_text(encoding="utf-8"), _PLACE)
    ] == []


def test_locked_dependencies_name_hashes_and_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert findings("requirements.lock", lock, _HOST) == []
    pinned = [line for line in lock.splitlines() if "==" in line]
    assert pinned
    assert lock.count("--hash=sha256:") >= len(pinned)


@pytest.mark.parametrize("path", ["pyproject.toml", "Makefile", ".ci/run", "docker-compose.yml"])
def test_no_index_is_named(path: str) -> None:
    index = re.compile(r"index-url|find-links|trusted-host|/simple\b")
    file = ROOT / path
    assert not file.exists() or findings(path, file.read_text(encoding="utf-8"), index) == []


def test_the_rules_see_what_they_should() -> None:
    member = 'class State(StrEnum):\n    """Doc."""\n    OPEN = "open"\n'
    assert len(unexplained_members(source_of(member))) == 1
    assert unexplained_members(source_of(member + '    """Open."""\n')) == []
    assert len(unexplained_members(source_of(member + '    """ """\n'))) == 1

    for text, count in (
        ("x = 1  # no" + "qa", 1),
        ("x = 1  # no" + "qa: S101", 1),
        ("x = 1  # no" + "qa: S101, S102 - both are meant", 0),
        ("x = 1  # type: ig" + "nore", 1),
        ("x = 1  # type: ig" + "nore[misc]", 1),
        ("x = 1  # type: ig" + "nore[misc]  # the stub is wrong", 0),
        ("x = 1  # pra" + "gma: no cover", 1),
        ("x = '# no" + "qa'", 0),
    ):
        assert len(bare_suppressions(source_of(text))) == count, text

    assert findings("f", "x = 1  # TO" + "DO later", _UNFINISHED)
    assert not findings("f", "todos = 1", _UNFINISHED)
    for place in ("/wo" + "rk/main", "'/ro" + "ot/x'", "/ho" + "me/abebe/x"):
        assert findings("f", place, _PLACE)
    for other in ("/v1/work", "GET /workers/x", "network/root.py", "/rootless"):
        assert not findings("f", other, _PLACE)
    assert findings("f", "--index-" + "url x", _HOST)
