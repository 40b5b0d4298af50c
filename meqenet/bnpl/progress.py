"""How far a plan has come, told by its log alone.

A plan's process does one thing after the other, and each thing is recorded in the log when it is
done. So the newest event says what may have been under way when the process was lost, and
everything before it is done.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from meqenet.bnpl import delinquency_events as d
from meqenet.bnpl import events as e
from meqenet.bnpl import loss_events as lo
from meqenet.bnpl import staff_events as s
from meqenet.bnpl.account_events import account_after
from meqenet.bnpl.account_history import AccountHistory
from meqenet.bnpl.collection_hold import CollectionHold, HoldReason
from meqenet.bnpl.dispute_events import CollectionSetAside, OrderDisputeEnded
from meqenet.bnpl.hardship_events import PlanChanged
from meqenet.bnpl.payment_events import InstallmentPaidInPart, OwnPaymentAsked, OwnPaymentEnded
from meqenet.bnpl.refund_events import AuthorisationExpiring
from meqenet.bnpl.replay_events import PaymentsReplayed
from meqenet.bnpl.servicing.delinquency import Standing
from meqenet.bnpl.states import InstallmentState
from meqenet.calendar import addis_date


@dataclass(frozen=True, kw_only=True)
class CollectionProgress:
    """The collections of one installment.

    Attributes:
        attempts: attempts that are known to have ended, over all collections of it.
        started_on: Addis Ababa date from which the set distances of the newest collection count:
            the due date, or the day on which somebody had it collected again.
        failed: attempts of the newest collection that are known to have failed.
        next_attempt_at: when the attempt after those is made.
        wallet_id: the wallet that the customer wants to pay it from; None leaves it to the policy.
    """

    number: int
    attempts: int = 0
    started_on: date | None = None
    failed: int = 0
    next_attempt_at: datetime | None = None
    has_failed_for_good: bool = False
    wallet_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlanProgress:
    """What the log says of a plan.

    Attributes:
        sequence: number of the newest event; 0 of an empty log.
        newest: its kind.
        newest_at: when it was.
        identity_attempt: how many logins at Fayda were asked for.
        login_expires_at: until when the newest of them may be finished.
        identity_confirmed: whether one was.
        offer_expires_at: until when the offer may be accepted.
        accepted_at: when it was.
        payment_deadline: until when the payment at checkout, or the mandate, may come.
        payment_requested: whether the customer was asked for the payment that is still open.
        payments_failed: attempts of the payment at checkout that have failed.
        is_activated: the agreement came into force.
        activated_on: the Addis Ababa date on which it did.
        activating: the newest event belongs to the activation, which may be half done.
        payout_rejected: id of the newest payout, if the bank has refused it.
        returned: a checkout payment went back.
        collections: by installment, those that were ever collected.
        hold: what staff have last asked for: until when nothing is collected by itself.
        standing: how late the plan was when that was last told; None if it never was late.
        account: what has changed the plan's account, beside the payment of installments.
        payments: how many payments the customer has begun by their own will.
        payment: the newest of them, while it is not over.
        receipts: the provider's ids of those that came to our short code.
        authorised_until: when the merchant's time to capture is over, where it captures itself.
        merchant_told: ids of the payouts whose end the log tells.
        expiry_told: the merchant was told that its time to capture will soon be over.
    """

    sequence: int = 0
    newest: str = ""
    newest_at: datetime | None = None
    identity_attempt: int = 0
    login_expires_at: datetime | None = None
    identity_confirmed: bool = False
    offer_expires_at: datetime | None = None
    accepted_at: datetime | None = None
    agreement_version: str | None = None
    payment_deadline: datetime | None = None
    payment_requested: bool = False
    payments_failed: int = 0
    is_activated: bool = False
    activated_on: date | None = None
    activating: bool = False
    cancel_reason: str | None = None
    payout_rejected: str | None = None
    returned: bool = False
    collections: tuple[CollectionProgress, ...] = ()
    hold: CollectionHold | None = None
    standing: Standing | None = None
    account: AccountHistory = field(default_factory=AccountHistory)
    payments: int = 0
    payment: OwnPaymentAsked | None = None
    receipts: tuple[str, ...] = ()
    authorised_until: datetime | None = None
    merchant_told: tuple[str, ...] = ()
    expiry_told: bool = False

    @property
    def awaits_new_try(self) -> bool:
        """The payment at checkout has failed; the customer may try again."""
        return self.newest == "checkout_payment_failed"

    def collection(self, *, number: int) -> CollectionProgress:
        """The collections of an installment; nothing done when there were none."""
        for known in self.collections:
            if known.number == number:
                return known
        return CollectionProgress(number=number)


def progress_of(*, log: Iterable[tuple[e.PlanEvent, datetime]]) -> PlanProgress:
    """Read a plan's whole log, from its first event on; each with when it was true."""
    reader = _Reader()
    for event, at in log:
        reader.take(event, at=at)
    return replace(
        reader.progress,
        collections=tuple(known for _, known in sorted(reader.collections.items())),
    )


@dataclass
class _Reader:
    progress: PlanProgress = field(default_factory=PlanProgress)
    collections: dict[int, CollectionProgress] = field(default_factory=dict)
    due_on: dict[int, date] = field(default_factory=dict)

    def take(self, event: e.PlanEvent, *, at: datetime) -> None:
        """Read the next event."""
        before = self.progress
        at_checkout = isinstance(event, e.InstallmentPaid) and before.newest == "plan_activated"
        self.progress = replace(
            before,
            sequence=before.sequence + 1,
            newest=event.kind,
            newest_at=at,
            activating=isinstance(event, e.PlanActivated) or at_checkout,
        )
        self._note(
            account=account_after(event=event, before=before.account),
            payments=before.payments + isinstance(event, OwnPaymentAsked),
            payment=_payment_after(event, before=before.payment),
            receipts=(*before.receipts, *_receipts_in(event)),
        )
        match event:
            case (
                e.CollectionStarted()
                | e.CollectionAttemptFailed()
                | e.InstallmentPaid()
                | e.InstallmentFailed()
                | s.NextAttemptMoved()
                | s.WalletChosen()
                | InstallmentPaidInPart()
                | CollectionSetAside()
            ):
                self._collection(event, at=at)
            case lo.PlanChargedOff():
                for number in self.due_on:
                    self._no_more_tried(number)
            case PlanChanged() | OrderDisputeEnded() | PaymentsReplayed():
                self._changed(event)
            case s.CollectionPaused() | s.CustomerUnreachable() | s.CollectionResumed():
                self._note(hold=_hold_of(event))
            case e.PlanActivated():
                self.due_on = {row.number: row.due_on for row in event.installments}
                self._note(
                    is_activated=True,
                    activated_on=event.activated_on,
                    authorised_until=event.authorised_until,
                )
            case e.MerchantPayoutRejected() | e.MerchantPaid():
                is_refused = isinstance(event, e.MerchantPayoutRejected)
                self._note(
                    payout_rejected=event.payout_id if is_refused else None,
                    merchant_told=(*self.progress.merchant_told, event.payout_id),
                )
            case AuthorisationExpiring():
                self._note(expiry_told=True)
            case d.BucketChanged() | d.AccrualStopped() | d.AccrualResumed() | d.ChargeOffFellDue():
                self._note(standing=_standing_after(event, before=self.progress.standing))
            case _:
                self._before_activation(event, at=at)

    def _changed(self, event: PlanChanged | OrderDisputeEnded | PaymentsReplayed) -> None:
        """What is due on another day, or no more, is not tried; it begins anew on its day."""
        if isinstance(event, PaymentsReplayed):
            self._replayed(event)
            return
        for row in event.installments:
            if self.due_on.get(row.number) == row.due_on and row.planned:
                continue
            self.due_on[row.number] = row.due_on
            known = self.collections.get(row.number)
            if known is not None:
                self.collections[row.number] = replace(
                    known, failed=0, next_attempt_at=None, has_failed_for_good=False
                )

    def _replayed(self, event: PaymentsReplayed) -> None:
        """What is paid is not tried any more; what is owed again begins anew."""
        for row in event.rows:
            known = self.collections.get(row.number)
            if known is None or row.before.paid == row.after.paid:
                continue
            if row.state is InstallmentState.FAILED:
                self._no_more_tried(row.number)
            elif row.state is not InstallmentState.COLLECTING:
                self.collections[row.number] = replace(
                    known, failed=0, next_attempt_at=None, has_failed_for_good=False
                )

    def _no_more_tried(self, number: int) -> None:
        known = self.collections.get(number, CollectionProgress(number=number))
        self.collections[number] = replace(
            known, failed=0, next_attempt_at=None, has_failed_for_good=True
        )

    def _before_activation(self, event: e.PlanEvent, *, at: datetime) -> None:
        match event:
            case e.IdentityRequested():
                self._note(identity_attempt=event.attempt, login_expires_at=event.expires_at)
            case e.IdentityConfirmed():
                self._note(identity_confirmed=True)
            case e.PlanOffered():
                self._note(offer_expires_at=event.expires_at)
            case e.OfferAccepted():
                self._note(accepted_at=at, agreement_version=event.agreement_version)
            case e.PaymentRequested() if event.number is None:
                self._note(payment_deadline=event.expires_at, payment_requested=True)
            case e.CheckoutPaymentFailed():
                failed = self.progress.payments_failed + 1
                self._note(
                    payments_failed=failed,
                    payment_deadline=event.expires_at,
                    payment_requested=False,
                )
            case e.PlanCancelled():
                self._note(cancel_reason=event.reason)
            case e.PaymentReturned():
                self._note(returned=True)
            case _:
                # Opened, declined, expired, completed: the plan's state says it all.
                return

    def _collection(
        self,
        event: e.CollectionStarted
        | e.CollectionAttemptFailed
        | e.InstallmentPaid
        | e.InstallmentFailed
        | s.NextAttemptMoved
        | s.WalletChosen
        | InstallmentPaidInPart
        | CollectionSetAside,
        *,
        at: datetime,
    ) -> None:
        number = event.number
        known = self.collections.get(number, CollectionProgress(number=number))
        match event:
            case e.CollectionStarted():
                again = known.has_failed_for_good
                started_on = addis_date(at=at) if again else self.due_on.get(number)
                first = event.next_attempt_at
                if first is not None:
                    started_on = addis_date(at=first)
                known = replace(known, started_on=started_on, failed=0, next_attempt_at=first)
            case e.CollectionAttemptFailed():
                known = replace(
                    known,
                    attempts=known.attempts + 1,
                    failed=known.failed + 1,
                    next_attempt_at=event.next_attempt_at,
                )
            case InstallmentPaidInPart():
                if f"-i{number:02d}-a" not in event.attempt_id:
                    return  # by the customer's own will
                known = replace(known, attempts=known.attempts + 1, next_attempt_at=None)
            case s.WalletChosen():
                known = replace(known, wallet_id=event.wallet_id)
            case s.NextAttemptMoved():
                known = _moved(known, to=event.next_attempt_at)
            case CollectionSetAside():
                known = replace(known, failed=0, next_attempt_at=None)
            case e.InstallmentPaid() | e.InstallmentFailed():
                failed = isinstance(event, e.InstallmentFailed)
                known = replace(
                    known,
                    attempts=known.attempts + 1,
                    failed=0,
                    next_attempt_at=None,
                    has_failed_for_good=known.has_failed_for_good or failed,
                )
        self.collections[number] = known

    def _note(self, **changed: object) -> None:
        self.progress = replace(self.progress, **changed)  # type: ignore[arg-type]  # fields of the class


def _moved(known: CollectionProgress, *, to: datetime) -> CollectionProgress:
    """The distances that are left count from the new time on, as they did from the old one."""
    started_on, before = known.started_on, known.next_attempt_at
    if started_on is not None and before is not None:
        started_on += addis_date(at=to) - addis_date(at=before)
    return replace(known, started_on=started_on, next_attempt_at=to)


def _payment_after(event: e.PlanEvent, *, before: OwnPaymentAsked | None) -> OwnPaymentAsked | None:
    match event:
        case OwnPaymentAsked():
            return event
        case OwnPaymentEnded():
            return None
        case _:
            return before


def _receipts_in(event: e.PlanEvent) -> tuple[str, ...]:
    if isinstance(event, OwnPaymentAsked) and event.receipt is not None:
        return (event.receipt,)
    return ()


def _standing_after(event: d.DelinquencyChange, *, before: Standing | None) -> Standing:
    known = replace(before or Standing(on=event.on), on=event.on)
    match event:
        case d.BucketChanged():
            days = event.days_past_due
            still_due = known.charge_off_due and days > 0
            return replace(known, days_past_due=days, charge_off_due=still_due)
        case d.AccrualStopped():
            return replace(known, days_past_due=event.days_past_due, is_accruing=False)
        case d.AccrualResumed():
            return replace(known, is_accruing=True)
        case d.ChargeOffFellDue():
            return replace(known, days_past_due=event.days_past_due, charge_off_due=True)


def _hold_of(
    event: s.CollectionPaused | s.CustomerUnreachable | s.CollectionResumed,
) -> CollectionHold | None:
    match event:
        case s.CollectionPaused():
            return CollectionHold(reason=HoldReason.PAUSED, until=event.until)
        case s.CustomerUnreachable():
            return CollectionHold(reason=HoldReason.UNREACHABLE, until=event.until)
        case s.CollectionResumed():
            return None
