"""The project's own files, read once, as the rules see them."""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("meqenet", "workflows", "activities", "workers", "db", "integrations", "apps")
_TEXT_SUFFIXES = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".sh", ".ini", ".mako", ".sql"}
_TEXT_NAMES = {"Makefile", "run", "Dockerfile", ".gitignore", ".dockerignore"}
_NOT_OURS = {".git", ".venv", ".meqenet", "__pycache__", "node_modules", "dist"}
_CACHES = "_cache"


@dataclass(frozen=True)
class Source:
    """One Python file: its path below the project's root, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree: of many files, the text alone says that a rule is kept."""
        return ast.parse(self.text)

    @property
    def module(self) -> str:
        """The dotted name under which it is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def source_of(text: str, *, path: str = "meqenet/example.py") -> Source:
    """A piece of program, for trying a rule."""
    return Source(path=path, text=text)


@cache
def read(path: str) -> Source:
    """The source at this path below the project's root."""
    return source_of((ROOT / path).read_text(encoding="utf-8"), path=path)


def offences(*, paths: Sequence[str], rule: Callable[[Source], list[str]]) -> list[str]:
    """Every place in these files at which the rule is broken. There must be files."""
    assert paths
    return [offence for path in paths for offence in rule(read(path))]


def python_files(*folders: str) -> list[str]:
    """Paths of the Python files in these folders of the project, in order."""
    return sorted(
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "__pycache__" not in path.parts
    )


def text_files() -> list[str]:
    """Paths of all texts that people write and read."""
    return sorted(path.relative_to(ROOT).as_posix() for path in _walk(ROOT))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in _NOT_OURS and not path.name.endswith(_CACHES):
                yield from _walk(path)
        elif path.suffix in _TEXT_SUFFIXES or path.name in _TEXT_NAMES:
            yield path


def at(source: Source, node: ast.AST, what: str) -> str:
    """A finding, as editors and people find it: ``path:line: what``."""
    return f"{source.path}:{getattr(node, 'lineno', 1)}: {what}"
