"""Ids of disputes and of their files: each names its parent, as all ids here do."""

import re
from typing import Final

_NUMBER_MAX: Final = 999
_DISPUTE: Final = re.compile(r"(?P<plan>.+)-d(?P<number>[1-9][0-9]{0,2})", re.ASCII)
_FILE: Final = re.compile(r"(?P<dispute>.+-d[1-9][0-9]{0,2})-e[1-9][0-9]{0,2}", re.ASCII)


def dispute_id(*, plan_id: str, number: int) -> str:
    """``pln_…-d1``: the first dispute of a plan.

    Raises:
        ValueError: disputes are numbered 1 to 999.
    """
    return f"{plan_id}-d{_checked(number)}"


def evidence_id(*, dispute_id: str, number: int) -> str:
    """``pln_…-d1-e2``: the second file of a dispute, whichever side's.

    Raises:
        ValueError: files are numbered 1 to 999.
    """
    return f"{dispute_id}-e{_checked(number)}"


def plan_and_number_of(*, dispute_id: str) -> tuple[str, int]:
    """The plan whose dispute it is, and which of them.

    Raises:
        ValueError: the text is no dispute id.
    """
    found = _DISPUTE.fullmatch(dispute_id)
    if found is None:
        raise ValueError("dispute id: not of the form pln_…-d1")
    return found["plan"], int(found["number"])


def is_dispute_id(*, text: str) -> bool:
    """Whether it is the id of a dispute, and of nothing else."""
    return _DISPUTE.fullmatch(text) is not None


def dispute_of(*, evidence_id: str) -> str:
    """The dispute whose file it is.

    Raises:
        ValueError: the text is no evidence id.
    """
    found = _FILE.fullmatch(evidence_id)
    if found is None:
        raise ValueError("evidence id: not of the form pln_…-d1-e1")
    return found["dispute"]


def evidence_number_of(*, evidence_id: str) -> int:
    """Which file of its dispute it is.

    Raises:
        ValueError: the text is no evidence id.
    """
    return int(evidence_id.removeprefix(f"{dispute_of(evidence_id=evidence_id)}-e"))


def _checked(number: int) -> int:
    if not 1 <= number <= _NUMBER_MAX:
        raise ValueError(f"number: from 1 to {_NUMBER_MAX}")
    return number
