"""What others may be shown of the bnpl store."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, TypeAdapter
from sqlalchemy import Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.bnpl.processes import progress_from
from db.bnpl.products import product_version, products_on
from db.bnpl.tables import Installment, Plan
from db.kernel.engine import ReadSession
from db.kernel.events import read_stream
from db.kernel.tables import events
from meqenet.bnpl.events import EVENT_TYPES
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.order_money import CaptureMode, OrderMoney
from meqenet.bnpl.products import ProductVersion
from meqenet.bnpl.refund_events import (
    AuthorisationExpired,
    OrderCaptured,
    OrderRefunded,
    OrderVoided,
)
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.event_chain import ChainedEvent
from meqenet.money import Money

__all__ = [
    "InstallmentView",
    "PlanView",
    "captures_of",
    "events_of",
    "newest_events",
    "plan_of_reference",
    "plan_view",
    "plans_by_state",
    "product_version",
    "products_on",
    "progress_from",
    "refunds_of",
    "voids_of",
]
_REFUND: Final[TypeAdapter[OrderRefunded]] = TypeAdapter(OrderRefunded)
_CAPTURE: Final[TypeAdapter[OrderCaptured]] = TypeAdapter(OrderCaptured)
_VOID: Final[TypeAdapter[OrderVoided | AuthorisationExpired]] = TypeAdapter(
    Annotated[OrderVoided | AuthorisationExpired, Field(discriminator="kind")]
)
_TYPED: Final = re.compile(r"(?:pln[_-]?)?([a-z2-7]{12}(?:[a-z2-7]{8})?)")
_LAST: Final = "z" * 20
"""No letter of an id comes after it."""

EventT = TypeVar("EventT")


@dataclass(frozen=True, kw_only=True)
class InstallmentView:
    """One installment as it stands."""

    number: int
    due_on: date
    principal: Money
    interest: Money
    state: InstallmentState
    failed_attempts: int
    last_cause: str | None
    next_attempt_at: datetime | None
    next_attempt_reason: str | None
    waits_for: str | None
    paid_at: datetime | None
    late_fee: Money
    """Charged because it was late, less what was waived."""
    late_fee_paid: Money
    paid_in_part: Money
    """What payments in part have paid of principal and interest."""

    @property
    def amount(self) -> Money:
        """What the schedule asks for."""
        return self.principal + self.interest

    @property
    def owed(self) -> Money:
        """What is still to be paid of it, late fees included."""
        is_over = self.state in (InstallmentState.PAID, InstallmentState.CANCELLED)
        fees = self.late_fee - self.late_fee_paid
        return fees if is_over else self.amount - self.paid_in_part + fees

    @property
    def paid(self) -> Money:
        """What has come for it so far, late fees included."""
        is_paid = self.state is InstallmentState.PAID
        return self.late_fee_paid + (self.amount if is_paid else self.paid_in_part)


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """A plan as it stands.

    Attributes:
        product: the version that it was opened under.
        offer: the stored form of the PlanOffered event.
        charged_off_on: the Addis Ababa date on which it was given up as a loss, if it was.
        sequence: the number of its newest event.
        capture: who says that the order is delivered.
        order: what of its price is captured, voided and refunded, once the plan is active.
    """

    plan_id: str
    merchant_id: str
    reference: str
    request_hash: str
    option: PaymentOption
    product: ProductVersion
    amount: Money
    wallet_provider: str
    test_clock_id: str | None
    state: PlanState
    installments: tuple[InstallmentView, ...]
    offer: Mapping[str, Any] | None
    decline_reasons: tuple[Mapping[str, str], ...]
    next_action: Mapping[str, Any] | None
    next_step: str
    next_step_at: datetime | None
    activated_on: date | None
    settlement_due_at: datetime | None
    merchant_paid: bool
    returned: Money
    goods_returned: Money
    charged_off_on: date | None
    opened_at: datetime
    changed_at: datetime
    sequence: int
    capture: CaptureMode
    order: OrderMoney | None


async def plan_view(
    *, session: ReadSession, plan_id: str, merchant_id: str | None = None
) -> PlanView | None:
    """The plan; None when there is none, or it is not this merchant's."""
    plan = await session.get(Plan, plan_id)
    if plan is None or merchant_id not in (None, plan.merchant_id):
        return None
    rows = await session.scalars(
        select(Installment).where(Installment.plan_id == plan_id).order_by(Installment.number)
    )
    # Asked last: what is shown is never newer than the number, whichever snapshot each is read of.
    newest = await newest_events(session=session, plan_ids=[plan_id])
    product = await product_version(
        session=session, option=plan.option, version=plan.product_version
    )
    return _view(plan, list(rows), product=product, sequence=newest[plan_id])


async def plan_of_reference(*, session: ReadSession, reference: str) -> str | None:
    """The plan that a customer means, whatever the case and the spaces; None where there is none.

    Args:
        session: the bnpl store.
        reference: the 12 letters and digits that a plan's customer is shown, or its whole id.
    """
    typed = _TYPED.fullmatch(re.sub(r"\s", "", reference).lower())
    if typed is None:
        return None
    begin = f"pln_{typed[1]}"
    found = await session.scalars(
        select(Plan.plan_id)
        .where(Plan.plan_id >= begin, Plan.plan_id <= begin + _LAST, Plan.plan_id.like(f"{begin}%"))
        .limit(2)
    )
    plans = found.all()
    return plans[0] if len(plans) == 1 else None


async def newest_events(*, session: ReadSession, plan_ids: Collection[str]) -> dict[str, int]:
    """The number of the newest event of each of these plans that there is."""
    found = await session.execute(
        select(events.c.stream, func.max(events.c.stream_sequence))
        .where(events.c.stream == any_(literal(list(plan_ids), ARRAY(Text))))
        .group_by(events.c.stream)
    )
    return {row[0]: row[1] for row in found}


async def plans_by_state(
    *, session: ReadSession, merchant_id: str | None = None
) -> dict[PlanState, int]:
    """How many plans are in each state."""
    query = select(Plan.state, func.count()).group_by(Plan.state)
    if merchant_id is not None:
        query = query.where(Plan.merchant_id == merchant_id)
    found = await session.execute(query)
    return {row[0]: row[1] for row in found}


async def events_of(*, session: ReadSession, plan_id: str) -> list[ChainedEvent]:
    """The plan's history, in order."""
    return await read_stream(session=session, stream=plan_id)


async def refunds_of(*, session: ReadSession, plan_id: str) -> list[OrderRefunded]:
    """The plan's refunds, the oldest first."""
    return await _told(session, plan_id=plan_id, shape=_REFUND, kinds=(OrderRefunded.kind,))


async def captures_of(*, session: ReadSession, plan_id: str) -> list[OrderCaptured]:
    """What its merchant has captured of the plan's order, the oldest first."""
    return await _told(session, plan_id=plan_id, shape=_CAPTURE, kinds=(OrderCaptured.kind,))


async def voids_of(
    *, session: ReadSession, plan_id: str
) -> list[OrderVoided | AuthorisationExpired]:
    """What of the plan's order was voided, the oldest first."""
    kinds = (OrderVoided.kind, AuthorisationExpired.kind)
    return await _told(session, plan_id=plan_id, shape=_VOID, kinds=kinds)


async def _told(
    session: ReadSession, *, plan_id: str, shape: TypeAdapter[EventT], kinds: Collection[str]
) -> list[EventT]:
    return [
        shape.validate_python(EVENT_TYPES.as_known(content=event.content).data)
        for event in await read_stream(session=session, stream=plan_id)
        if event.content.event_type in kinds
    ]


def _view(
    plan: Plan, rows: list[Installment], *, product: ProductVersion, sequence: int
) -> PlanView:
    return PlanView(
        plan_id=plan.plan_id,
        merchant_id=plan.merchant_id,
        reference=plan.reference,
        request_hash=plan.request_hash,
        option=plan.option,
        product=product,
        amount=plan.amount_santim,
        wallet_provider=plan.wallet_provider,
        test_clock_id=plan.test_clock_id,
        state=plan.state,
        installments=tuple(_installment(row) for row in rows),
        offer=plan.offer,
        decline_reasons=tuple(plan.decline_reasons or ()),
        next_action=plan.next_action,
        next_step=plan.next_step,
        next_step_at=plan.next_step_at,
        activated_on=plan.activated_on,
        settlement_due_at=plan.settlement_due_at,
        merchant_paid=plan.merchant_paid,
        returned=plan.returned_santim,
        goods_returned=plan.goods_returned_santim,
        charged_off_on=plan.charged_off_on,
        opened_at=plan.opened_at,
        changed_at=plan.changed_at,
        sequence=sequence,
        capture=plan.capture,
        order=None if plan.activated_on is None else _order(plan),
    )


def _order(plan: Plan) -> OrderMoney:
    return OrderMoney(
        authorised=plan.amount_santim,
        captured=plan.captured_santim,
        voided=plan.voided_santim,
        refunded=plan.goods_returned_santim,
        expires_at=plan.authorised_until,
        is_expired=plan.authorisation_expired,
    )


def _installment(row: Installment) -> InstallmentView:
    return InstallmentView(
        number=row.number,
        due_on=row.due_on,
        principal=row.principal_santim,
        interest=row.interest_santim,
        state=row.state,
        failed_attempts=row.failed_attempts,
        last_cause=row.last_cause,
        next_attempt_at=row.next_attempt_at,
        next_attempt_reason=row.next_attempt_reason,
        waits_for=row.waits_for,
        paid_at=row.paid_at,
        late_fee=row.late_fee_santim,
        late_fee_paid=row.late_fee_paid_santim,
        paid_in_part=row.paid_in_part_santim,
    )
