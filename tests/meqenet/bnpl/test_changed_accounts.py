"""After a change for hardship the log gives the very account that the preview has shown."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from meqenet.bnpl.account_history import AccountHistory, account_of
from meqenet.bnpl.delinquency_events import LateFeeCharged
from meqenet.bnpl.events import PlanEvent
from meqenet.bnpl.hardship_events import plan_changed
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.payment_events import InstallmentPaidInPart
from meqenet.bnpl.progress import progress_of
from meqenet.bnpl.servicing.hardship import (
    ExtendPlan,
    HardshipChange,
    HardshipPreview,
    MoveDueDate,
    PausePlan,
    SpreadArrears,
    preview_change,
)
from meqenet.bnpl.servicing_policy import ServicingPolicy
from meqenet.money import Money
from tests.meqenet.bnpl.servicing.plans import FOUR_PARTS, product

_POLICY: ServicingPolicy = product(PaymentOption.PAY_IN_4).servicing_policy
_ON = date(2027, 1, 25)
"""A week after the second installment was due; the late fee is charged."""
_FEE = LateFeeCharged(number=2, period=1, on=date(2027, 1, 22), amount=Money.from_birr(25))
_PART = InstallmentPaidInPart(
    number=2,
    attempt_id="a",
    amount=Money.from_birr(325),
    paid_at=datetime(2027, 1, 24, tzinfo=UTC),
    late_fee=Money.from_birr(25),
)


def _history(*events: PlanEvent) -> AccountHistory:
    return progress_of(log=[(event, datetime(2027, 1, 25, tzinfo=UTC)) for event in events]).account


def _made(
    change: HardshipChange, *events: PlanEvent, on: date = _ON
) -> tuple[HardshipPreview, list[PlanEvent]]:
    before = account_of(terms=FOUR_PARTS, paid=[1], history=_history(*events))
    preview = preview_change(account=before, policy=_POLICY, change=change, on=on)
    told = plan_changed(preview=preview, change=change, on=on, by="stf_a", why="a good reason")
    return preview, [*events, told]


@pytest.mark.parametrize("before", [[_FEE], [_FEE, _PART]], ids=["late", "paid in part"])
@pytest.mark.parametrize(
    "change",
    [
        PausePlan(first_day=_ON, last_day=date(2027, 2, 3)),
        MoveDueDate(number=3, to=date(2027, 2, 12)),
        SpreadArrears(),
        ExtendPlan(installments=2),
    ],
    ids=lambda change: type(change).__name__,
)
def test_the_log_gives_the_account_of_the_preview(
    change: HardshipChange, before: list[PlanEvent]
) -> None:
    preview, events = _made(change, *before)
    assert account_of(terms=FOUR_PARTS, paid=[1], history=_history(*events)) == preview.after

    # And another change goes on from there.
    again, events = _made(MoveDueDate(number=4, to=date(2027, 3, 5)), *events)
    assert account_of(terms=FOUR_PARTS, paid=[1], history=_history(*events)) == again.after


def test_what_was_spread_is_owed_with_the_rest_and_cured_as_it_is_paid() -> None:
    _, events = _made(SpreadArrears(), _FEE)
    history = _history(*events)
    fees = [str(history.fees_left(number=number)) for number in (2, 3, 4)]
    assert (fees, str(history.fees_left())) == (["0.00", "12.50", "12.50"], "25.00")
    moved = [
        str(account_of(terms=FOUR_PARTS, paid=paid, history=history).arrears_moved)
        for paid in ([1], [1, 3], [1, 3, 4])
    ]
    assert moved == ["1000.00", "0.00", "0.00"]


def test_an_account_that_was_changed_is_not_the_one_that_was_signed() -> None:
    preview, events = _made(SpreadArrears(), _FEE)
    without = replace(_history(*events), changes=())
    assert account_of(terms=FOUR_PARTS, paid=[1], history=without) != preview.after
