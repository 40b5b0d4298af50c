"""Payments that are reversed, back-dated or repeated: what was told, and what counts then."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meqenet.bnpl.hardship_events import plan_changed
from meqenet.bnpl.replay_events import PaymentsReplayed, ReplayCause
from meqenet.bnpl.replaying import WantedReplay, payments_replayed
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.hardship import MoveDueDate, preview_change
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.bnpl.servicing.replay import MoveTo, Replayed, TakeOut, replay
from meqenet.bnpl.states import InstallmentState
from meqenet.errors import Refusal
from meqenet.money import Money, total
from tests.meqenet.bnpl.lived import PLAN, LivedPlan
from tests.meqenet.bnpl.servicing.plans import (
    FIXED_FEE,
    FOUR_PARTS,
    PERCENT_FEE,
    POLICY,
    SIX_MONTHS,
)

_FOUR = replace(POLICY, late_fee=FIXED_FEE)
_SIX = replace(POLICY, late_fee=PERCENT_FEE)
_FEE = Money.from_birr("25.00")
_PART = Money.from_birr("1000.00")

_Steps = list[tuple[int, str, int]]


def _steps(*deeds: str) -> st.SearchStrategy[_Steps]:
    step = st.tuples(st.integers(0, 25), st.sampled_from(deeds), st.integers(100, 200_000))
    return st.lists(step, min_size=1, max_size=6)


STEPS = _steps("collect", "pay")
_WITH_MOVED_DATES = _steps("collect", "pay", "move")


def lived(steps: _Steps, *, is_free: bool) -> tuple[LivedPlan, list[Account]]:
    """The plan, and its account before each payment that was made."""
    terms, policy = (FOUR_PARTS, _FOUR) if is_free else (SIX_MONTHS, _SIX)
    plan, before = LivedPlan(terms=terms, policy=policy), list[Account]()
    for days, deed, santim in steps:
        plan.days(days)
        account = plan.account
        left = account.left.total.santim
        if not left:
            break
        if deed == "move":
            if is_free:
                _moved(plan, days=1 + santim % 10)
            continue
        off = pay_off_quote(account=account, policy=plan.policy, on=plan.on).total
        amount = min(Money(santim if is_free else santim // 40), off)
        if deed == "collect" and plan.is_due:
            plan.collect()
        elif plan.pay(amount) is None:
            continue
        before.append(account)
    return plan, before


def _moved(plan: LivedPlan, *, days: int) -> bool:
    """The next installment that is not paid is due so much later, and those after it."""
    row = next(row for row in plan.account.installments if row.number not in plan.paid)
    change = MoveDueDate(number=row.number, to=row.due_on + timedelta(days=days))
    try:
        preview = preview_change(
            account=plan.account, policy=plan.policy, change=change, on=plan.on
        )
    except Refusal:
        return False
    plan.tell(plan_changed(preview=preview, change=change, on=plan.on, by="stf_a", why="asked"))
    return True


def _replay(
    plan: LivedPlan, correction: TakeOut | MoveTo | None, *, until: date | None = None
) -> Replayed:
    return replay(
        terms=plan.terms,
        policy=plan.policy,
        told=plan.now.told,
        correction=correction,
        until=until or plan.on,
    )


def _rows(account: Account) -> list[tuple[object, ...]]:
    return [(row.number, row.due_on, row.owed, row.paid) for row in account.installments]


@settings(max_examples=50)
@given(is_free=st.booleans(), steps=_WITH_MOVED_DATES)
def test_what_is_told_gives_the_account_and_without_its_newest_payment_that_before_it(
    steps: _Steps, *, is_free: bool
) -> None:
    plan, before = lived(steps, is_free=is_free)
    told = plan.now.told
    assert _rows(_replay(plan, None).account) == _rows(plan.account)
    if not before:
        return
    newest = told.payments[-1]
    if any(each.sequence > newest.sequence for each in told.schedules):
        return
    assert _replay(plan, MoveTo(attempt_id=newest.attempt_id, on=newest.on)) == _replay(plan, None)
    out = _replay(plan, TakeOut(attempt_id=newest.attempt_id), until=newest.on)
    assert _rows(out.account) == _rows(before[-1])


@settings(max_examples=50)
@given(is_free=st.booleans(), steps=_WITH_MOVED_DATES, data=st.data())
def test_a_replay_adds_up_and_the_log_gives_its_account_again(
    data: st.DataObject, *, steps: _Steps, is_free: bool
) -> None:
    plan, before = lived(steps, is_free=is_free)
    if not before:
        return
    payment = data.draw(st.sampled_from(plan.now.told.payments))
    first = plan.terms.disbursed_on
    days = (payment.on - first).days
    back = data.draw(st.integers(0, days))
    wanted = WantedReplay(
        cause=ReplayCause.BACKDATED if back else ReplayCause.REVERSED,
        attempt_id=payment.attempt_id,
        value_date=payment.on - timedelta(days=back) if back else None,
    )
    told = _replayed_or_refused(plan, wanted)
    if told is None:
        return
    for each in told.payments:
        paid = total(share.amount for share in each.shares)
        assert paid + each.credit == each.amount
    financed = total(row.after.principal for row in told.rows)
    assert financed == plan.terms.principal
    assert all(not row.after.left.santim < 0 for row in told.rows)
    plan.replayed(told)
    assert [(row.number, *_stood(row.after)) for row in told.rows] == [
        (
            row.number,
            row.owed.principal,
            row.owed.interest,
            row.owed.fees,
            row.paid.principal,
            row.paid.interest,
            row.paid.fees,
        )
        for row in plan.account.installments
    ]
    # What counts from then on is told as well as it was before: it can be replayed once more.
    assert _rows(_replay(plan, None).account) == _rows(plan.account)
    assert plan.now.told.replays == 1


def _replayed_or_refused(plan: LivedPlan, wanted: WantedReplay) -> PaymentsReplayed | None:
    try:
        return payments_replayed(plan=plan.now, wanted=wanted)
    except Refusal as refusal:
        is_too_small = refusal.code == "payment_too_small"
        if refusal.code != "plan_changed_since" and not (
            is_too_small and wanted.cause is ReplayCause.BACKDATED
        ):
            raise
        return None


def _stood(stood: object) -> tuple[Money, ...]:
    return tuple(vars(stood).values())


def _late_in_four() -> tuple[LivedPlan, str, str]:
    """The second part is paid eight days late with its fee, the third on its day."""
    plan = LivedPlan(terms=FOUR_PARTS, policy=_FOUR)
    plan.collect()
    plan.days(22)
    late = plan.collect()
    plan.days(6)
    return plan, late, plan.collect()


def _reversed(plan: LivedPlan, attempt: str) -> PaymentsReplayed:
    wanted = WantedReplay(cause=ReplayCause.REVERSED, attempt_id=attempt, by="stf_a", why="gone")
    return payments_replayed(plan=plan.now, wanted=wanted)


def test_without_a_payment_the_next_one_pays_what_was_due_before_and_fees_follow() -> None:
    plan, late, on_time = _late_in_four()
    plan.days(5)
    told = _reversed(plan, late)
    assert [(row.number, row.before.left, row.after.left, row.state) for row in told.rows[1:]] == [
        # 1,025.00 of it are paid by the money that had paid the third part.
        (2, Money.zero(), _FEE, InstallmentState.FAILED),
        (3, Money.zero(), _PART + _FEE, InstallmentState.FAILED),
        (4, _PART, _PART, InstallmentState.SCHEDULED),
    ]
    (moved,) = told.posted_anew
    assert (moved.attempt_id, [each.number for each in moved.shares]) == (on_time, [2])
    assert told.principal_owed_more == _PART + _FEE
    assert told.late_fees_more == _FEE


def test_a_date_that_was_moved_before_the_payment_stays_moved() -> None:
    plan = LivedPlan(terms=FOUR_PARTS, policy=_FOUR)
    plan.collect()
    plan.days(10)
    assert _moved(plan, days=10)
    plan.days(14)
    paid = plan.collect()
    plan.days(2)
    told = _reversed(plan, paid)
    dates = [row.due_on for row in told.installments]
    assert dates == [date(2027, 1, 4), date(2027, 1, 28), date(2027, 2, 11), date(2027, 2, 25)]
    # Two days late by the moved date: nothing is charged yet.
    assert [row.after.left for row in told.rows] == [Money.zero(), _PART, _PART, _PART]
    plan.replayed(told)
    assert _rows(_replay(plan, None).account) == _rows(plan.account)


def test_money_that_had_moved_in_time_takes_the_fee_off_and_pays_ahead() -> None:
    plan, late, _ = _late_in_four()
    wanted = WantedReplay(
        cause=ReplayCause.BACKDATED, attempt_id=late, value_date=date(2027, 1, 18)
    )
    told = payments_replayed(plan=plan.now, wanted=wanted)
    assert [(row.after.late_fee, row.after.left) for row in told.rows] == [
        (Money.zero(), Money.zero()),
        (Money.zero(), Money.zero()),
        (Money.zero(), Money.zero()),
        (Money.zero(), _PART - _FEE),
    ]
    assert (told.late_fees_more, told.principal_owed_more) == (-_FEE, -_FEE)
    assert not told.late_fees


@given(days=st.integers(1, 60), back=st.integers(0, 60), birr=st.integers(2, 60))
@settings(max_examples=40)
def test_who_paid_earlier_than_was_recorded_is_never_later_for_it(
    days: int, back: int, birr: int
) -> None:
    plan = LivedPlan(terms=SIX_MONTHS, policy=_SIX)
    plan.days(days + 20)
    attempt = plan.pay(Money.from_birr(birr))
    plan.days(20)
    value_date = plan.on - timedelta(days=20 + min(back, days))
    if attempt is None or back == 0:
        return
    wanted = WantedReplay(cause=ReplayCause.BACKDATED, attempt_id=attempt, value_date=value_date)
    told = _replayed_or_refused(plan, wanted)
    if told is None:
        return
    due = [row for row in told.rows if told.installments[row.number - 1].due_on <= plan.on]
    before, after = (total(getattr(row, when).left for row in due) for when in ("before", "after"))
    assert after <= before
    assert told.interest_more <= Money.zero()
    assert told.late_fees_more <= Money.zero()


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (WantedReplay(cause=ReplayCause.REVERSED, attempt_id="pln_a-i09-a1"), "payment_unknown"),
        (
            WantedReplay(
                cause=ReplayCause.BACKDATED,
                attempt_id=f"{PLAN}-i02-a1",
                value_date=date(2027, 1, 3),
            ),
            "value_date_invalid",
        ),
        (
            WantedReplay(
                cause=ReplayCause.BACKDATED,
                attempt_id=f"{PLAN}-i02-a1",
                value_date=date(2027, 1, 26),
            ),
            "value_date_invalid",
        ),
        (
            WantedReplay(
                cause=ReplayCause.REPEATED,
                attempt_id=f"{PLAN}-i02-a1",
                repeats=f"{PLAN}-i02-a1",
            ),
            "repeated_payment_unknown",
        ),
    ],
)
def test_what_cannot_be_is_refused(wanted: WantedReplay, code: str) -> None:
    plan, _, _ = _late_in_four()
    with pytest.raises(Refusal) as refused:
        payments_replayed(plan=plan.now, wanted=wanted)
    assert refused.value.code == code


def test_what_was_taken_out_is_not_taken_out_again() -> None:
    plan, late, _ = _late_in_four()
    plan.replayed(_reversed(plan, late))
    with pytest.raises(Refusal) as refused:
        _reversed(plan, late)
    assert refused.value.code == "payment_taken_out"
