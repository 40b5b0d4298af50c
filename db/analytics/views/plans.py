"""Plans, line by line."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from db.analytics import tables
from db.analytics.models import PLAN_OVERVIEW
from db.analytics.views.reading import lines_of
from db.kernel.engine import ReadSession
from meqenet.analytics.plan_overview import PlanOverview

_PLAN = tables.PlanOverview


@dataclass(frozen=True, kw_only=True)
class WantedPlans:
    """Which plans are listed. What is None does not narrow them.

    Attributes:
        state: the one that they are in now.
        reference: the merchant's own name for the order.
        since: the first instant of opening that counts.
        until: the first instant of opening that does not count any more.
    """

    merchant_id: str | None = None
    customer_id: str | None = None
    state: str | None = None
    option: str | None = None
    reference: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def plan_overview(
    *, session: ReadSession, plan_id: str, merchant_id: str | None = None
) -> PlanOverview | None:
    """The plan; None when nothing is known of it, or it is not this merchant's."""
    found = await PLAN_OVERVIEW.load(session=session, keys=[plan_id])
    plan = found.get(plan_id)
    return None if plan is None or merchant_id not in (None, plan.merchant_id) else plan


async def list_plan_overviews(
    *, session: ReadSession, wanted: WantedPlans, after: str | None = None, limit: int = 50
) -> tuple[PlanOverview, ...]:
    """Plans, the newest first.

    When a plan was opened never changes, so whoever asks on with ``after`` gets no plan twice and
    misses none, whatever happens to plans in between.

    Args:
        session: of the analytics store.
        wanted: which ones.
        after: the plan (its id) behind which to go on.
        limit: how many at most.
    """
    equal: tuple[tuple[InstrumentedAttribute[str | None], str | None], ...] = (
        (_PLAN.merchant_id, wanted.merchant_id),
        (_PLAN.customer_id, wanted.customer_id),
        (_PLAN.state, wanted.state),
        (_PLAN.option, wanted.option),
        (_PLAN.reference, wanted.reference),
    )
    query = select(_PLAN.plan_id).where(_PLAN.opened_at.is_not(None))
    for column, value in equal:
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(_PLAN.opened_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(_PLAN.opened_at < wanted.until)
    if after is not None:
        place = select(_PLAN.opened_at).where(_PLAN.plan_id == after).scalar_subquery()
        query = query.where(
            (_PLAN.opened_at < place) | ((_PLAN.opened_at == place) & (_PLAN.plan_id > after))
        )
    query = query.order_by(_PLAN.opened_at.desc(), _PLAN.plan_id).limit(limit)
    return await lines_of(session=session, sheet=PLAN_OVERVIEW, keys=query)
