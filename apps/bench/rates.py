"""Rates and how they are shown."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How many of something were done in how many seconds; ``baseline`` is what it is held to."""

    what: str
    count: int
    seconds: float
    baseline: "Rate | None" = None

    @property
    def per_second(self) -> float:
        """The rate."""
        return self.count / self.seconds

    @property
    def share(self) -> float | None:
        """Of the baseline's rate; None where there is none."""
        return None if self.baseline is None else self.per_second / self.baseline.per_second


async def timed(
    what: str, *, count: int, work: Callable[[], Awaitable[object]], baseline: Rate | None = None
) -> Rate:
    """Do the work once and say at what rate."""
    started = time.perf_counter()
    await work()
    seconds = time.perf_counter() - started
    return Rate(what=what, count=count, seconds=seconds, baseline=baseline)


def rate_table(*, title: str, rates: list[Rate]) -> Table:
    """One row per rate, with the share of its baseline."""
    table = Table(title=title, title_justify="left")
    table.add_column("what", no_wrap=True)
    for column in ("count", "seconds", "per second", "of baseline"):
        table.add_column(column, justify="right")
    for rate in rates:
        share = "" if rate.share is None else f"{100 * rate.share:.0f} %"
        table.add_row(
            rate.what,
            str(rate.count),
            f"{rate.seconds:.2f}",
            f"{rate.per_second:,.0f}" if rate.per_second >= 10 else f"{rate.per_second:.2f}",  # noqa: PLR2004 - digits
            share,
        )
    return table
