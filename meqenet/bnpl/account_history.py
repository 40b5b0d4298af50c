"""What has changed a plan's account since it came into force, as its log tells it.

Together with the terms that were signed and the installments that are paid it gives the account
again: a plan's process keeps this much, and one that goes on from the stores reads it from the log.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date

from meqenet.bnpl.dispute_events import OrderDisputed, OrderDisputeEnded
from meqenet.bnpl.hardship_events import PlanChanged
from meqenet.bnpl.loss_events import PlanChargedOff, PlanWrittenOff
from meqenet.bnpl.payment_events import FeePart, InstallmentPaidInPart, OwnPaymentAllocated
from meqenet.bnpl.refund_events import (
    AuthorisationExpired,
    Gone,
    OrderCaptured,
    OrderRefunded,
    OrderVoided,
)
from meqenet.bnpl.replay_events import CountedPayment, PaymentsReplayed
from meqenet.bnpl.servicing.account import (
    Account,
    InstallmentAccount,
    LateFee,
    PaidPrincipal,
    PausedDays,
    open_account,
)
from meqenet.bnpl.servicing.amounts import NOTHING, Amounts
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.money import Money, total

ScheduleInForce = PlanChanged | OwnPaymentAllocated | Gone | OrderDisputeEnded | PaymentsReplayed
"""What can give a plan another schedule."""


@dataclass(frozen=True, kw_only=True)
class AccountHistory:
    """What happened to a plan's account beside the payment of whole installments.

    Attributes:
        late_fees: those that were charged, in their order; a waiver leaves them here.
        waived: what of them is not owed any more.
        paid: what of them is paid.
        parts: payments of a part of an installment.
        charged_off: how the plan was given up as a loss, if it was.
        written_off: how the rest of that was given up for good, if it was.
        changes: those of the schedule for hardship, in their order.
        fees_moved: how much more, or less, is owed of an installment's late fees by them.
        allocations: payments by the customer's own will of a plan that bears interest.
        refunds: goods that went back, and what of the order was voided, in their order.
        disputes: of the order, or of parts of it.
        disputes_ended: those of them that are over.
        captures: what of the order its merchant has captured, where it does so itself.
        newest_is: kind of the newest event among those that give the schedule in force: changes,
            allocations, refunds or voids, replays, and ends of disputes after which something is
            due again; empty while that is the one that was signed.
        replays: of payments; what is told above of what was paid is what counts since the newest.
    """

    late_fees: tuple[LateFee, ...] = ()
    waived: tuple[FeePart, ...] = ()
    paid: tuple[FeePart, ...] = ()
    charged_off: PlanChargedOff | None = None
    written_off: PlanWrittenOff | None = None
    parts: tuple[InstallmentPaidInPart, ...] = ()
    changes: tuple[PlanChanged, ...] = ()
    fees_moved: tuple[FeePart, ...] = ()
    allocations: tuple[OwnPaymentAllocated, ...] = ()
    refunds: tuple[Gone, ...] = ()
    disputes: tuple[OrderDisputed, ...] = ()
    disputes_ended: tuple[OrderDisputeEnded, ...] = ()
    newest_is: str = ""
    captures: tuple[OrderCaptured, ...] = ()
    replays: tuple[PaymentsReplayed, ...] = ()

    @property
    def newest_change(self) -> ScheduleInForce | None:
        """What the schedule in force comes from; None: it is the one that was signed."""
        match self.newest_is:
            case OrderDisputeEnded.kind:
                return next(each for each in reversed(self.disputes_ended) if each.installments)
            case OwnPaymentAllocated.kind:
                return self.allocations[-1]
            case OrderRefunded.kind | OrderVoided.kind | AuthorisationExpired.kind:
                return self.refunds[-1]
            case PaymentsReplayed.kind:
                return self.replays[-1]
            case _:
                return self.changes[-1] if self.changes else None

    def charged(self, fee: LateFee, /) -> "AccountHistory":
        """The same with one more late fee."""
        return replace(self, late_fees=(*self.late_fees, fee))

    def without(self, *, number: int, amount: Money) -> "AccountHistory":
        """The same with a part of an installment's late fees not owed any more."""
        return replace(self, waived=(*self.waived, FeePart(number=number, amount=amount)))

    def with_paid(self, *, number: int, amount: Money) -> "AccountHistory":
        """The same with a part of an installment's late fees paid; nothing changes nothing."""
        if not amount:
            return self
        return replace(self, paid=(*self.paid, FeePart(number=number, amount=amount)))

    def with_part(self, told: InstallmentPaidInPart, /) -> "AccountHistory":
        """The same with a part of an installment paid, its late fees included."""
        fees_paid = self.with_paid(number=told.number, amount=told.late_fee)
        return replace(fees_paid, parts=(*self.parts, told))

    def paid_in_part(self, *, number: int, without: str = "") -> Money:
        """What parts have paid of an installment, late fees aside.

        Args:
            number: the installment.
            without: an attempt whose own part does not count.
        """
        principal = total(
            part.principal
            for part in self.parts
            if part.number == number and part.attempt_id != without
        )
        return principal + self.interest_paid_in_part(number=number, without=without)

    def interest_paid_in_part(self, *, number: int, without: str = "") -> Money:
        """What of that has paid interest, less what has gone back with goods."""
        paid = total(
            part.interest
            for part in self.parts
            if part.number == number and part.attempt_id != without
        )
        back = total(
            part.amount
            for refund in self.refunds
            for part in refund.interest_back
            if part.number == number
        )
        return max(NOTHING, paid - back)

    def allocated(self, told: OwnPaymentAllocated, /) -> "AccountHistory":
        """The same with a payment whose installments are told paid by the events that follow."""
        return replace(self, allocations=(*self.allocations, told), newest_is=told.kind)

    def refunded(self, told: Gone, /) -> "AccountHistory":
        """The same with goods that have gone back, or a part of the order that was voided."""
        return replace(self, refunds=(*self.refunds, told), newest_is=told.kind)

    @property
    def dispute(self) -> OrderDisputed | None:
        """The dispute that is open, if there is one: one at a time."""
        is_open = len(self.disputes) > len(self.disputes_ended)
        return self.disputes[-1] if is_open else None

    def disputed(self, told: OrderDisputed | OrderDisputeEnded, /) -> "AccountHistory":
        """The same with a dispute opened, or ended."""
        match told:
            case OrderDisputed():
                return replace(self, disputes=(*self.disputes, told))
            case OrderDisputeEnded():
                newest = told.kind if told.installments else self.newest_is
                ended = (*self.disputes_ended, told)
                return replace(self, disputes_ended=ended, newest_is=newest)

    def captured(self, told: OrderCaptured, /) -> "AccountHistory":
        """The same with a part of the order that its merchant has captured."""
        return replace(self, captures=(*self.captures, told))

    def goods_back(self) -> tuple[OrderRefunded, ...]:
        """Goods that have gone back."""
        return tuple(each for each in self.refunds if isinstance(each, OrderRefunded))

    def voids(self) -> tuple[OrderVoided | AuthorisationExpired, ...]:
        """What of the order was voided."""
        return tuple(each for each in self.refunds if not isinstance(each, OrderRefunded))

    def replayed(self, told: PaymentsReplayed, /) -> "AccountHistory":
        """The same with its payments replayed: what they pay, and the late fees, count anew."""
        late_fees = tuple(
            LateFee(number=fee.number, period=fee.period, on=fee.on, amount=fee.amount)
            for fee in told.late_fees
        )
        waived = tuple(FeePart(number=each.number, amount=each.amount) for each in told.waivers)
        counted = replace(
            self,
            late_fees=late_fees,
            waived=waived,
            paid=tuple(_fee_parts(told.payments)),
            parts=tuple(_parts_of(told)),
            fees_moved=(),
            allocations=(),
            newest_is=told.kind,
            replays=(*self.replays, told),
        )
        moved = (
            FeePart(number=row.number, amount=row.late_fee - counted.fees_owed(number=row.number))
            for row in told.installments
        )
        return replace(counted, fees_moved=tuple(part for part in moved if part.amount))

    def allocation(self, *, attempt_id: str) -> OwnPaymentAllocated | None:
        """What an attempt's money pays, where that has been told."""
        return next((each for each in self.allocations if each.attempt_id == attempt_id), None)

    def given_up(self, told: PlanChargedOff | PlanWrittenOff, /) -> "AccountHistory":
        """The same of a plan that is charged off, or written off."""
        match told:
            case PlanChargedOff():
                return replace(self, charged_off=told)
            case PlanWrittenOff():
                return replace(self, written_off=told)

    def changed(self, told: PlanChanged, /) -> "AccountHistory":
        """The same with another schedule; late fees may be owed of other installments by it."""
        moved = (
            FeePart(number=row.number, amount=row.late_fee - self.fees_owed(number=row.number))
            for row in told.installments
        )
        return replace(
            self,
            changes=(*self.changes, told),
            newest_is=told.kind,
            fees_moved=(*self.fees_moved, *(part for part in moved if part.amount)),
        )

    def interest_not_owed(self, *, number: int) -> Money:
        """What of an installment's interest is owed no more, as it was not earned by its loss."""
        lost = () if self.charged_off is None else self.charged_off.installments
        return total(row.interest_not_owed for row in lost if row.number == number)

    def fees_owed(self, *, number: int) -> Money:
        """What is owed, or has been paid, of an installment's late fees.

        They are those that were charged, less what was waived, and what a change has moved.
        """
        charged = total(fee.amount for fee in self.late_fees if fee.number == number)
        moved = _of(self.fees_moved, number=number)
        return charged + moved - _of(self.waived, number=number)

    def fees_left(self, *, number: int | None = None) -> Money:
        """What is still to be paid of the late fees of an installment, or of all."""
        numbers = {fee.number for fee in self.late_fees} if number is None else {number}
        if number is None:
            numbers |= {part.number for part in self.fees_moved}
        return total(self.fees_owed(number=each) - _of(self.paid, number=each) for each in numbers)

    def fees_paid(self) -> Money:
        """What has been paid of all late fees."""
        return total(part.amount for part in self.paid)


def account_of(*, terms: ScheduleTerms, paid: Collection[int], history: AccountHistory) -> Account:
    """The account as it stands.

    Args:
        terms: what the signed schedule follows from, counted from the day of activation.
        paid: numbers of the installments whose principal and interest are paid.
        history: what else has happened to it.
    """
    opened = _in_force(open_account(terms=terms), history=history)
    rows = tuple(_row(row, paid=paid, history=history) for row in opened.installments)
    return replace(
        opened,
        installments=rows,
        arrears_moved=_arrears_moved(rows, history=history),
        late_fees=history.late_fees,
        charged_off_on=None if history.charged_off is None else history.charged_off.on,
    )


def require_signed(*, account: Account, signed: Collection[tuple[int, date, Money, Money]]) -> None:
    """Hold the account to the schedule that the customer signed, or that a change has made of it.

    Args:
        account: as :func:`account_of` makes it.
        signed: number, due date, principal and interest of each installment in force; of a plan
            that was charged off, without the interest that is not owed any more.

    Raises:
        ValueError: it is another schedule.
    """
    found = tuple(
        (row.number, row.due_on, row.owed.principal, row.owed.interest)
        for row in account.installments
    )
    if found != tuple(signed):
        raise ValueError("the account is not that of the schedule that was signed")


def _in_force(opened: Account, *, history: AccountHistory) -> Account:
    """The account with nothing paid, under the schedule in force."""
    newest = history.newest_change
    if newest is None:
        return opened
    changed = replace(
        opened,
        installments=tuple(row.account() for row in newest.installments),
        paid_ahead=tuple(sorted(_paid_ahead(history), key=lambda each: each.on)),
    )
    if not history.changes:
        return changed
    last = history.changes[-1]
    return replace(
        changed,
        dates_from=last.dates_from,
        dates_from_number=last.dates_from_number,
        pauses=tuple(
            PausedDays(first=each.first_day, last=each.last_day)
            for each in history.changes
            if each.first_day is not None and each.last_day is not None
        ),
        changes=tuple(each.change for each in history.changes),
    )


def _fee_parts(payments: Collection[CountedPayment]) -> Iterator[FeePart]:
    """What payments pay of late fees."""
    for payment in payments:
        for share in payment.all_shares:
            if share.late_fee:
                yield FeePart(number=share.number, amount=share.late_fee)


def _parts_of(told: PaymentsReplayed) -> Iterator[InstallmentPaidInPart]:
    """What payments pay of installments, all but what has paid one whole."""
    paid_by = {row.number: row.attempt_id for row in told.rows}
    for payment in told.payments:
        for number in dict.fromkeys(each.number for each in payment.all_shares):
            share = payment.share_of(number=number)
            if share is None or not share.scheduled or paid_by[number] == payment.attempt_id:
                continue
            yield InstallmentPaidInPart(
                number=number,
                attempt_id=payment.attempt_id,
                amount=share.amount,
                paid_at=payment.paid_at,
                late_fee=share.late_fee,
                interest=share.interest,
            )


def _paid_ahead(history: AccountHistory) -> Iterator[PaidPrincipal]:
    """Principal that was gone before its date, and earned until its day."""
    refunds = history.refunds
    if history.replays:
        newest = history.replays[-1]
        refunds = refunds[newest.refunds :]
        for ahead in newest.paid_ahead:
            yield PaidPrincipal(on=ahead.on, principal=ahead.principal)
    for payment in history.allocations:
        if payment.principal_ahead:
            yield PaidPrincipal(on=payment.on, principal=payment.principal_ahead)
    for refund in refunds:
        if refund.earns_less_from and refund.owed_less:
            yield PaidPrincipal(on=refund.on, principal=refund.owed_less)


def _arrears_moved(rows: tuple[InstallmentAccount, ...], *, history: AccountHistory) -> Money:
    """What a change has moved is paid by what comes first after it."""
    newest = history.newest_change
    if newest is None:
        return NOTHING
    since = total(row.paid.planned for row in rows) - newest.paid
    return max(NOTHING, newest.arrears_moved - max(NOTHING, since))


def _row(
    row: InstallmentAccount, *, paid: Collection[int], history: AccountHistory
) -> InstallmentAccount:
    number = row.number
    interest = row.owed.interest - history.interest_not_owed(number=number)
    planned = replace(row.owed, interest=interest)
    is_paid = number in paid
    in_part = history.paid_in_part(number=number)
    # Until the end of a plan that is paid off is told, more of it is paid than it asks for.
    interest_in_part = min(history.interest_paid_in_part(number=number), interest)
    return replace(
        row,
        owed=replace(planned, penalty=history.fees_owed(number=number)),
        paid=Amounts(
            penalty=_of(history.paid, number=number),
            interest=planned.interest if is_paid else interest_in_part,
            principal=planned.principal
            if is_paid
            else in_part - history.interest_paid_in_part(number=number),
        ),
    )


def _of(parts: tuple[FeePart, ...], *, number: int) -> Money:
    return total(part.amount for part in parts if part.number == number)
