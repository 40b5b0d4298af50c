"""Orders that their merchants capture themselves: authorised, captured in parts, or voided."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.settlement.lines import NewLine, add_line, lock_merchant
from db.settlement.log import lock_plan
from db.settlement.merchants import proceeds_by, terms_of
from db.settlement.scheduling import add_settlement, closed_days, newest_settlement
from db.settlement.tables import Authorisation, AuthorisedPart, Settlement, SettlementLine
from db.settlement.taxes import tax_on
from meqenet.errors import Defect
from meqenet.event_types import EventData
from meqenet.identity import payout_id as share_id_of
from meqenet.money import Money, total
from meqenet.settlement.authorisation_events import (
    OrderAuthorised,
    OrderPartCaptured,
    OrderPartVoided,
)
from meqenet.settlement.authorisations import PartKind, share_of
from meqenet.settlement.lines import LineKind, LineMoney
from meqenet.settlement.terms import MERCHANT_FEE, Proceeds, payout_due

_TOLD_AS: Final = {PartKind.CAPTURED: OrderPartCaptured, PartKind.VOIDED: OrderPartVoided}


@dataclass(frozen=True, kw_only=True)
class AuthorisedOrder:
    """An order whose plan is about to be active. See :class:`db.settlement.scheduling.PaidOrder`.

    ``authorised_on``: the Addis Ababa date of its activation.
    """

    plan_id: str
    merchant_id: str
    option: str
    amount: Money
    authorised_on: date
    protection_days: int
    reference: str
    clock_id: str = ""


@dataclass(frozen=True, kw_only=True)
class TakenPart:
    """A part that is captured or voided. ``part_id`` is derived from the plan's id."""

    plan_id: str
    part_id: str
    kind: PartKind
    amount: Money


async def authorise(
    *, session: WriteSession, order: AuthorisedOrder, at: datetime
) -> Authorisation:
    """Fix what the merchant gets for an order once it captures it; again, it is as it stands.

    Raises:
        Refusal: ``merchant_terms_missing``.
        Defect: ``authorisation_differs``.
    """
    await lock_plan(session=session, plan_id=order.plan_id)
    stored = await session.get(Authorisation, order.plan_id)
    if stored is not None:
        same = (stored.merchant_id, stored.option, stored.gross_santim)
        if same != (order.merchant_id, order.option, order.amount):
            raise Defect("authorisation_differs", f"{order.plan_id} is stored with other content")
        return stored
    terms = await terms_of(session=session, merchant_id=order.merchant_id, at=at)
    tax = await tax_on(session=session, fee_type=MERCHANT_FEE, on=order.authorised_on)
    proceeds = proceeds_by(terms=terms, option=order.option, gross=order.amount, tax=tax)
    row = Authorisation(
        plan_id=order.plan_id,
        merchant_id=order.merchant_id,
        option=order.option,
        reference=order.reference,
        clock_id=order.clock_id,
        gross_santim=proceeds.gross,
        fee_santim=proceeds.fee,
        tax_santim=proceeds.tax,
        tax_code=None if tax is None else tax.code,
        net_santim=proceeds.net,
        delay_days=terms.delay_days,
        protection_days=order.protection_days,
        authorised_on=order.authorised_on,
        authorised_at=at,
    )
    session.add(row)
    await session.flush()
    told = OrderAuthorised(
        merchant_id=row.merchant_id,
        option=row.option,
        gross=row.gross_santim,
        fee=row.fee_santim + row.tax_santim,
        net=row.net_santim,
    )
    await _tell(session, told, plan_id=row.plan_id, event_id=f"{row.plan_id}-authorised", at=at)
    return row


async def take_part(*, session: WriteSession, part: TakenPart, at: datetime) -> AuthorisedPart:
    """Note that a part was captured or voided, with its share of the fee; again, as it stands.

    Raises:
        Defect: ``authorisation_missing``; ``part_differs``; ``part_above_authorised``.
    """
    await lock_plan(session=session, plan_id=part.plan_id)
    order = await authorisation_of(session=session, plan_id=part.plan_id)
    parts = await parts_of(session=session, plan_id=part.plan_id)
    stored = next((each for each in parts if each.part_id == part.part_id), None)
    if stored is not None:
        if (stored.kind, stored.gross_santim) != (part.kind, part.amount):
            raise Defect("part_differs", f"{part.part_id} is stored with other content")
        return stored
    before = total(each.gross_santim for each in parts)
    if not Money.zero() < part.amount <= order.gross_santim - before:
        raise Defect("part_above_authorised", f"{part.part_id} is more than what is left of it")
    share = share_of(whole=proceeds_of_order(order=order), before=before, part=part.amount)
    row = AuthorisedPart(
        plan_id=part.plan_id,
        part_id=part.part_id,
        place=len(parts) + 1,
        kind=part.kind,
        gross_santim=share.gross,
        fee_santim=share.fee,
        tax_santim=share.tax,
        net_santim=share.net,
        taken_at=at,
    )
    session.add(row)
    await session.flush()
    told = _TOLD_AS[part.kind](
        part_id=part.part_id,
        merchant_id=order.merchant_id,
        gross=share.gross,
        fee=share.fee + share.tax,
        net=share.net,
    )
    await _tell(session, told, plan_id=part.plan_id, event_id=f"{part.part_id}-part", at=at)
    return row


async def capture(
    *,
    session: WriteSession,
    part: TakenPart,
    on: date,
    holidays: Collection[date],
    at: datetime,
) -> SettlementLine:
    """Have the merchant get a part: a line of its own, due by the terms of the authorisation.

    Args:
        session: the transaction.
        part: what is captured.
        on: the Addis Ababa date from which the delay and the protection count.
        holidays: days on which banks are closed by the calendar.
        at: now.

    Returns:
        The part's line; again, as it stands.

    Raises:
        Defect: as of :func:`take_part`.
    """
    order = await authorisation_of(session=session, plan_id=part.plan_id)
    await lock_merchant(session=session, merchant_id=order.merchant_id)
    taken = await take_part(session=session, part=part, at=at)
    stored = await session.get(SettlementLine, (order.merchant_id, part.part_id))
    if stored is not None:
        return stored
    parts = await parts_of(session=session, plan_id=part.plan_id)
    captured = [each for each in parts if each.kind is PartKind.CAPTURED]
    due_at = payout_due(
        activated_on=on,
        delay_days=order.delay_days,
        protection_days=order.protection_days,
        closed_on=await closed_days(session=session, holidays=holidays),
    )
    newest = await newest_settlement(session=session, plan_id=part.plan_id)
    number = 1 if newest is None else newest[0].number + 1
    by_now = Settlement(
        plan_id=part.plan_id,
        payout_id=share_id_of(plan_id=part.plan_id, number=number),
        number=number,
        merchant_id=order.merchant_id,
        option=order.option,
        gross_santim=total(each.gross_santim for each in captured),
        fee_santim=total(each.fee_santim + each.tax_santim for each in captured),
        net_santim=total(each.net_santim for each in captured),
        activated_on=on,
        protection_days=order.protection_days,
        due_at=due_at,
        scheduled_at=at,
    )
    await add_settlement(session=session, settlement=by_now)
    return await _add_line(session, order=order, part=taken, due_at=due_at, at=at)


async def authorisation_of(*, session: ReadSession, plan_id: str) -> Authorisation:
    """What the merchant gets for the order.

    Raises:
        Defect: ``authorisation_missing``: it does not capture it itself.
    """
    found = await session.get(Authorisation, plan_id)
    if found is None:
        raise Defect("authorisation_missing", f"{plan_id} is not captured by its merchant")
    return found


async def parts_of(*, session: ReadSession, plan_id: str) -> Sequence[AuthorisedPart]:
    """What was captured and voided of an order, in its order."""
    found = await session.scalars(
        select(AuthorisedPart)
        .where(AuthorisedPart.plan_id == plan_id)
        .order_by(AuthorisedPart.place)
    )
    return found.all()


def proceeds_of_order(*, order: Authorisation | SettlementLine) -> Proceeds:
    """What all of an order brings, or a line of it."""
    return Proceeds(
        gross=order.gross_santim,
        fee=order.fee_santim,
        tax=order.tax_santim,
        net=order.net_santim,
    )


async def _add_line(
    session: WriteSession,
    *,
    order: Authorisation,
    part: AuthorisedPart,
    due_at: datetime,
    at: datetime,
) -> SettlementLine:
    return await add_line(
        session=session,
        line=NewLine(
            line_id=part.part_id,
            merchant_id=order.merchant_id,
            plan_id=order.plan_id,
            reference=order.reference,
            clock_id=order.clock_id,
            kind=LineKind.ORDER,
            money=LineMoney.PAYABLE,
            gross=part.gross_santim,
            fee=part.fee_santim,
            tax=part.tax_santim,
            tax_code=order.tax_code,
            is_protected=order.protection_days > 0,
            available_at=due_at,
        ),
        at=at,
    )


async def _tell(
    session: WriteSession, told: EventData, *, plan_id: str, event_id: str, at: datetime
) -> None:
    event = NewEvent.of(event_id=event_id, stream=plan_id, data=told, at=at)
    await append(session=session, event=event)
