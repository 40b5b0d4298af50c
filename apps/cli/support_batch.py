"""``meqenet support retry-failed``: all collections that failed for one cause, one after another.

It may be run twice, or stopped and run again: a retry is named after the attempt that failed, so
the API does it once; whatever was tried since is not listed any more; and a plan refuses a second
attempt while one is under way.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from apps.cli.support_calls import Refused, SupportApi

_PAGE: Final = 200
_SECONDS_A_MINUTE: Final = 60


@dataclass(frozen=True, kw_only=True)
class FailedList:
    """What would be retried, and what it adds up to."""

    count: int
    amount: str
    installments: tuple[Mapping[str, Any], ...]


@dataclass(kw_only=True)
class Tally:
    """How the retries went. ``refused``: by the code of the reason."""

    begun: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unsent: int = 0


def read_failed(*, api: SupportApi, query: Mapping[str, str | int]) -> FailedList:
    """Every page of the list.

    Raises:
        Refused: the API answers with a problem.
    """
    rows: list[Mapping[str, Any]] = []
    asked: dict[str, str | int] = {**query, "limit": _PAGE}
    while True:
        page = api.get("/v1/support/failed-installments", query=asked)
        rows += page["installments"]
        if page["next_after"] is None:
            break
        asked["after"] = page["next_after"]
    return FailedList(count=len(rows), amount=page["amount"], installments=tuple(rows))


def retry_all(
    *,
    api: SupportApi,
    failed: FailedList,
    why: str,
    rate_per_minute: int,
    tell: Callable[[Mapping[str, Any], str], None],
) -> Tally:
    """Retry each, no faster than so many a minute; ``tell`` hears of each how it went."""
    tally = Tally()
    for row in _paced(failed.installments, rate_per_minute=rate_per_minute):
        path = f"/v1/support/plans/{row['plan']}/installments/{row['number']}/retry"
        try:
            api.post(path, {"why": why, "in_batch": True}, key=_key(row, why=why))
        except Refused as refused:
            tally.refused[refused.code] += 1
            tell(row, refused.text)
        except httpx.TransportError:
            tally.unsent += 1
            tell(row, "no answer; run the command again, nothing is done twice")
        else:
            tally.begun += 1
            tell(row, "retried")
    return tally


def _key(row: Mapping[str, Any], *, why: str) -> str:
    """One retry of an attempt for one reason: under the same key the API does it once."""
    reason = hashlib.sha256(why.encode()).hexdigest()[:16]
    return f"retry-{row['attempt']}-{reason}"


def _paced(
    rows: tuple[Mapping[str, Any], ...], *, rate_per_minute: int
) -> Iterator[Mapping[str, Any]]:
    next_at = time.monotonic()
    for row in rows:
        time.sleep(max(0.0, next_at - time.monotonic()))
        next_at = time.monotonic() + _SECONDS_A_MINUTE / rate_per_minute
        yield row
