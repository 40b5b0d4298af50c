"""How the gates before the providers stand: who is called, who is left alone, who waits."""

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from apps.writing import table
from integrations.throttling.shared import Standing
from meqenet.payments.circuit_breaker import BreakerState
from meqenet.payments.lanes import HoldReason, Lane

_STATES = {
    BreakerState.CLOSED: "is called",
    BreakerState.OPEN: "down: not called",
    BreakerState.HALF_OPEN: "being probed",
}


def providers_page(*, standings: Iterable[Standing]) -> Iterator[RenderableType]:
    """For a terminal."""
    page = table(
        "Providers",
        *("provider", "state", "went down>", "calls", "made>"),
        *("held: rate>", "held: down>", "told to wait>"),
    )
    for standing in standings:
        for lane in Lane:
            counts = {what: standing.counts.get(f"{lane}:{what}", 0) for what in _COUNTED}
            is_first = lane is Lane.ORDERS
            page.add_row(
                standing.provider if is_first else "",
                _STATES[standing.state] if is_first else "",
                str(standing.counts.get("opened", 0)) if is_first else "",
                lane.value,
                str(counts["admitted"]),
                str(counts[HoldReason.RATE]),
                str(counts[HoldReason.OPEN] + counts[HoldReason.HALF_OPEN]),
                str(counts["waiting"]),
            )
    yield page
    yield Text("Counted since Redis was last empty. What is held back was not sent: it waits.")


_COUNTED = ("admitted", "waiting", *HoldReason)
