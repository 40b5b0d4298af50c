"""What each event of a plan's log changes in the history of its account."""

from meqenet.bnpl import delinquency_events as d
from meqenet.bnpl import events as e
from meqenet.bnpl import loss_events as lo
from meqenet.bnpl import staff_events as s
from meqenet.bnpl.account_history import AccountHistory
from meqenet.bnpl.dispute_events import OrderDisputed, OrderDisputeEnded
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
from meqenet.bnpl.servicing.account import LateFee


def account_after(*, event: e.PlanEvent, before: AccountHistory) -> AccountHistory:
    """The history with one more event of the plan's log; most events change nothing of it."""
    match event:
        case d.LateFeeCharged():
            return before.charged(
                LateFee(number=event.number, period=event.period, on=event.on, amount=event.amount)
            )
        case s.LateFeeWaived():
            return before.without(number=event.number, amount=event.amount)
        case lo.PlanChargedOff() | lo.PlanWrittenOff():
            return before.given_up(event)
        case (
            PlanChanged()
            | OwnPaymentAllocated()
            | OrderCaptured()
            | OrderRefunded()
            | OrderVoided()
            | AuthorisationExpired()
            | OrderDisputed()
            | OrderDisputeEnded()
            | PaymentsReplayed()
        ):
            return _changed(event, before=before)
        case e.InstallmentPaid() | LateFeePaid() | InstallmentPaidInPart():
            return _account_paid(event, before=before)
        case _:
            return before


def _changed(
    event: PlanChanged
    | OwnPaymentAllocated
    | OrderCaptured
    | Gone
    | OrderDisputed
    | OrderDisputeEnded
    | PaymentsReplayed,
    *,
    before: AccountHistory,
) -> AccountHistory:
    match event:
        case PlanChanged():
            return before.changed(event)
        case OwnPaymentAllocated():
            return before.allocated(event)
        case OrderCaptured():
            return before.captured(event)
        case OrderRefunded() | OrderVoided() | AuthorisationExpired():
            return before.refunded(event)
        case OrderDisputed() | OrderDisputeEnded():
            return before.disputed(event)
        case PaymentsReplayed():
            return before.replayed(event)


def _account_paid(
    event: e.InstallmentPaid | LateFeePaid | InstallmentPaidInPart, *, before: AccountHistory
) -> AccountHistory:
    match event:
        case e.InstallmentPaid():
            return before.with_paid(number=event.number, amount=event.late_fee)
        case LateFeePaid():
            return before.with_paid(number=event.number, amount=event.amount)
        case InstallmentPaidInPart():
            return before.with_part(event)
