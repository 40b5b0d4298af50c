"""Activation: the lender pays for the order, the customer owes, the merchant is told."""

from datetime import date

from temporalio import workflow

from activities.contracts import bnpl, captures, credit, ledger, marketplace, settlement
from meqenet.bnpl.events import InstallmentPaid, PlanActivated
from meqenet.bnpl.order_money import CaptureMode
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.calendar import addis_date
from meqenet.identity import payout_id
from meqenet.ledger.day_counts import day_count_of
from meqenet.ledger.financed import FinancedInstallment
from meqenet.ledger.happenings import PlanBecameActive
from meqenet.ledger.order_happenings import OrderAuthorised
from meqenet.money import Money
from workflows.agenda import next_step
from workflows.asking import ask
from workflows.news import CollectionResult
from workflows.plan_account import policy_of
from workflows.plan_desk import PlanDesk
from workflows.plan_life import InstallmentLife, PayoutLife

_BY_DAY = "merchant-settlement"


async def activate(desk: PlanDesk, paid: CollectionResult | None) -> None:
    """Put the agreement in force. From here on the plan cannot be cancelled.

    Every step is idempotent under an id derived from the plan, so none is half done for good.
    """
    desk.activating = True
    application = desk.application
    activated_on = addis_date(at=desk.clock.now())
    by_day = workflow.patched(_BY_DAY)
    is_manual = application.capture is CaptureMode.MANUAL
    scheduled = await (
        _authorise(desk, activated_on=activated_on)
        if is_manual
        else _schedule(desk, activated_on=activated_on, by_day=by_day)
    )
    dated = await ask(
        bnpl.DATE_SCHEDULE,
        bnpl.DateSchedule(plan_id=desk.plan_id, tier=desk.life.tier, activated_on=activated_on),
        summary="Date the installments",
    )
    desk.life.installments = [
        InstallmentLife(planned=row, attempts=before.attempts)
        for row, before in zip(dated.installments, desk.life.installments, strict=True)
    ]
    if paid is not None:
        # Its money is here: nobody is told that it is still to be collected.
        desk.life.installment(number=1).state = InstallmentState.COLLECTING
    # Nothing waits to be paid before something is captured.
    desk.life.payout = PayoutLife(scheduled=scheduled, by_day=by_day, done=is_manual)
    desk.life.authorised_until = scheduled.due_at if is_manual else None
    desk.life.activated_on = activated_on
    step, step_at = next_step(desk)
    await desk.record(
        PlanActivated(
            activated_on=activated_on,
            installments=dated.installments,
            payout_id=scheduled.payout_id,
            merchant_fee=scheduled.fee,
            settlement_due_at=scheduled.due_at,
            authorised_until=desk.life.authorised_until,
        ),
        state=PlanState.ACTIVE,
        step=step,
        step_at=step_at,
    )
    await finish_activation(desk, paid)


async def _schedule(
    desk: PlanDesk, *, activated_on: date, by_day: bool
) -> settlement.SettlementScheduled:
    application = desk.application
    line = settlement.OrderLine(
        reference=application.reference, test_clock_id=application.test_clock_id
    )
    return await ask(
        settlement.SCHEDULE,
        settlement.ScheduleSettlement(
            plan_id=desk.plan_id,
            merchant_id=application.merchant_id,
            payout_id=payout_id(plan_id=desk.plan_id, number=1),
            option=application.option,
            amount=application.amount,
            activated_on=activated_on,
            protection_days=desk.life.signed.protection_days,
            at=desk.clock.now(),
            line=line if by_day else None,
        ),
        summary="Schedule the settlement",
    )


async def _authorise(desk: PlanDesk, *, activated_on: date) -> settlement.SettlementScheduled:
    """What the merchant would get; ``due_at`` is when it cannot capture it any more."""
    application = desk.application
    authorised = await ask(
        captures.AUTHORISE_ORDER,
        captures.AuthoriseOrder(
            plan_id=desk.plan_id,
            merchant_id=application.merchant_id,
            option=application.option,
            amount=application.amount,
            authorised_on=activated_on,
            protection_days=desk.life.signed.protection_days,
            reference=application.reference,
            test_clock_id=application.test_clock_id,
            at=desk.clock.now(),
        ),
        summary="Authorise the order",
    )
    return settlement.SettlementScheduled(
        payout_id=payout_id(plan_id=desk.plan_id, number=1),
        gross=authorised.gross,
        fee=authorised.fee,
        net=authorised.net,
        due_at=policy_of(desk).authorisation.expires_at(activated_on=activated_on),
    )


async def finish_activation(desk: PlanDesk, paid: CollectionResult | None) -> None:
    """What follows the event of activation; done again, it changes nothing."""
    scheduled = desk.life.owed_to_merchant
    paid_at_checkout = await _record_first(desk, paid)
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=f"{desk.plan_id}-activation",
            happening=_financing(desk, fee=scheduled.fee, paid=paid_at_checkout),
            effective_at=desk.clock.now(),
        ),
        summary="Post the activation",
    )
    await ask(
        credit.CONVERT_HOLD,
        credit.ConvertHold(
            plan_id=desk.plan_id,
            owed=desk.life.signed.owed_after_checkout,
            at=desk.clock.now(),
        ),
        summary="What was held is owed now",
    )
    await desk.close_order(marketplace.OrderOutcome.APPROVED)


def _financing(desk: PlanDesk, *, fee: Money, paid: Money) -> PlanBecameActive | OrderAuthorised:
    terms, application = desk.life.signed, desk.application
    day_count = day_count_of(
        days_in_year=terms.product["days_in_year"],
        days_in_month=terms.product["days_in_month"],
        repay_unit=terms.product["repay_unit"],
    )
    if application.capture is CaptureMode.MANUAL:
        return OrderAuthorised(
            plan_id=desk.plan_id,
            merchant_id=application.merchant_id,
            lender=terms.lender_of_record,
            amount=application.amount,
            merchant_fee=fee,
            paid_at_checkout=paid,
            installments=_financed(desk),
            day_count=day_count,
            on_test_clock=application.test_clock_id is not None,
        )
    return PlanBecameActive(
        plan_id=desk.plan_id,
        merchant_id=application.merchant_id,
        lender=terms.lender_of_record,
        amount=application.amount,
        merchant_fee=fee,
        paid_at_checkout=paid,
        protected=terms.protection_days > 0,
        installments=_financed(desk),
        day_count=day_count,
        on_test_clock=application.test_clock_id is not None,
    )


def _financed(desk: PlanDesk) -> tuple[FinancedInstallment, ...]:
    """The schedule in force: each period begins on the due date before it, the first on day 0."""
    if desk.life.activated_on is None:
        raise ValueError("the plan has not been activated yet")
    planned = [installment.planned for installment in desk.life.installments]
    starts = [desk.life.activated_on, *(row.due_on for row in planned)]
    return tuple(
        FinancedInstallment(
            number=row.number,
            principal=row.principal,
            interest=row.interest,
            starts_on=starts_on,
            ends_on=row.due_on,
        )
        for starts_on, row in zip(starts, planned, strict=False)
    )


async def _record_first(desk: PlanDesk, paid: CollectionResult | None) -> Money:
    """Mark the installment that was paid at checkout; returns its principal."""
    if paid is None:
        return Money.zero()
    first = desk.life.installment(number=1)
    if first.state is InstallmentState.PAID:
        return first.planned.principal
    first.state = InstallmentState.PAID
    step, step_at = next_step(desk)
    await desk.record(
        InstallmentPaid(
            number=1,
            attempt_id=paid.attempt_id or "",
            amount=first.planned.amount,
            paid_at=desk.paid_at(paid),
        ),
        state=PlanState.ACTIVE,
        step=step,
        step_at=step_at,
    )
    return first.planned.principal
