"""How an error crosses the activity edge: one report, in the details of an ``ApplicationError``."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class ErrorKind(StrEnum):
    """The four kinds of :mod:`meqenet.errors`."""

    REFUSAL = "refusal"
    """A rule said no."""
    UNAVAILABLE = "unavailable"
    """Nothing happened; try again later."""
    UNKNOWN = "unknown"
    """The other side may have acted."""
    DEFECT = "defect"
    """Anything else."""


@dataclass(frozen=True, kw_only=True)
class ErrorReport:
    """What a workflow and its callers are told of an error. Never private data."""

    kind: ErrorKind
    code: str
    text: str
    mender: str | None = None
    field: str | None = None

    def as_details(self) -> dict[str, Any]:
        """A plain mapping, so that any client can read it without our types."""
        return asdict(self)

    @classmethod
    def from_details(cls, details: Sequence[Any]) -> "ErrorReport | None":
        """The report in an ``ApplicationError``'s details, if it carries one."""
        for detail in details:
            if isinstance(detail, dict) and {"kind", "code", "text"} <= detail.keys():
                return cls(**{**detail, "kind": ErrorKind(detail["kind"])})
        return None
