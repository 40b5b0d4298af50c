"""What becomes of a held limit: released, owed, repaid, lost. None of it raises what is used."""

from datetime import datetime

from sqlalchemy import select

from db.credit.tables import Exposure, ExposureState, Repayment
from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append, lock_stream
from db.kernel.once import insert_once
from meqenet.credit.events import (
    DebtWrittenOff,
    HoldConverted,
    HoldReleased,
    PrincipalRepaid,
    RepaymentReversed,
)
from meqenet.credit.holds import Release
from meqenet.errors import Defect
from meqenet.event_types import EventData
from meqenet.money import Money


async def release_hold(
    *, session: WriteSession, plan_id: str, at: datetime, released_as: Release = Release.VOIDED
) -> None:
    """Give the held limit back; without a hold, or again, nothing changes.

    Of a repetition the first reason stands.

    Raises:
        Defect: ``hold_converted``: the plan has become active.
    """
    exposure = await _locked_exposure(session, plan_id=plan_id)
    if exposure is None or exposure.state is ExposureState.RELEASED:
        return
    if exposure.state is not ExposureState.HELD:
        raise Defect("hold_converted", f"{plan_id} is {exposure.state}: nothing is held for it")
    released = exposure.held_santim
    exposure.state, exposure.held_santim = ExposureState.RELEASED, Money.zero()
    exposure.released_as = released_as
    told = HoldReleased(plan_id=plan_id, released=released, released_as=released_as)
    await _note(session, exposure, told, part=plan_id, at=at)


async def convert_hold(*, session: WriteSession, plan_id: str, owed: Money, at: datetime) -> None:
    """Turn what is held into what is owed; again, nothing changes.

    Raises:
        Defect: ``exposure_missing``; ``hold_released``; ``owed_exceeds_hold``: more would be owed
            than was approved; ``conversion_differs``: it was converted to another sum.
    """
    exposure = await _exposure(session, plan_id=plan_id)
    if exposure.state is ExposureState.RELEASED:
        raise Defect("hold_released", f"{plan_id}: its hold was given back")
    if exposure.state is not ExposureState.HELD:
        if exposure.financed_santim != owed:
            raise Defect("conversion_differs", f"{plan_id} was converted to another sum")
        return
    if owed > exposure.held_santim:
        raise Defect("owed_exceeds_hold", f"{plan_id}: more would be owed than was approved")
    exposure.held_santim, exposure.owed_santim = Money.zero(), owed
    exposure.financed_santim, exposure.moved_at = owed, at
    exposure.state = ExposureState.OWED if owed else ExposureState.REPAID
    told = HoldConverted(plan_id=plan_id, owed=owed)
    await _note(session, exposure, told, part=plan_id, at=at)


async def record_repayment(
    *,
    session: WriteSession,
    plan_id: str,
    repayment_id: str,
    principal: Money,
    on_time: bool,
    at: datetime,
) -> None:
    """Lower what is owed; the same repayment again changes nothing.

    Raises:
        Defect: ``exposure_missing``; ``repayment_differs``: the id stands for another sum;
            ``repayment_exceeds_debt``: more would come back than is owed.
    """
    exposure = await _exposure(session, plan_id=plan_id)
    values = {
        "plan_id": plan_id,
        "repayment_id": repayment_id,
        "principal_santim": principal,
        "on_time": on_time,
        "repaid_at": at,
    }
    if not await insert_once(session=session, table=Repayment, values=values):
        stored = await session.get_one(Repayment, (plan_id, repayment_id))
        if stored.principal_santim != principal:
            raise Defect("repayment_differs", f"{repayment_id} stands for another sum")
        return
    if principal > exposure.owed_santim:
        raise Defect("repayment_exceeds_debt", f"{repayment_id}: more than {plan_id} owes")
    exposure.owed_santim -= principal
    exposure.was_late = exposure.was_late or not on_time
    exposure.moved_at = at
    if not exposure.owed_santim:
        exposure.state = ExposureState.REPAID
    told = PrincipalRepaid(
        plan_id=plan_id, repayment_id=repayment_id, principal=principal, on_time=on_time
    )
    await _note(session, exposure, told, part=repayment_id, at=at)


async def reverse_repayment(
    *, session: WriteSession, plan_id: str, repayment_id: str, principal: Money, at: datetime
) -> None:
    """Have principal owed again that had counted as repaid; the same again changes nothing.

    It may leave the customer with more than the limit: it is owed whatever the limit is.

    Raises:
        Defect: ``exposure_missing``; ``repayment_differs``: the id stands for another sum;
            ``reversal_exceeds_repaid``: more would be owed than was at first.
    """
    exposure = await _exposure(session, plan_id=plan_id)
    values = {
        "plan_id": plan_id,
        "repayment_id": repayment_id,
        "principal_santim": -principal,
        "on_time": True,
        "repaid_at": at,
    }
    if not await insert_once(session=session, table=Repayment, values=values):
        stored = await session.get_one(Repayment, (plan_id, repayment_id))
        if stored.principal_santim != -principal:
            raise Defect("repayment_differs", f"{repayment_id} stands for another sum")
        return
    is_open = exposure.state in (ExposureState.OWED, ExposureState.REPAID)
    financed = exposure.financed_santim
    if not is_open or financed is None or exposure.owed_santim + principal > financed:
        raise Defect("reversal_exceeds_repaid", f"{repayment_id}: {plan_id} has repaid less")
    exposure.state, exposure.moved_at = ExposureState.OWED, at
    exposure.owed_santim += principal
    told = RepaymentReversed(plan_id=plan_id, repayment_id=repayment_id, principal=principal)
    await _note(session, exposure, told, part=repayment_id, at=at)


async def write_off(*, session: WriteSession, plan_id: str, at: datetime) -> None:
    """Have the rest of what is owed take nothing of the limit any more; again, nothing changes.

    The plan counts as a late one from then on, by which the customer's tier is found.

    Raises:
        Defect: ``exposure_missing``; ``exposure_not_owed``: nothing of it is owed.
    """
    exposure = await _exposure(session, plan_id=plan_id)
    if exposure.state in (ExposureState.WRITTEN_OFF, ExposureState.REPAID):
        # Of what is repaid the principal had come: only interest or fees were lost.
        return
    if exposure.state is not ExposureState.OWED:
        raise Defect("exposure_not_owed", f"{plan_id} is {exposure.state}: nothing of it is owed")
    principal = exposure.owed_santim
    exposure.state, exposure.owed_santim = ExposureState.WRITTEN_OFF, Money.zero()
    exposure.was_late, exposure.moved_at = True, at
    told = DebtWrittenOff(plan_id=plan_id, principal=principal)
    await _note(session, exposure, told, part=plan_id, at=at)


async def _exposure(session: WriteSession, *, plan_id: str) -> Exposure:
    exposure = await _locked_exposure(session, plan_id=plan_id)
    if exposure is None:
        raise Defect("exposure_missing", f"{plan_id} was never approved")
    return exposure


async def _locked_exposure(session: WriteSession, *, plan_id: str) -> Exposure | None:
    """Behind the lock of the customer's stream: many plans of one customer append to it."""
    customer_id = await session.scalar(
        select(Exposure.customer_id).where(Exposure.plan_id == plan_id)
    )
    if customer_id is None:
        return None
    await lock_stream(session=session, stream=customer_id)
    return await session.get(Exposure, plan_id, with_for_update=True)


async def _note(
    session: WriteSession, exposure: Exposure, told: EventData, *, part: str, at: datetime
) -> None:
    """Append to the customer's stream what happened to one of the plans, or a part of it."""
    event = NewEvent.of(
        event_id=f"{part}-{told.event_type.replace('_', '-')}",
        stream=exposure.customer_id,
        data=told,
        at=at,
    )
    await append(session=session, event=event)
