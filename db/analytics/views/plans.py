"""Plans, line by line."""

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from db.analytics import tables
from db.analytics.models import PLAN_OVERVIEW
from db.analytics.views.reading import lines_of
from db.kernel.engine import Database, ReadSession
from db.kernel.inbox import Written, read_after
from meqenet.analytics.plan_overview import PlanOverview

_PLAN = tables.PlanOverview


async def plan_overview(
    *, session: ReadSession, plan_id: str, merchant_id: str | None = None
) -> PlanOverview | None:
    """The plan; None when nothing is known of it, or it is not this merchant's."""
    found = await PLAN_OVERVIEW.load(session=session, keys=[plan_id])
    plan = found.get(plan_id)
    return None if plan is None or merchant_id not in (None, plan.merchant_id) else plan


async def plan_overview_after(
    *, database: Database, plan_id: str, written: Written, timeout_seconds: float
) -> PlanOverview | None:
    """The plan as it is once the model has seen what the caller wrote.

    Raises:
        Unavailable: ``read_model_behind``: it has not within the time given.
    """
    return await read_after(
        database=database,
        consumer="plan_overview",
        written=written,
        view=lambda session: plan_overview(session=session, plan_id=plan_id),
        timeout_seconds=timeout_seconds,
    )


async def list_plan_overviews(
    *,
    session: ReadSession,
    merchant_id: str | None = None,
    customer_id: str | None = None,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> tuple[PlanOverview, ...]:
    """Plans, the newest first, from the one behind ``after`` (a plan id) on."""
    wanted: tuple[tuple[InstrumentedAttribute[str | None], str | None], ...] = (
        (_PLAN.merchant_id, merchant_id),
        (_PLAN.customer_id, customer_id),
        (_PLAN.state, state),
    )
    query = select(_PLAN.plan_id).where(_PLAN.opened_at.is_not(None))
    for column, value in wanted:
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        since = select(_PLAN.opened_at).where(_PLAN.plan_id == after).scalar_subquery()
        query = query.where(
            (_PLAN.opened_at < since) | ((_PLAN.opened_at == since) & (_PLAN.plan_id > after))
        )
    query = query.order_by(_PLAN.opened_at.desc(), _PLAN.plan_id).limit(limit)
    return await lines_of(session=session, sheet=PLAN_OVERVIEW, keys=query)
