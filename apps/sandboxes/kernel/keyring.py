"""Test credentials that are made at the first start and stay the same afterwards."""

from collections.abc import Callable

from sqlalchemy import insert, select

from apps.sandboxes.kernel import tables
from apps.sandboxes.kernel.book import Book


class Keyring:
    """Named secrets (keys as PEM text, passwords, ids) kept in the sandbox's database."""

    def __init__(self, *, book: Book) -> None:
        self._book = book

    def keep(self, *, name: str, make: Callable[[], str]) -> str:
        """The secret of this name; ``make`` is called when there is none yet."""
        stored = self._read(name=name)
        if stored is not None:
            return stored
        value = make()  # outside the transaction: an RSA key takes its time
        with self._book.transaction() as connection:
            connection.execute(insert(tables.secrets).values(name=name, value=value))
        return value

    def _read(self, *, name: str) -> str | None:
        query = select(tables.secrets.c.value).where(tables.secrets.c.name == name)
        with self._book.transaction() as connection:
            return connection.execute(query).scalar_one_or_none()
