"""What may be evidence: files of few types, told by their content and never by their name."""

import re
from enum import StrEnum
from typing import Final

from meqenet.errors import Mender, Refusal

FILE_BYTES_MAX: Final = 5 * 1024 * 1024
"""Bytes of a file: a photograph of a phone, or a scanned page or two."""
FILES_MAX: Final = 20
"""Files of each side of a dispute."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Characters that no text has: tabulators and line ends are not among them."""


class Side(StrEnum):
    """Whose evidence it is."""

    CUSTOMER = "customer"
    """The customer's, or what staff have found for them."""
    MERCHANT = "merchant"
    """The merchant's."""


class ContentType(StrEnum):
    """What a file is."""

    PDF = "application/pdf"
    """A document."""
    JPEG = "image/jpeg"
    """A photograph."""
    PNG = "image/png"
    """A picture of a screen."""
    TEXT = "text/plain"
    """Words, in UTF-8."""


_BEGINNINGS: Final = {
    ContentType.PDF: b"%PDF-",
    ContentType.JPEG: b"\xff\xd8\xff",
    ContentType.PNG: b"\x89PNG\r\n\x1a\n",
}


def content_type_of(*, content: bytes) -> ContentType:
    """What a file is by its first bytes, or by all of them where it is text.

    Raises:
        Refusal: ``evidence_empty``; ``evidence_too_large``; ``evidence_type_unknown``.
    """
    if not content:
        raise _refused("empty", "has nothing in it")
    if len(content) > FILE_BYTES_MAX:
        raise _refused("too_large", f"at most {FILE_BYTES_MAX // 1024 // 1024} MiB")
    for found, beginning in _BEGINNINGS.items():
        if content.startswith(beginning):
            return found
    if _is_text(content):
        return ContentType.TEXT
    raise _refused("type_unknown", "must be a PDF, a JPEG, a PNG or plain text in UTF-8")


def _is_text(content: bytes) -> bool:
    try:
        return not _CONTROL.search(content.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _refused(what: str, rule: str) -> Refusal:
    return Refusal(f"evidence_{what}", f"file: {rule}", mender=Mender.CUSTOMER, field="file")
