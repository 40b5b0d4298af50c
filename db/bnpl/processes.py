"""Plans' processes: which have work left, and what one needs to know to go on from the store."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field, TypeAdapter
from sqlalchemy import func, select

from db.bnpl.products import product_version
from db.bnpl.tables import Installment, Plan, PlanProcess
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import read_stream
from meqenet.bnpl.events import EVENT_TYPES, PlanEvent
from meqenet.bnpl.products import ProductVersion
from meqenet.bnpl.progress import PlanProgress, progress_of
from meqenet.bnpl.servicing.told import ToldPlan
from meqenet.bnpl.states import PlanState
from meqenet.bnpl.told_payments import told_plan
from meqenet.errors import Defect
from meqenet.event_chain import EventContent

_EVENT: Final[TypeAdapter[PlanEvent]] = TypeAdapter(
    Annotated[PlanEvent, Field(discriminator="kind")]
)


@dataclass(frozen=True, kw_only=True)
class StoredPlan:
    """All that this store knows of a plan.

    Attributes:
        product: the version that it lives under.
        progress: what its log says.
        test_clock_now: the newest instant that any plan on the same test clock has lived.
        ended: its process has done all that there was to do.
    """

    plan: Plan
    installments: Sequence[Installment]
    product: ProductVersion
    progress: PlanProgress
    test_clock_now: datetime | None
    ended: bool


@dataclass(frozen=True, kw_only=True)
class OpenPlan:
    """A plan whose process has work left."""

    plan_id: str
    state: PlanState


@dataclass(frozen=True, kw_only=True)
class OpenClock:
    """A test clock on which plans still live, and the newest instant that any plan lived on it."""

    clock_id: str
    merchant_id: str
    now: datetime
    plan_ids: tuple[str, ...]


async def open_plans(
    *, session: ReadSession, after: str | None = None, limit: int
) -> tuple[OpenPlan, ...]:
    """Plans whose process has work left, by id, from the one behind ``after`` on."""
    query = (
        select(PlanProcess.plan_id, Plan.state)
        .join(Plan, Plan.plan_id == PlanProcess.plan_id)
        .where(PlanProcess.ended_at.is_(None))
    )
    if after is not None:
        query = query.where(PlanProcess.plan_id > after)
    found = await session.execute(query.order_by(PlanProcess.plan_id).limit(limit))
    return tuple(OpenPlan(plan_id=plan_id, state=state) for plan_id, state in found)


async def count_open_plans(*, session: ReadSession) -> int:
    """How many plans have a process with work left."""
    found = await session.scalar(
        select(func.count()).select_from(PlanProcess).where(PlanProcess.ended_at.is_(None))
    )
    return found or 0


async def open_clocks(*, session: ReadSession) -> tuple[OpenClock, ...]:
    """Every test clock of an open plan, in the order of their ids.

    Plans whose process has ended count for the clock's time, and are not bound to it any more.
    """
    is_open = PlanProcess.ended_at.is_(None)
    found = await session.execute(
        select(
            Plan.test_clock_id,
            Plan.merchant_id,
            func.max(Plan.changed_at),
            func.array_agg(Plan.plan_id).filter(is_open),
        )
        .join(PlanProcess, Plan.plan_id == PlanProcess.plan_id)
        .where(Plan.test_clock_id.is_not(None))
        .group_by(Plan.test_clock_id, Plan.merchant_id)
        .having(func.bool_or(is_open))
        .order_by(Plan.test_clock_id)
    )
    return tuple(
        OpenClock(
            clock_id=str(clock_id), merchant_id=merchant_id, now=now, plan_ids=tuple(sorted(ids))
        )
        for clock_id, merchant_id, now, ids in found
    )


async def end_process(*, session: WriteSession, plan_id: str, at: datetime) -> None:
    """Note that the plan's process has nothing left to do; again, nothing changes.

    Raises:
        Defect: ``process_missing``: the plan was never opened.
    """
    process = await session.get(PlanProcess, plan_id, with_for_update=True)
    if process is None:
        raise Defect("process_missing", f"{plan_id} is not in the store")
    process.ended_at = process.ended_at or at


async def load_plan(*, session: ReadSession, plan_id: str) -> StoredPlan:
    """Everything about a plan.

    Raises:
        Defect: ``plan_missing``.
    """
    plan = await session.get(Plan, plan_id)
    process = await session.get(PlanProcess, plan_id)
    if plan is None or process is None:
        raise Defect("plan_missing", f"{plan_id} is not in the store")
    rows = await session.scalars(
        select(Installment).where(Installment.plan_id == plan_id).order_by(Installment.number)
    )
    log = await read_stream(session=session, stream=plan_id)
    product = await product_version(
        session=session, option=plan.option, version=plan.product_version
    )
    return StoredPlan(
        plan=plan,
        installments=list(rows),
        product=product,
        progress=progress_from(log=[each.content for each in log]),
        test_clock_now=await _clock_of(session=session, plan=plan),
        ended=process.ended_at is not None,
    )


def progress_from(*, log: Iterable[EventContent]) -> PlanProgress:
    """What a plan's log says, from its first event up to any other."""
    return progress_of(log=[(_event_of(content), content.effective_at) for content in log])


async def told_of(*, session: ReadSession, plan_id: str) -> ToldPlan:
    """What a plan's log tells of its money; nothing where there is no log."""
    log = await read_stream(session=session, stream=plan_id)
    contents = [each.content for each in log]
    return told_plan(log=[(_event_of(each), each.effective_at) for each in contents])


async def _clock_of(*, session: ReadSession, plan: Plan) -> datetime | None:
    if plan.test_clock_id is None:
        return None
    return await session.scalar(
        select(func.max(Plan.changed_at)).where(Plan.test_clock_id == plan.test_clock_id)
    )


def _event_of(content: EventContent) -> PlanEvent:
    return _EVENT.validate_python(EVENT_TYPES.as_known(content=content).data)
