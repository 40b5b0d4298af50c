"""Whether a payment can be reversed, back-dated or called a repetition, and what is told of it.

The preview and the deed are the same functions, so what staff are shown is what is done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from meqenet.bnpl.own_payment import PART_MIN
from meqenet.bnpl.replay_events import (
    ChargedFee,
    CountedPayment,
    CountedShare,
    InstallmentStood,
    PaymentsReplayed,
    PrincipalAhead,
    ReplayCause,
    ReplayedInstallment,
    WaivedFee,
)
from meqenet.bnpl.schedule_in_force import in_force
from meqenet.bnpl.servicing.account import Account, InstallmentAccount
from meqenet.bnpl.servicing.replay import (
    Correction,
    MoveTo,
    PaidShare,
    Replayed,
    ReplayedPayment,
    TakeOut,
    changes_since,
    replay,
)
from meqenet.bnpl.servicing.told import ToldPayment, ToldPlan
from meqenet.bnpl.servicing_policy import ServicingPolicy
from meqenet.bnpl.states import InstallmentState
from meqenet.calendar import at_addis
from meqenet.errors import Mender, Refusal
from meqenet.money import Money, total

_SETTLED = (InstallmentState.PAID, InstallmentState.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class WantedReplay:
    """What a person says of a payment.

    Attributes:
        cause: what it had not been.
        attempt_id: the payment.
        value_date: of one that is back-dated: the Addis Ababa date on which its money had moved.
        repeats: of a repetition: the payment that had brought the same before.
        by: who says so.
        why: the reason.
    """

    cause: ReplayCause
    attempt_id: str
    value_date: date | None = None
    repeats: str | None = None
    by: str = ""
    why: str = ""

    @property
    def correction(self) -> Correction:
        """As the payments are replayed."""
        if self.value_date is not None:
            return MoveTo(attempt_id=self.attempt_id, on=self.value_date)
        return TakeOut(attempt_id=self.attempt_id)


@dataclass(frozen=True, kw_only=True)
class PlanNow:
    """A plan as it stands.

    Attributes:
        account: as its process knows it; late fees that are due have been charged.
        policy: of its product version.
        told: its past.
        states: of its installments.
        refunds: how many refunds of its order there were.
        on: today, an Addis Ababa date by the plan's clock.
    """

    account: Account
    policy: ServicingPolicy
    told: ToldPlan
    states: Mapping[int, InstallmentState]
    refunds: int
    on: date


def payments_replayed(*, plan: PlanNow, wanted: WantedReplay) -> PaymentsReplayed:
    """What becomes of a plan by a replay, as its log is told.

    Raises:
        Refusal: ``payment_unknown``; ``payment_taken_out``; ``payment_at_checkout``;
            ``value_date_invalid``; ``repeated_payment_unknown``; ``plan_charged_off``;
            ``payment_too_small``: so little would be left that it cannot be collected;
            ``plan_changed_since``; ``order_refunded_since``; ``payments_not_replayable``.
    """
    payment = _payment(plan, wanted)
    _require_day(plan, payment, wanted)
    _require_nothing_since(plan, wanted)
    terms, until = plan.account.terms, plan.on
    try:
        before = replay(
            terms=terms, policy=plan.policy, told=plan.told, correction=None, until=until
        )
    except ValueError as error:
        raise _not_replayable() from error
    if _stands(before.account) != _stands(plan.account):
        raise _not_replayable()
    after = replay(
        terms=terms,
        policy=plan.policy,
        told=plan.told,
        correction=wanted.correction,
        until=until,
    )
    _require_collectable(wanted, before=before.account, after=after.account)
    return _told(plan, wanted, payment=payment, before=before, after=after)


def _payment(plan: PlanNow, wanted: WantedReplay) -> ToldPayment:
    if plan.account.charged_off_on is not None:
        text = "plan: it was charged off; what its payments were is settled with finance"
        raise _refused("plan_charged_off", text, field=None)
    if wanted.attempt_id in plan.told.taken_out:
        text = "attempt: it was found before not to be a payment of the plan"
        raise _refused("payment_taken_out", text)
    payment = plan.told.payment(attempt_id=wanted.attempt_id)
    if payment is None:
        raise _refused("payment_unknown", "attempt: it has brought no payment of the plan")
    if payment.is_checkout:
        text = (
            "attempt: it was made at checkout, and the plan came into force by it; finance has to "
            "settle with the merchant (refund the order) and the customer"
        )
        raise _refused("payment_at_checkout", text)
    other = wanted.repeats
    if wanted.cause is ReplayCause.REPEATED and (
        other is None or other == wanted.attempt_id or plan.told.payment(attempt_id=other) is None
    ):
        text = "repeats: another payment of the plan, which brought the same money before"
        raise _refused("repeated_payment_unknown", text, field="repeats")
    return payment


def _require_day(plan: PlanNow, payment: ToldPayment, wanted: WantedReplay) -> None:
    day = wanted.value_date
    if wanted.cause is not ReplayCause.BACKDATED:
        return
    first = plan.account.terms.disbursed_on
    if day is None or not first <= day < payment.on:
        text = (
            f"value_date: a day from {first}, on which the plan came into force, and before "
            f"{payment.on}, as of which the payment counts"
        )
        raise _refused("value_date_invalid", text, field="value_date")


def _require_nothing_since(plan: PlanNow, wanted: WantedReplay) -> None:
    """A change that was made of the account as it was cannot be made again of another."""
    since = changes_since(told=plan.told, correction=wanted.correction)
    bears_interest = bool(plan.account.terms.annual_rate_percent)
    for schedule in plan.told.schedules:
        is_before = since is None or (schedule.on, schedule.sequence) < since
        if is_before and not bears_interest:
            continue
        if schedule.is_refund:
            text = "plan: goods went back since; a refund follows from what was paid by then"
            raise _refused("order_refunded_since", text, field=None)
        text = "plan: its schedule was changed since; a change follows from what was owed by then"
        raise _refused("plan_changed_since", text, field=None)


def _require_collectable(wanted: WantedReplay, *, before: Account, after: Account) -> None:
    """Nobody is made late for santims that no wallet can be asked for; money that is gone is."""
    if wanted.cause is not ReplayCause.BACKDATED:
        return
    for was, now in zip(before.installments, after.installments, strict=True):
        if Money.zero() < now.left.total < PART_MIN and was.left.total != now.left.total:
            text = (
                f"value_date: it would leave of installment {now.number} {now.left.total} birr, "
                f"less than the {PART_MIN} birr that can be collected"
            )
            raise _refused("payment_too_small", text, field="value_date")


def _not_replayable() -> Refusal:
    text = "plan: what its log tells of its payments does not give its account again"
    return _refused("payments_not_replayable", text, field=None)


def _refused(code: str, text: str, *, field: str | None = "attempt") -> Refusal:
    return Refusal(code, text, mender=Mender.MEQENET, field=field)


def _stands(account: Account) -> tuple[tuple[int, date, InstallmentStood], ...]:
    return tuple((row.number, row.due_on, _stood(row)) for row in account.installments)


def _stood(row: InstallmentAccount) -> InstallmentStood:
    return InstallmentStood(
        principal=row.owed.principal,
        interest=row.owed.interest,
        late_fee=row.owed.fees,
        paid_principal=row.paid.principal,
        paid_interest=row.paid.interest,
        paid_late_fee=row.paid.fees,
    )


def _told(
    plan: PlanNow,
    wanted: WantedReplay,
    *,
    payment: ToldPayment,
    before: Replayed,
    after: Replayed,
) -> PaymentsReplayed:
    account = after.account
    counted = tuple(_counted(each, known=before.payments, moved=wanted) for each in after.payments)
    return PaymentsReplayed(
        number=plan.told.replays + 1,
        cause=wanted.cause,
        attempt_id=wanted.attempt_id,
        amount=payment.amount,
        on=plan.on,
        value_date=wanted.value_date,
        repeats=wanted.repeats,
        installments=tuple(in_force(row=row) for row in account.installments),
        rows=tuple(
            _row(was, now, plan=plan, payments=counted)
            for was, now in zip(before.account.installments, account.installments, strict=True)
        ),
        payments=counted,
        late_fees=tuple(
            ChargedFee(number=fee.number, period=fee.period, on=fee.on, amount=fee.amount)
            for fee in account.late_fees
        ),
        waivers=tuple(
            WaivedFee(number=each.number, sequence=each.sequence, on=each.on, amount=each.amount)
            for each in after.waivers
        ),
        paid_ahead=tuple(
            PrincipalAhead(on=each.on, principal=each.principal) for each in account.paid_ahead
        ),
        arrears_moved=account.arrears_moved,
        paid=total(row.paid.planned for row in account.installments),
        refunds=plan.refunds,
        by=wanted.by,
        why=wanted.why,
    )


def _counted(
    payment: ReplayedPayment, *, known: Sequence[ReplayedPayment], moved: WantedReplay
) -> CountedPayment:
    told = payment.told
    was = next(each for each in known if each.told.attempt_id == told.attempt_id)
    is_moved = told.attempt_id == moved.attempt_id and moved.value_date is not None
    return CountedPayment(
        attempt_id=told.attempt_id,
        sequence=told.sequence,
        on=told.on,
        paid_at=at_addis(on=told.on, hour=0) if is_moved else told.paid_at,
        amount=told.amount,
        shares=tuple(map(_share, payment.shares)),
        from_credit=tuple(map(_share, payment.from_credit)),
        credit=payment.credited,
        interest_returned=payment.interest_returned,
        by_rule=payment.by_rule,
        is_checkout=told.is_checkout,
        is_posted_anew=_pays(payment) != _pays(was),
    )


def _pays(payment: ReplayedPayment) -> tuple[object, ...]:
    """What the books are told of it: in whatever order it pays."""
    return (
        frozenset(payment.shares),
        frozenset(payment.from_credit),
        payment.credited,
        payment.interest_returned,
    )


def _share(share: PaidShare) -> CountedShare:
    return CountedShare(
        number=share.number,
        principal=share.paid.principal,
        interest=share.paid.interest,
        late_fee=share.paid.fees,
        principal_before=share.principal_before,
        is_whole=share.is_whole,
    )


def _row(
    was: InstallmentAccount,
    now: InstallmentAccount,
    *,
    plan: PlanNow,
    payments: Sequence[CountedPayment],
) -> ReplayedInstallment:
    state = _state(now, before=plan.states[now.number], on=plan.on)
    is_paid = state is InstallmentState.PAID
    scheduled = [
        (payment, share)
        for payment in payments
        if (share := payment.share_of(number=now.number)) is not None and share.scheduled
    ]
    last = scheduled[-1][0] if is_paid and scheduled else None
    parts = [share for payment, share in scheduled if payment is not last]
    return ReplayedInstallment(
        number=now.number,
        before=_stood(was),
        after=_stood(now),
        state=state,
        paid_at=None if last is None else last.paid_at,
        attempt_id=None if last is None else last.attempt_id,
        in_part=total(share.scheduled for share in parts),
        interest_in_part=total(share.interest for share in parts),
    )


def _state(row: InstallmentAccount, *, before: InstallmentState, on: date) -> InstallmentState:
    """What is owed again waits for a person where its day is over: nobody is debited unasked."""
    if not row.left.planned:
        return before if before is InstallmentState.CANCELLED else InstallmentState.PAID
    if before not in _SETTLED:
        return before
    return InstallmentState.FAILED if row.due_on <= on else InstallmentState.SCHEDULED
