"""What a plan's log tells of its payments, for whoever has to replay them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from meqenet.bnpl.delinquency_events import LateFeeCharged
from meqenet.bnpl.dispute_events import OrderDisputeEnded
from meqenet.bnpl.events import InstallmentPaid, PlanEvent
from meqenet.bnpl.hardship_events import PlanChanged
from meqenet.bnpl.payment_events import (
    InstallmentPaidInPart,
    LateFeePaid,
    OwnPaymentAllocated,
    OwnPaymentAsked,
)
from meqenet.bnpl.refund_events import AuthorisationExpired, Gone, OrderRefunded, OrderVoided
from meqenet.bnpl.replay_events import CountedPayment, CountedShare, PaymentsReplayed
from meqenet.bnpl.servicing.account import LateFee
from meqenet.bnpl.servicing.amounts import Amounts
from meqenet.bnpl.servicing.told import (
    Covers,
    ToldDates,
    ToldPayment,
    ToldPlan,
    ToldSchedule,
    ToldShare,
    ToldWaiver,
)
from meqenet.bnpl.staff_events import LateFeeWaived
from meqenet.calendar import addis_date
from meqenet.money import Money

BY_ITSELF: Final = "meqenet"
"""Who takes a fee back that is of a day after the money had moved: that is no waiver."""
_OWN: Final = re.compile(r"-x([0-9]{2})-a[0-9]+$", re.ASCII)
_Paid = InstallmentPaid | InstallmentPaidInPart | LateFeePaid


def told_plan(*, log: Iterable[tuple[PlanEvent, datetime]]) -> ToldPlan:
    """Read a plan's whole log, from its first event on; each with when it was true."""
    reader = _Reader()
    for sequence, (event, at) in enumerate(log, start=1):
        reader.take(event, sequence=sequence, at=at)
    return reader.told


@dataclass
class _Reader:
    told: ToldPlan = field(default_factory=ToldPlan)
    asked: dict[int, Money] = field(default_factory=dict)
    """What each payment of the customer's own will asked for."""
    newest: str = ""

    def take(self, event: PlanEvent, *, sequence: int, at: datetime) -> None:
        """Read the next event."""
        told = self.told
        match event:
            case OwnPaymentAsked():
                self.asked[event.order] = event.amount
            case OwnPaymentAllocated():
                self._put(_allocated(event, sequence=sequence, at=at))
            case InstallmentPaid() | InstallmentPaidInPart() | LateFeePaid():
                self._paid(event, sequence=sequence)
            case LateFeeCharged():
                fee = LateFee(
                    number=event.number, period=event.period, on=event.on, amount=event.amount
                )
                self.told = replace(told, late_fees=(*told.late_fees, fee))
            case LateFeeWaived() if event.by != BY_ITSELF:
                waiver = ToldWaiver(
                    number=event.number,
                    sequence=sequence,
                    on=addis_date(at=at),
                    amount=event.amount,
                )
                self.told = replace(told, waivers=(*told.waivers, waiver))
            case OrderDisputeEnded() if not event.installments:
                pass
            case (
                PlanChanged()
                | OrderDisputeEnded()
                | OrderRefunded()
                | OrderVoided()
                | AuthorisationExpired()
            ):
                schedule = _schedule(event, sequence=sequence)
                self.told = replace(told, schedules=(*told.schedules, schedule))
            case PaymentsReplayed():
                self.told = _replayed(told, event)
            case _:
                pass
        self.newest = event.kind

    def _paid(self, event: _Paid, *, sequence: int) -> None:
        known = self.told.payment(attempt_id=event.attempt_id)
        if known is not None and known.by_rule:
            # What it pays was told with its allocation; when it was paid, was not.
            self._put(replace(known, paid_at=event.paid_at))
            return
        share = _share(event)
        if known is not None:
            # Of one that the customer asked for, all of it is known from the first event on.
            amount = known.amount if self._own(event) else known.amount + event.amount
            self._put(replace(known, amount=amount, shares=(*known.shares, share)))
            return
        own = self._own(event)
        self._put(
            ToldPayment(
                attempt_id=event.attempt_id,
                sequence=sequence,
                on=addis_date(at=event.paid_at),
                paid_at=event.paid_at,
                amount=event.amount if own is None else own,
                shares=(share,),
                is_checkout=self.newest == "plan_activated",
            )
        )

    def _own(self, event: _Paid) -> Money | None:
        found = _OWN.search(event.attempt_id)
        return None if found is None else self.asked.get(int(found[1]))

    def _put(self, payment: ToldPayment) -> None:
        others = (each for each in self.told.payments if each.attempt_id != payment.attempt_id)
        self.told = replace(self.told, payments=(*others, payment))


def _share(event: _Paid) -> ToldShare:
    match event:
        case InstallmentPaid():
            return ToldShare(
                number=event.number, covers=Covers.REST, paid=Amounts(penalty=event.late_fee)
            )
        case InstallmentPaidInPart():
            part = Amounts(
                penalty=event.late_fee, interest=event.interest, principal=event.principal
            )
            return ToldShare(number=event.number, covers=Covers.PART, paid=part)
        case LateFeePaid():
            return ToldShare(
                number=event.number, covers=Covers.FEES, paid=Amounts(penalty=event.amount)
            )


def _allocated(event: OwnPaymentAllocated, *, sequence: int, at: datetime) -> ToldPayment:
    return ToldPayment(
        attempt_id=event.attempt_id,
        sequence=sequence,
        on=event.on,
        paid_at=at,
        amount=event.amount,
        by_rule=True,
    )


def _schedule(event: PlanChanged | OrderDisputeEnded | Gone, *, sequence: int) -> ToldSchedule:
    return ToldSchedule(
        sequence=sequence,
        on=event.on,
        owed=tuple(
            (
                row.number,
                Amounts(principal=row.principal, interest=row.interest, penalty=row.late_fee),
            )
            for row in event.installments
        ),
        is_refund=isinstance(event, Gone),
        dates=tuple(
            ToldDates(
                number=row.number,
                starts_on=row.starts_on,
                due_on=row.due_on,
                regular_due_on=row.regular_due_on,
            )
            for row in event.installments
        ),
    )


def _replayed(told: ToldPlan, event: PaymentsReplayed) -> ToldPlan:
    """What counts from then on; what was told before stands in the log alone."""
    is_out = event.value_date is None
    return replace(
        told,
        payments=tuple(sorted(map(_counted, event.payments), key=lambda each: each.sequence)),
        late_fees=tuple(
            LateFee(number=fee.number, period=fee.period, on=fee.on, amount=fee.amount)
            for fee in event.late_fees
        ),
        waivers=tuple(
            ToldWaiver(number=each.number, sequence=each.sequence, on=each.on, amount=each.amount)
            for each in event.waivers
        ),
        taken_out=(*told.taken_out, *((event.attempt_id,) if is_out else ())),
        replays=event.number,
    )


def _counted(payment: CountedPayment) -> ToldPayment:
    return ToldPayment(
        attempt_id=payment.attempt_id,
        sequence=payment.sequence,
        on=payment.on,
        paid_at=payment.paid_at,
        amount=payment.amount,
        shares=tuple(map(_told_share, payment.shares)),
        by_rule=payment.by_rule,
        is_checkout=payment.is_checkout,
    )


def _told_share(share: CountedShare) -> ToldShare:
    return ToldShare(
        number=share.number,
        covers=Covers.PART if share.scheduled else Covers.FEES,
        paid=Amounts(penalty=share.late_fee, interest=share.interest, principal=share.principal),
    )
