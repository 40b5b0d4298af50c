"""What each event changes in a plan's rows. The rows could be made again from the log alone."""

from collections.abc import Sequence

from db.bnpl.tables import Installment, Plan
from meqenet.bnpl import delinquency_events as d
from meqenet.bnpl import events as e
from meqenet.bnpl import loss_events as lo
from meqenet.bnpl import staff_events as s
from meqenet.bnpl.dispute_events import CollectionSetAside, OrderDisputed, OrderDisputeEnded
from meqenet.bnpl.hardship_events import PlanChanged
from meqenet.bnpl.payment_events import InstallmentPaidInPart, LateFeePaid, OwnPaymentAllocated
from meqenet.bnpl.refund_events import (
    AuthorisationExpired,
    Gone,
    OrderCaptured,
    OrderRefunded,
    OrderVoided,
)
from meqenet.bnpl.replay_events import PaymentsReplayed
from meqenet.bnpl.states import (
    InstallmentState,
    check_installment_transition,
    check_replayed_transition,
)
from meqenet.errors import Defect
from meqenet.event_chain import plain
from meqenet.money import Money


def apply(
    *, event: e.PlanEvent, plan: Plan, installments: Sequence[Installment]
) -> Sequence[Installment]:
    """Change the rows as the event says; returns the rows that are new."""
    match event:
        case e.PlanOffered():
            return _offered(event, plan=plan)
        case e.PlanActivated():
            _activated(event, plan=plan, installments=installments)
        case (
            e.CollectionStarted()
            | e.CollectionAttemptFailed()
            | e.InstallmentPaid()
            | e.InstallmentFailed()
            | s.NextAttemptMoved()
            | CollectionSetAside()
        ):
            _collection(event, installment=_row(installments, number=event.number))
        case d.LateFeeCharged() | s.LateFeeWaived() | LateFeePaid() | InstallmentPaidInPart():
            _owed(event, installment=_row(installments, number=event.number))
        case e.PlanExpired() | e.PlanCancelled():
            for row in installments:
                _move(row, to=InstallmentState.CANCELLED)
        case lo.PlanChargedOff() | lo.PlanWrittenOff():
            _lost(event, plan=plan, installments=installments)
        case OrderDisputed() | OrderDisputeEnded():
            _disputed(event, plan=plan, installments=installments)
        case (
            PlanChanged()
            | OwnPaymentAllocated()
            | OrderRefunded()
            | OrderVoided()
            | AuthorisationExpired()
            | PaymentsReplayed()
        ):
            return _rescheduled(event, plan=plan, installments=installments)
        case _:
            _plan_only(event, plan=plan)
    return ()


def _plan_only(event: e.PlanEvent, *, plan: Plan) -> None:
    match event:
        case e.IdentityConfirmed():
            plan.customer_id = event.customer_id
        case e.PlanDeclined():
            plan.decline_reasons = [{"code": code, "text": text} for code, text in event.reasons]
        case e.OfferAccepted():
            plan.agreement_version = event.agreement_version
        case e.PaymentReturned():
            plan.returned_santim = plan.returned_santim + event.amount
        case e.MerchantPaid():
            plan.payout_id, plan.merchant_paid = event.payout_id, not event.is_part
        case OrderCaptured():
            plan.captured_santim = plan.captured_santim + event.amount
            plan.merchant_paid = False
        case e.MerchantPayoutRejected():
            plan.payout_id = event.payout_id
        case _:
            # Opened, asked to log in, asked to pay, completed: state and next step say it all.
            # What staff have asked for is in the log; what follows from it has its own events.
            return


def _offered(event: e.PlanOffered, *, plan: Plan) -> Sequence[Installment]:
    plan.tier = event.tier
    plan.offer = {
        name: value for name, value in plain(event).items() if name not in ("installments", "kind")
    }
    return [
        Installment(
            plan_id=plan.plan_id,
            number=row.number,
            due_on=row.due_on,
            principal_santim=row.principal,
            interest_santim=row.interest,
        )
        for row in event.installments
    ]


def _activated(event: e.PlanActivated, *, plan: Plan, installments: Sequence[Installment]) -> None:
    """Dates now count from activation; the amounts stay those that were signed."""
    plan.activated_on = event.activated_on
    plan.payout_id = event.payout_id
    plan.authorised_until = event.authorised_until
    if event.authorised_until is None:
        plan.captured_santim = plan.amount_santim
        plan.settlement_due_at = event.settlement_due_at
    for planned, row in zip(event.installments, installments, strict=True):
        if (planned.principal, planned.interest) != (row.principal_santim, row.interest_santim):
            raise Defect(
                "schedule_differs",
                f"installment {planned.number} of {plan.plan_id} is not the one that was offered",
            )
        row.due_on = planned.due_on


def _collection(
    event: e.CollectionStarted
    | e.CollectionAttemptFailed
    | e.InstallmentPaid
    | e.InstallmentFailed
    | s.NextAttemptMoved
    | CollectionSetAside,
    *,
    installment: Installment,
) -> None:
    match event:
        case e.CollectionStarted():
            _move(installment, to=InstallmentState.COLLECTING)
            installment.next_attempt_at = event.next_attempt_at
        case s.NextAttemptMoved():
            installment.next_attempt_at = event.next_attempt_at
        case CollectionSetAside():
            _move(installment, to=InstallmentState.SCHEDULED)
            installment.next_attempt_at, installment.next_attempt_reason = None, None
        case e.CollectionAttemptFailed():
            installment.failed_attempts += 1
            installment.last_cause = event.cause
            installment.next_attempt_at = event.next_attempt_at
            installment.next_attempt_reason = event.next_attempt_reason
        case e.InstallmentPaid():
            _move(installment, to=InstallmentState.PAID)
            installment.late_fee_paid_santim += event.late_fee
            installment.paid_at = event.paid_at
            installment.attempt_id = event.attempt_id
            installment.next_attempt_at = None
            installment.next_attempt_reason = None
        case e.InstallmentFailed():
            # It tells of the last attempt, too: no event of its own does. Without an attempt only
            # a plan that is given up makes an installment fail.
            if installment.state is InstallmentState.SCHEDULED:
                raise Defect(
                    "installment_transition_forbidden",
                    f"installment {event.number} was not collected, so no attempt has failed",
                )
            _move(installment, to=InstallmentState.FAILED)
            installment.failed_attempts += 1
            installment.last_cause = event.cause
            installment.next_attempt_at = None
            installment.next_attempt_reason = event.reason


def _owed(
    event: d.LateFeeCharged | s.LateFeeWaived | LateFeePaid | InstallmentPaidInPart,
    *,
    installment: Installment,
) -> None:
    """More or less is owed of it; how it is collected stays as it is."""
    match event:
        case d.LateFeeCharged():
            installment.late_fee_santim += event.amount
        case LateFeePaid():
            installment.late_fee_paid_santim += event.amount
        case InstallmentPaidInPart():
            installment.paid_in_part_santim += event.scheduled
            installment.late_fee_paid_santim += event.late_fee
        case s.LateFeeWaived():
            installment.late_fee_santim -= event.amount


def _lost(
    event: lo.PlanChargedOff | lo.PlanWrittenOff,
    *,
    plan: Plan,
    installments: Sequence[Installment],
) -> None:
    match event:
        case lo.PlanChargedOff():
            plan.charged_off_on = event.on
            _charged_off(event, installments=installments)
        case lo.PlanWrittenOff():
            _written_off(installments)


def _charged_off(event: lo.PlanChargedOff, *, installments: Sequence[Installment]) -> None:
    """Nothing more is tried by itself, and interest that was never earned is not owed."""
    for lost in event.installments:
        row = _row(installments, number=lost.number)
        row.interest_santim -= lost.interest_not_owed
    for row in installments:
        if row.state not in (InstallmentState.PAID, InstallmentState.CANCELLED):
            _move(row, to=InstallmentState.FAILED)
            row.next_attempt_at = None
            row.next_attempt_reason = None


def _written_off(installments: Sequence[Installment]) -> None:
    for row in installments:
        row.late_fee_santim = row.late_fee_paid_santim
        if row.state is not InstallmentState.PAID:
            _move(row, to=InstallmentState.CANCELLED)
            row.next_attempt_at = None


def _rescheduled(
    event: PlanChanged | OwnPaymentAllocated | Gone | PaymentsReplayed,
    *,
    plan: Plan,
    installments: Sequence[Installment],
) -> Sequence[Installment]:
    match event:
        case PlanChanged():
            return _changed(event, plan=plan, installments=installments)
        case OwnPaymentAllocated():
            _allocated(event, installments=installments)
            return ()
        case OrderRefunded() | OrderVoided() | AuthorisationExpired():
            _gone(event, plan=plan, installments=installments)
            return ()
        case PaymentsReplayed():
            _replayed(event, installments=installments)
            return ()


def _disputed(
    event: OrderDisputed | OrderDisputeEnded, *, plan: Plan, installments: Sequence[Installment]
) -> None:
    match event:
        case OrderDisputed():
            for number in event.waiting:
                _row(installments, number=number).waits_for = event.dispute_id
        case OrderDisputeEnded():
            for row in installments:
                row.waits_for = None
            _changed(event, plan=plan, installments=installments)


def _changed(
    event: PlanChanged | OrderDisputeEnded, *, plan: Plan, installments: Sequence[Installment]
) -> Sequence[Installment]:
    """What is due on another day is collected anew then; of what was moved nothing is owed."""
    known = {row.number: row for row in installments}
    new = []
    for told in event.installments:
        row = known.get(told.number)
        if row is None:
            row = Installment(
                plan_id=plan.plan_id,
                number=told.number,
                due_on=told.due_on,
                principal_santim=told.principal,
                interest_santim=told.interest,
            )
            new.append(row)
        is_moved = row.due_on != told.due_on
        row.due_on, row.late_fee_santim = told.due_on, told.late_fee
        row.principal_santim, row.interest_santim = told.principal, told.interest
        is_settled = told.planned == row.paid_in_part_santim
        if row.state is InstallmentState.PAID or not (is_moved or is_settled):
            continue
        _move(row, to=InstallmentState.CANCELLED if is_settled else InstallmentState.SCHEDULED)
        row.next_attempt_at, row.next_attempt_reason = None, None
    return new


def _allocated(event: OwnPaymentAllocated, *, installments: Sequence[Installment]) -> None:
    """Less interest is asked for; what the payment pays is told by the events that follow."""
    for told in event.installments:
        row = _row(installments, number=told.number)
        row.interest_santim = told.interest
        is_over = row.state in (InstallmentState.PAID, InstallmentState.CANCELLED)
        if is_over or event.share_of(number=told.number) is not None:
            continue
        _cancel_if_nothing_is_left(row, planned=told.planned)


def _gone(event: Gone, *, plan: Plan, installments: Sequence[Installment]) -> None:
    """Less is asked for; an installment of which nothing is left is over."""
    match event:
        case OrderRefunded():
            plan.goods_returned_santim = plan.goods_returned_santim + event.amount
        case OrderVoided() | AuthorisationExpired():
            plan.voided_santim = plan.voided_santim + event.amount
            plan.authorisation_expired |= isinstance(event, AuthorisationExpired)
    back = {part.number: part.amount for part in event.interest_back}
    for told in event.installments:
        row = _row(installments, number=told.number)
        row.principal_santim, row.interest_santim = told.principal, told.interest
        if row.state in (InstallmentState.PAID, InstallmentState.CANCELLED):
            continue
        if told.number in back:
            row.paid_in_part_santim = row.paid_in_part_santim - back[told.number]
        _cancel_if_nothing_is_left(row, planned=told.planned)


def _replayed(event: PaymentsReplayed, *, installments: Sequence[Installment]) -> None:
    """What counts as paid is another sum; what is owed again is open again."""
    for told in event.rows:
        row, after = _row(installments, number=told.number), told.after
        row.principal_santim, row.interest_santim = after.principal, after.interest
        row.late_fee_santim, row.late_fee_paid_santim = after.late_fee, after.paid_late_fee
        row.paid_in_part_santim = told.in_part
        row.paid_at, row.attempt_id = told.paid_at, told.attempt_id
        if row.state is not told.state:
            check_replayed_transition(before=row.state, after=told.state)
            row.state = told.state
            row.next_attempt_at, row.next_attempt_reason = None, None


def _cancel_if_nothing_is_left(row: Installment, *, planned: Money) -> None:
    if planned <= row.paid_in_part_santim:
        _move(row, to=InstallmentState.CANCELLED)
        row.next_attempt_at, row.next_attempt_reason = None, None


def _row(installments: Sequence[Installment], *, number: int) -> Installment:
    for row in installments:
        if row.number == number:
            return row
    raise Defect("installment_missing", f"there is no installment {number} to record this of")


def _move(row: Installment, *, to: InstallmentState) -> None:
    check_installment_transition(before=row.state, after=to)
    row.state = to
