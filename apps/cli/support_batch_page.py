"""What a batch of retries shows: the list before it, and how far it has come."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from apps.cli.support_batch import FailedList
from apps.writing import table

_SHOWN_MAX: Final = 20
_SECONDS_A_MINUTE: Final = 60


def preview(*, failed: FailedList, rate_per_minute: int) -> Iterator[RenderableType]:
    """How many, how much, which, and how long it will take."""
    if not failed.count:
        yield Text("no collection failed so, or all of them were tried again since")
        return
    found = table("collections to retry", "plan", "#", "birr>", "failed", "code")
    for row in failed.installments[:_SHOWN_MAX]:
        found.add_row(
            row["plan"],
            str(row["number"]),
            row["amount"],
            row["failed_at"],
            row["provider_code"] or "",
        )
    yield found
    if failed.count > _SHOWN_MAX:
        yield Text(f"… and {failed.count - _SHOWN_MAX} more")
    minutes = -(-failed.count // rate_per_minute)
    yield Text(
        f"{failed.count} collections, {failed.amount} birr; at {rate_per_minute} a minute it takes "
        f"up to {minutes} min",
        style="bold",
    )


@contextmanager
def progress(*, count: int) -> Iterator[Callable[[Mapping[str, Any], str], None]]:
    """A bar, and a line for each that was not retried; the function that moves it on."""
    console = Console(stderr=True)
    columns = (TextColumn("retrying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("retrying", total=count)

        def tell(row: Mapping[str, Any], how: str) -> None:
            if how != "retried":
                bar.console.print(f"{row['plan']} {row['number']}: {how}")
            bar.advance(task)

        yield tell
