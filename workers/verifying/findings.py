"""What a verification says: of every check how much holds, and the first record that does not."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from db.kernel.engine import Database
from workers.settings import Domain


@dataclass(frozen=True, kw_only=True)
class BadRecord:
    """A record that does not hold.

    Attributes:
        domain: in whose store, or at which provider.
        stream: whose it is: a plan, a customer, an account; ``anchors`` for an anchor.
        sequence: the number of the event, anchor or statement row; None of a row without one.
        what: what is wrong.
    """

    domain: str
    stream: str
    sequence: int | None
    what: str

    def __str__(self) -> str:
        place = "" if self.sequence is None else f", {self.sequence}"
        return f"{self.domain}, {self.stream}{place}: {self.what}"


class Unreadable(Exception):
    """A row holds what nobody can have written: ``domain`` says in whose store."""

    def __init__(self, *, domain: str, what: str) -> None:
        super().__init__(what)
        self.domain = domain
        self.what = what


@contextmanager
def reading(*, domain: str) -> Iterator[None]:
    """Rows are read inside, and nothing else is done.

    Raises:
        Unreadable: a value is none that its column can hold.
    """
    try:
        yield
    except (LookupError, ValueError, TypeError) as error:
        what = f"a row cannot be read: {type(error).__name__}"
        raise Unreadable(domain=domain, what=what) from error


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A check that was made. ``count`` things hold, and ``bad`` is the first that does not."""

    what: str
    count: int
    unit: str
    bad: BadRecord | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What is verified.

    Attributes:
        stores: the stores by domain; a check that needs another one is not made.
        plan_id: only what concerns this plan.
        since: only what has been recorded since.
    """

    stores: Mapping[Domain, Database] = field(repr=False)
    plan_id: str | None = None
    since: datetime | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self.plan_id is None and self.since is None


class Watch(Protocol):
    """Is told how far the verification has come."""

    def begin(self, *, what: str, total: int | None) -> None:
        """A check begins; ``total`` things are before it, where that is known."""
        ...

    def advance(self, count: int) -> None:
        """So many more hold."""
        ...


@dataclass
class Count:
    """Counts what a check has seen, and passes it on."""

    watch: Watch
    seen: int = 0

    def __call__(self, count: int) -> None:
        """So many more."""
        self.seen += count
        self.watch.advance(count)
