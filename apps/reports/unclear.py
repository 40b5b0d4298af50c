"""Payments that nobody knows the end of, and callbacks that belong to no order of ours."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from apps.writing import birr, instant, table
from workers.unclear import Unclear

_DIGEST_LETTERS = 12


def unclear_page(*, report: Unclear) -> Iterator[RenderableType]:
    """For a terminal."""
    yield Text(f"Unclear at {instant(report.as_of)} UTC")
    if not report.unknown:
        yield Text("Every payment has ended, or has been asked about for less than an alarm's age.")
    else:
        attempts = table(
            "Outcome unknown: ask the provider",
            *("opened", "attempt", "provider", "state", "birr>", "owner"),
        )
        for row in report.unknown:
            attempts.add_row(
                instant(row.opened_at),
                row.attempt_id,
                row.provider,
                row.state,
                birr(row.asked),
                row.owner or "nobody",
            )
        yield attempts
    if not report.unclaimed:
        yield Text("Every callback belongs to an order of ours.")
        return
    callbacks = table(
        "Callbacks for no order of ours", "last", "provider", "kind", "names", "times>", "body"
    )
    for kept in report.unclaimed:
        callbacks.add_row(
            instant(kept.last_at),
            kept.provider,
            kept.kind,
            kept.order_id or "—",
            str(kept.deliveries),
            kept.digest.hex()[:_DIGEST_LETTERS],
        )
    yield callbacks
