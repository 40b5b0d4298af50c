"""Opening a plan: its product version chosen, its terms fixed, its first event stored."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from db.bnpl.products import product_on, product_version
from db.bnpl.tables import Plan, PlanProcess
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.kernel.tables import events
from meqenet.bnpl.events import PlanEvent, PlannedInstallment, PlanOpened, PlanStanding
from meqenet.bnpl.offer import NotOffered, Quote, quote
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.order_money import CaptureMode
from meqenet.bnpl.products import ProductVersion
from meqenet.bnpl.states import PlanState
from meqenet.calendar import addis_date
from meqenet.errors import Defect, Mender, Refusal
from meqenet.event_chain import plain
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a checkout applies with. See :class:`activities.contracts.bnpl.OpenPlan`."""

    plan_id: str
    merchant_id: str
    reference: str
    request_hash: str
    option: str
    amount: Money
    installment_count: int | None
    wallet_provider: str
    test_clock_id: str | None
    at: datetime
    capture: CaptureMode = CaptureMode.AUTOMATIC


async def open_plan(*, session: WriteSession, opening: Opening) -> tuple[ProductVersion, Quote]:
    """Store the plan; the same application again gives the same answer.

    Returns:
        The product version it lives under, and its quote at the highest rate.

    Raises:
        Refusal: ``reference_reused``, ``plan_exists``, ``option_unknown``, or the code of
            :class:`meqenet.bnpl.offer.NotOffered`.
    """
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"plan:{opening.plan_id}", 0)))
    )
    plan = await session.get(Plan, opening.plan_id)
    if plan is not None:
        await _require_same(session=session, plan=plan, opening=opening)
        product = await product_version(
            session=session, option=plan.option, version=plan.product_version
        )
        return product, quote_of(product=product, opening=opening)
    product = await product_on(session=session, option=opening.option, on=addis_date(at=opening.at))
    quoted = quote_of(product=product, opening=opening)
    session.add(_new_plan(opening=opening, product=product))
    session.add(PlanProcess(plan_id=opening.plan_id, began_at=opening.at))
    await append(
        session=session,
        expected_sequence=1,
        event=new_plan_event(
            plan_id=opening.plan_id,
            sequence=1,
            event=_opened(opening=opening, product=product),
            state=PlanState.APPLIED,
            at=opening.at,
        ),
    )
    return product, quoted


def new_plan_event(
    *, plan_id: str, sequence: int, event: PlanEvent, state: PlanState, at: datetime
) -> NewEvent:
    """An event of a plan as its log keeps it: under its place, with the plan's state after it."""
    return NewEvent(
        event_id=f"{plan_id}-e{sequence}",
        stream=plan_id,
        event_type=event.kind,
        data={**plain(PlanStanding(state=state)), **plain(event)},
        at=at,
    )


def quote_of(
    *,
    product: ProductVersion,
    opening: Opening,
) -> Quote:
    """The plan's price at the highest rate of its version.

    Raises:
        Refusal: the code of :class:`meqenet.bnpl.offer.NotOffered`.
    """
    quoted = quote(
        product=product,
        amount=opening.amount,
        on=addis_date(at=opening.at),
        installment_count=opening.installment_count,
        tier=None,
    )
    if isinstance(quoted, NotOffered):
        field = "installment_count" if "count" in quoted.code else "amount"
        raise Refusal(quoted.code, quoted.text, mender=Mender.MERCHANT, field=field)
    return quoted


async def price(
    *, session: ReadSession, plan_id: str, tier: str | None, at: datetime
) -> tuple[Plan, Quote]:
    """The plan's price for a decided tier, counted from the Addis Ababa date of ``at``.

    Without a tier at the highest rate of its version.
    """
    plan = await session.get(Plan, plan_id)
    if plan is None:
        raise Defect("plan_missing", f"{plan_id} is not in the store")
    product = await product_version(
        session=session, option=plan.option, version=plan.product_version
    )
    quoted = quote(
        product=product,
        amount=plan.amount_santim,
        on=addis_date(at=at),
        installment_count=plan.installment_count,
        tier=tier,
    )
    if isinstance(quoted, NotOffered):
        raise Defect("offer_impossible", f"{plan_id} cannot be priced: {quoted.code}")
    return plan, quoted


def rows_of(*, quoted: Quote) -> tuple[PlannedInstallment, ...]:
    """The schedule as the plan's events hold it."""
    return tuple(
        PlannedInstallment(
            number=row.number, due_on=row.due, principal=row.principal, interest=row.interest
        )
        for row in quoted.schedule.installments
    )


def _opened(*, opening: Opening, product: ProductVersion) -> PlanOpened:
    return PlanOpened(
        merchant_id=opening.merchant_id,
        reference=opening.reference,
        option=opening.option,
        product_version=product.version,
        amount=opening.amount,
        wallet_provider=opening.wallet_provider,
        test_clock_id=opening.test_clock_id,
        capture=opening.capture,
    )


def _new_plan(*, opening: Opening, product: ProductVersion) -> Plan:
    return Plan(
        plan_id=opening.plan_id,
        merchant_id=opening.merchant_id,
        reference=opening.reference,
        request_hash=opening.request_hash,
        option=PaymentOption(opening.option),
        product_version=product.version,
        amount_santim=opening.amount,
        installment_count=opening.installment_count,
        wallet_provider=opening.wallet_provider,
        test_clock_id=opening.test_clock_id,
        state=PlanState.APPLIED,
        opened_at=opening.at,
        changed_at=opening.at,
        next_step="identity check",
        capture=opening.capture,
    )


async def _require_same(*, session: WriteSession, plan: Plan, opening: Opening) -> None:
    if plan.request_hash != opening.request_hash:
        raise Refusal(
            "reference_reused",
            "reference: a plan with other content has been started under it",
            mender=Mender.MERCHANT,
            field="reference",
        )
    newest = await session.scalar(
        select(func.max(events.c.stream_sequence)).where(events.c.stream == plan.plan_id)
    )
    if newest != 1:
        raise Refusal(
            "plan_exists",
            "reference: the plan under it is further on already",
            mender=Mender.MERCHANT,
            field="reference",
        )
