"""Payments that are reversed or back-dated: everything after them pays again, by value date.

Up to the first payment that changes its place, each pays what the log tells of it. From there on
each pays by the plan's own rule on its own day, and what has fallen due by now as it would have
been asked for; one that the schedule had asked for also the next installment. Late fees are charged
as the days then have it, and what staff had waived stays waived. So a replay in which nothing
changes is what was told, and one without the newest payment is the account before it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from meqenet.bnpl.servicing.account import Account, InstallmentAccount, LateFee, open_account
from meqenet.bnpl.servicing.allocation import Allocation, after_parts, allocate
from meqenet.bnpl.servicing.amounts import NOTHING, Amounts
from meqenet.bnpl.servicing.late_fees import late_fees_due
from meqenet.bnpl.servicing.pouring import AllocatedPart, amounts_of
from meqenet.bnpl.servicing.told import (
    Covers,
    ToldPayment,
    ToldPlan,
    ToldSchedule,
    ToldShare,
    ToldWaiver,
)
from meqenet.bnpl.servicing_policy import Component, LateFeePolicy, ServicingPolicy
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.money import Money

_Place = tuple[date, int]
_DAY = timedelta(days=1)
_ROUNDS_MAX = 12
_COMPONENTS = (Component.PENALTY, Component.FEE, Component.INTEREST, Component.PRINCIPAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOut:
    """The payment never was, or pays nothing of this plan."""

    attempt_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTo:
    """The payment's money had moved on another Addis Ababa date."""

    attempt_id: str
    on: date


Correction = TakeOut | MoveTo


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidShare:
    """What of an installment a payment pays once all is replayed.

    Attributes:
        number: the installment.
        paid: by component.
        principal_before: what of its principal payments before it have paid.
        is_whole: nothing of what is scheduled is left of it.
    """

    number: int
    paid: Amounts
    principal_before: Money
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedPayment:
    """A payment as it counts once all is replayed.

    Attributes:
        told: its day and its place; the amount is all of it.
        shares: what it pays.
        from_credit: what interest that is given back pays beside it.
        credited: what of it pays nothing: the customer's credit.
        interest_returned: interest that had been paid before and is given back with it.
        by_rule: told again, it pays by the plan's rule; else what its shares say.
    """

    told: ToldPayment
    shares: tuple[PaidShare, ...]
    from_credit: tuple[PaidShare, ...]
    credited: Money
    interest_returned: Money
    by_rule: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a plan is once its payments are replayed.

    Attributes:
        account: on the day.
        payments: in the order in which they count.
        waivers: of staff, as far as there was a fee to waive.
    """

    account: Account
    payments: tuple[ReplayedPayment, ...]
    waivers: tuple[ToldWaiver, ...]


def replay(
    *,
    terms: ScheduleTerms,
    policy: ServicingPolicy,
    told: ToldPlan,
    correction: Correction | None,
    until: date,
) -> Replayed:
    """The plan as it would be, had its payments been as the correction says.

    Args:
        terms: what was signed, counted from the day of activation.
        policy: of the plan's product version.
        told: the plan's past.
        correction: what was otherwise; None gives the account as it was told.
        until: the Addis Ababa date on which late fees are known.

    Raises:
        ValueError: the payment of the correction is not known, or what is told does not fit.
    """
    payments, since = _corrected(told, correction)
    teller = _Teller(
        policy=replace(policy, late_fee=None),
        late_fee=policy.late_fee,
        told_fees={(fee.number, fee.period): fee for fee in told.late_fees},
        since=since,
        account=open_account(terms=terms),
        until=until,
    )
    happened: list[ToldPayment | ToldWaiver | ToldSchedule] = [
        *payments,
        *told.waivers,
        *told.schedules,
    ]
    for each in sorted(happened, key=lambda one: (one.on, one.sequence)):
        teller.take(each)
    teller.charge(until=until, is_paid_then=False)
    return Replayed(
        account=teller.account,
        payments=tuple(teller.payments),
        waivers=tuple(teller.waivers),
    )


def changes_since(*, told: ToldPlan, correction: Correction) -> _Place | None:
    """From which place on payments pay otherwise; None: the correction changes nothing.

    Raises:
        ValueError: the payment is not known.
    """
    return _corrected(told, correction)[1]


def _corrected(
    told: ToldPlan, correction: Correction | None
) -> tuple[Sequence[ToldPayment], _Place | None]:
    if correction is None:
        return told.payments, None
    payment = told.payment(attempt_id=correction.attempt_id)
    if payment is None:
        raise ValueError(f"{correction.attempt_id} has brought no payment")
    others = [each for each in told.payments if each is not payment]
    if isinstance(correction, TakeOut):
        return others, payment.place
    if correction.on == payment.on:
        return told.payments, None
    moved = replace(payment, on=correction.on)
    return [*others, moved], min(payment.place, moved.place)


@dataclass(slots=True, kw_only=True)
class _Teller:
    """Tells the past again, one thing after the other."""

    policy: ServicingPolicy
    """Without late fees: they are charged by what was told of them."""
    late_fee: LateFeePolicy | None
    told_fees: dict[tuple[int, int], LateFee]
    since: _Place | None
    account: Account
    until: date
    """Today."""
    payments: list[ReplayedPayment] = field(default_factory=list)
    waivers: list[ToldWaiver] = field(default_factory=list)
    put_off: set[tuple[int, int]] = field(default_factory=set)
    """New fees of a day on which money moved: they follow a day later, if it did not pay."""

    def take(self, happened: ToldPayment | ToldWaiver | ToldSchedule) -> None:
        place = (happened.on, happened.sequence)
        is_replayed = self.since is not None and place >= self.since
        if isinstance(happened, ToldPayment) and not happened.is_checkout:
            self.charge(until=happened.on, is_paid_then=True)
        elif not isinstance(happened, ToldPayment):
            self.charge(until=happened.on, is_paid_then=False)
        match happened:
            case ToldPayment():
                if is_replayed or happened.by_rule:
                    self._pay_by_rule(happened, is_replayed=is_replayed)
                else:
                    self._pay_as_told(happened)
            case ToldWaiver():
                self._waive(happened)
            case ToldSchedule():
                self._reschedule(happened)

    def charge(self, *, until: date, is_paid_then: bool) -> None:
        """Late fees by the end of a day: those that were told, and those that a replay makes.

        A new one is not taken of the day on which money moves: its attempt may have been under way.
        """
        due = late_fees_due(account=self.account, policy=self.late_fee, until=until)
        for fee in due:
            charged = self._charged(fee, until=until, is_paid_then=is_paid_then)
            if charged is None:
                continue
            row = _row(self.account, number=fee.number)
            owed = row.owed.plus(component=Component.PENALTY, amount=charged.amount)
            self.account = replace(
                self.account.with_installments(replace(row, owed=owed)),
                late_fees=(*self.account.late_fees, charged),
            )

    def _charged(self, fee: LateFee, *, until: date, is_paid_then: bool) -> LateFee | None:
        """The fee as it is charged now; None: it is not, or not yet."""
        place = (fee.number, fee.period)
        known = self.told_fees.get(place)
        is_replayed = self.since is not None and self.since[0] <= fee.on
        if known is not None:
            if is_paid_then and known.on > until:
                return None
            return replace(known, amount=fee.amount) if is_replayed else known
        if not is_replayed:
            return None
        if is_paid_then and fee.on >= until:
            self.put_off.add(place)
            return None
        return replace(fee, on=fee.on + _DAY) if place in self.put_off else fee

    def _pay_by_rule(self, payment: ToldPayment, *, is_replayed: bool) -> None:
        before = self.account
        settles = self._settled_by(payment) if is_replayed else ()
        done = self._allocated(payment, settles=settles)
        self.account = replace(done.account, credit=NOTHING)
        from_credit = _shares(done.credit_parts, before=before, after=self.account)
        self.payments.append(
            ReplayedPayment(
                told=payment,
                shares=_shares(
                    done.parts, before=before, after=self.account, earlier=done.credit_parts
                ),
                from_credit=from_credit,
                credited=payment.amount - amounts_of(done.parts).total,
                interest_returned=done.interest_returned,
                by_rule=not is_replayed or done.ends_plan,
            )
        )

    def _allocated(self, payment: ToldPayment, *, settles: Collection[int]) -> Allocation:
        """By the plan's rule; what has fallen due by now is paid as it would have been asked for.

        Its interest depends on what is paid ahead, and that on what its interest takes of the
        money: each round comes nearer by a month's rate, so a few give it to the santim.
        """

        def allocated(start: Account, settled: Collection[int]) -> Allocation:
            return allocate(
                account=start,
                policy=self.policy,
                amount=payment.amount,
                on=payment.on,
                settles=settled,
            )

        account = self.account
        done = allocated(account, ())
        if done.ends_plan or not settles:
            return done
        for _ in range(_ROUNDS_MAX):
            asked = {n: _row(done.account, number=n).owed.interest for n in settles}
            done = allocated(_asking(account, interest=asked), settles)
            if not any(part.component is Component.PRINCIPAL for part in done.parts):
                return allocated(account, settles)
            if all(_row(done.account, number=n).owed.interest == asked[n] for n in settles):
                break
        return done

    def _settled_by(self, payment: ToldPayment) -> tuple[int, ...]:
        """Those to come that have fallen due since, and the next where it was asked for by plan."""
        ahead = [
            row for row in self.account.installments if row.due_on > payment.on and row.left.planned
        ]
        following = () if payment.is_own else ahead[:1]
        return tuple(row.number for row in ahead if row.due_on <= self.until or row in following)

    def _pay_as_told(self, payment: ToldPayment) -> None:
        before, parts = self.account, list[AllocatedPart]()
        for share in payment.shares:
            row = _row(self.account, number=share.number)
            paid = _of_row(share, row=row)
            parts += [
                AllocatedPart(number=share.number, component=name, amount=paid.of(name))
                for name in _COMPONENTS
                if paid.of(name)
            ]
            self.account = self.account.with_installments(replace(row, paid=row.paid + paid))
        self.account = after_parts(self.account, parts=tuple(parts), on=payment.on)
        self.payments.append(
            ReplayedPayment(
                told=payment,
                shares=_shares(parts, before=before, after=self.account),
                from_credit=(),
                credited=payment.amount - amounts_of(parts).total,
                interest_returned=NOTHING,
                by_rule=False,
            )
        )

    def _waive(self, waiver: ToldWaiver) -> None:
        row = _row(self.account, number=waiver.number)
        amount = min(waiver.amount, row.left.penalty)
        if not amount:
            return
        owed = row.owed.plus(component=Component.PENALTY, amount=-amount)
        self.account = self.account.with_installments(replace(row, owed=owed))
        self.waivers.append(replace(waiver, amount=amount))

    def _reschedule(self, schedule: ToldSchedule) -> None:
        rows, dates = [], {each.number: each for each in schedule.dates}
        for number, owed in schedule.owed:
            row = self.account.installment(number=number)
            if row is None:
                raise ValueError(f"a change has made installment {number}, which is not known")
            if moved := dates.get(number):
                row = replace(
                    row,
                    starts_on=moved.starts_on,
                    due_on=moved.due_on,
                    regular_due_on=moved.regular_due_on,
                )
            rows.append(replace(row, owed=owed))
        self.account = self.account.with_installments(*rows)


def _asking(account: Account, *, interest: Mapping[int, Money]) -> Account:
    """The account with other interest of some installments."""
    rows = []
    for number, asked in interest.items():
        row = _row(account, number=number)
        owed = replace(row.owed, interest=max(row.paid.interest, asked))
        rows.append(replace(row, owed=owed))
    return account.with_installments(*rows)


def _of_row(share: ToldShare, *, row: InstallmentAccount) -> Amounts:
    if share.covers is not Covers.REST:
        return share.paid
    return replace(row.left, penalty=share.paid.penalty, fee=NOTHING)


def _shares(
    parts: Sequence[AllocatedPart],
    *,
    before: Account,
    after: Account,
    earlier: Sequence[AllocatedPart] = (),
) -> tuple[PaidShare, ...]:
    """By installment; ``earlier``: what has paid before them since ``before``."""
    found = []
    for number in dict.fromkeys(part.number for part in parts):
        was, now = _row(before, number=number), _row(after, number=number)
        known = amounts_of(part for part in earlier if part.number == number)
        found.append(
            PaidShare(
                number=number,
                paid=amounts_of(part for part in parts if part.number == number),
                principal_before=was.paid.principal + known.principal,
                is_whole=not now.left.planned,
            )
        )
    return tuple(found)


def _row(account: Account, *, number: int) -> InstallmentAccount:
    row = account.installment(number=number)
    if row is None:
        raise ValueError(f"there is no installment {number}")
    return row
