"""Read a JSON document field by field; whatever is wrong is refused by its name and its rule."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from meqenet.errors import Mender, Refusal
from meqenet.money import Money

_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_BIRR = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,2})?")
_PLAIN_INTEGER = re.compile(r"-?[0-9]{1,9}")
_TAG = TypeVar("_TAG", bound=StrEnum)


class DocumentReader:
    """One JSON object, parsed with ``parse_float=Decimal``.

    Each method reads one field; a field that is absent counts as null. At the end :meth:`finish`
    refuses what nobody has read, so a misspelt name is never ignored.

    Args:
        document: the parsed object.
        path: where it stands in a larger document, as a prefix of its names.
        mender: who wrote the document, and can mend it.

    Raises:
        Refusal: by every method, ``document_invalid``, naming the field and the rule.
    """

    def __init__(
        self, document: object, *, path: str = "", mender: Mender = Mender.MERCHANT
    ) -> None:
        self._path = path
        self._mender = mender
        if not isinstance(document, Mapping):
            raise Refusal(
                "document_invalid",
                f"{path.rstrip('.') or 'document'}: must be a JSON object",
                mender=mender,
                field=path.rstrip(".") or None,
            )
        self._document = document
        self._read: set[str] = set()

    def names(self) -> tuple[str, ...]:
        """The names of the fields that are there."""
        return tuple(str(name) for name in self._document)

    def is_null(self, name: str) -> bool:
        """Whether the field is null or absent; it may be."""
        self._read.add(name)
        return self._document.get(name) is None

    def text(self, name: str) -> str:
        """A text that is not empty."""
        value = self._value(name)
        if not isinstance(value, str) or not value.strip():
            raise self.refusal(name, "must be a text")
        return value

    def integer(self, name: str) -> int:
        """A whole number, or its decimal string."""
        value = self._value(name)
        if isinstance(value, str) and _PLAIN_INTEGER.fullmatch(value):
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refusal(name, "must be a whole number")
        return value

    def truth(self, name: str) -> bool:
        """True or false."""
        value = self._value(name)
        if not isinstance(value, bool):
            raise self.refusal(name, "must be true or false")
        return value

    def decimal(self, name: str) -> Decimal:
        """A decimal string, or a number written without exponent."""
        value = self._value(name)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise self.refusal(name, "must be a decimal number, best as a string")
        if not _PLAIN_NUMBER.fullmatch(str(value)):
            raise self.refusal(name, "must be a plain decimal number, like 12.5")
        return Decimal(value)

    def money(self, name: str) -> Money:
        """Birr, as a decimal string with at most two decimals."""
        value = self.decimal(name)
        if not _BIRR.fullmatch(str(value)):
            raise self.refusal(name, "must be birr with at most two decimals, like 1250.50")
        return Money.from_birr(value)

    def day(self, name: str) -> date:
        """A Gregorian date, ``2026-11-22``."""
        value = self.text(name)
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        if day is None or day.isoformat() != value:
            raise self.refusal(name, "must be a date that exists, like 2026-11-22")
        return day

    def member(self, name: str, kind: type[_TAG]) -> _TAG:
        """One of the values of an enumeration."""
        value = self._value(name)
        for member in kind:
            if member == value:
                return member
        raise self.refusal(name, f"must be one of {', '.join(kind)}")

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        items = {f"{name}[{index}]": item for index, item in enumerate(self._list(name))}
        inner = DocumentReader(items, path=self._path, mender=self._mender)
        return tuple(inner.integer(item) for item in items)

    def integers_by_text(self, name: str) -> dict[str, int]:
        """An object whose values are whole numbers."""
        inner = self._child(f"{name}.", self._value(name))
        return {key: inner.integer(key) for key in inner.names()}

    def members(self, name: str, kind: type[_TAG]) -> tuple[_TAG, ...]:
        """A list of values of an enumeration."""
        items = {f"{name}[{index}]": item for index, item in enumerate(self._list(name))}
        inner = DocumentReader(items, path=self._path, mender=self._mender)
        return tuple(inner.member(item, kind) for item in items)

    def part(self, name: str) -> "DocumentReader":
        """An object, to be read in turn, to its own end."""
        return self._child(f"{name}.", self._value(name))

    def objects(self, name: str) -> "list[DocumentReader]":
        """A list of objects, each to be read in turn."""
        items = enumerate(self._list(name))
        return [self._child(f"{name}[{index}].", item) for index, item in items]

    def finish(self) -> None:
        """Refuse fields that were never read."""
        for name in self.names():
            if name not in self._read:
                raise self.refusal(name, "no such field")

    def refusal(self, name: str, rule: str) -> Refusal:
        """The refusal of a field of this object; for rules beyond a field's own form."""
        field = f"{self._path}{name}"
        return Refusal("document_invalid", f"{field}: {rule}", mender=self._mender, field=field)

    def _value(self, name: str) -> object:
        if self.is_null(name):
            raise self.refusal(name, "required")
        return self._document[name]

    def _child(self, path: str, document: object) -> "DocumentReader":
        return DocumentReader(document, path=f"{self._path}{path}", mender=self._mender)

    def _list(self, name: str) -> Sequence[object]:
        value = self._value(name)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self.refusal(name, "must be a list")
        return value
