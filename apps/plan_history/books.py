"""All that the stores know of one plan, read once from each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.bnpl.views import product_version
from db.kernel.engine import Database
from db.kernel.recorded import RecordedEvent, read_recorded
from db.ledger.views import PlanHold, PostedEntry, entries_of, holds_of
from meqenet.bnpl.options import PaymentOption
from workers.settings import Domain

STORES: Final[tuple[Domain, ...]] = (
    *("bnpl", "payments", "settlement", "disputes", "credit", "ledger"),
)
"""The stores that know something of a plan that may be shown to support and finance."""


@dataclass(frozen=True, kw_only=True)
class PlanBooks:
    """A plan's history in every store.

    Attributes:
        events: of the domains that keep a stream for the plan, in the order of recording.
        credit: of its customer's stream, those that speak of this plan.
        entries: of the ledger, in the order of recording.
        collection_hour: the hour of Addis Ababa at which its product collects.
        opened_at: when it was opened, by its own clock.
    """

    plan_id: str
    events: tuple[RecordedEvent, ...]
    credit: tuple[RecordedEvent, ...]
    entries: tuple[PostedEntry, ...]
    holds: tuple[PlanHold, ...]
    collection_hour: int
    opened_at: datetime


async def read_books(*, stores: Mapping[str, Database], plan_id: str) -> PlanBooks | None:
    """Everything about a plan; None when there is no such plan.

    Args:
        stores: those of ``STORES``. The plan's own is read first: whatever it says has happened,
            the others have in their books by then. One of them that is not given tells nothing.
        plan_id: the plan.

    Raises:
        Unavailable: a store cannot be reached.
    """
    async with stores["bnpl"].read() as session:
        own = await read_recorded(session=session, source="bnpl", stream=plan_id)
        if not own:
            return None
        opened = own[0].content.data
        product = await product_version(
            session=session,
            option=PaymentOption(opened["option"]),
            version=opened["product_version"],
        )
    events = list(own)
    for source in ("payments", "settlement", "disputes"):
        if source not in stores:
            continue
        async with stores[source].read() as session:
            events += await read_recorded(session=session, source=source, stream=plan_id)
    async with stores["ledger"].read() as session:
        events += await read_recorded(session=session, source="ledger", stream=plan_id)
        entries = await entries_of(session=session, plan_id=plan_id)
        holds = await holds_of(session=session, plan_id=plan_id)
    return PlanBooks(
        plan_id=plan_id,
        events=tuple(sorted(events, key=lambda event: event.recorded_at)),
        credit=await _credit_of(stores["credit"], own, plan_id=plan_id),
        entries=entries,
        holds=holds,
        collection_hour=product.collection_hour,
        opened_at=own[0].content.effective_at,
    )


async def _credit_of(
    store: Database, own: tuple[RecordedEvent, ...], *, plan_id: str
) -> tuple[RecordedEvent, ...]:
    told = (event.content.data.get("customer_id") for event in own)
    customer_id = next((value for value in told if value is not None), None)
    if customer_id is None:
        return ()
    async with store.read() as session:
        events = await read_recorded(session=session, source="credit", stream=customer_id)
    return tuple(event for event in events if event.content.data.get("plan_id") == plan_id)
