"""What a person asks to have verified."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workers.settings import Domain


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options of a verification.

    Attributes:
        domains: the stores to read.
        plan_id: this plan only; None is all of them.
        since: only what has been recorded since.
        files: statements in files, by provider.
        patience_seconds: how long a difference between stores must last to count as one.
    """

    domains: Sequence[Domain]
    plan_id: str | None
    since: datetime | None
    files: Mapping[str, Path]
    patience_seconds: float
