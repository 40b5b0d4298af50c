import asyncio
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from activities.contracts.bnpl import BnplSteps, NextAction, RecordEvent
from db.bnpl import views
from db.bnpl.projection import apply
from db.bnpl.tables import Installment, Plan
from db.kernel.engine import Database
from db.kernel.events import require_unbroken
from meqenet.bnpl.events import (
    CheckoutPaymentFailed,
    CollectionAttemptFailed,
    CollectionStarted,
    IdentityConfirmed,
    IdentityRequested,
    InstallmentFailed,
    MerchantPaid,
    MerchantPayoutRejected,
    OfferAccepted,
    PaymentRequested,
    PaymentReturned,
    PlanCancelled,
    PlanCompleted,
    PlanDeclined,
    PlanEvent,
    PlanExpired,
)
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.errors import Defect
from meqenet.money import Money, total
from tests.activities.bnpl.stories import AT, Life, application, begun, everything

_EVENT: TypeAdapter[PlanEvent] = TypeAdapter(PlanEvent)
_ON = date(2026, 11, 23)


async def _view(bnpl: Database, life: Life) -> views.PlanView:
    async with bnpl.read() as session:
        view = await views.plan_view(session=session, plan_id=life.plan.plan_id)
    assert view is not None
    return view


def _states(view: views.PlanView) -> list[str]:
    return [row.state.value for row in view.installments]


async def _active(steps: BnplSteps, unique: str, option: str = "pay_in_4") -> Life:
    life = await begun(steps, application(unique, option))
    await life.offered()
    await life.activated(on=_ON)
    return life


async def _whole_life(life: Life) -> None:
    """Everything that can happen to a plan that is completed in the end."""
    expires_at = life.now + timedelta(minutes=30)
    await life.record(IdentityRequested(attempt=1, expires_at=expires_at), "identity_required")
    await life.record(IdentityConfirmed(customer_id="cus_1"), "identity_required")
    offered = await life.offered()
    await life.activated(on=_ON + timedelta(days=1))
    plan_id = life.plan.plan_id
    first, second, *others = offered.installments
    await life.record(life.payment(first), "active")
    await life.record(CollectionStarted(number=2), "active")
    attempt_id = f"{plan_id}-i02-a1"
    await life.record(
        CollectionAttemptFailed(
            number=2,
            attempt_id=attempt_id,
            cause="no_funds",
            next_attempt_at=life.now + timedelta(days=1),
        ),
        "past_due",
    )
    payout_id = f"{plan_id}-p1"
    await life.record(MerchantPayoutRejected(payout_id=payout_id, reason_code="AC03"), "past_due")
    await life.record(InstallmentFailed(number=2, cause="no_funds"), "past_due")
    await life.record(CollectionStarted(number=2), "past_due")
    await life.record(life.payment(second, attempt=3), "active")
    await life.record(MerchantPaid(payout_id=f"{plan_id}-p2", amount=Money(975_000)), "active")
    for row in others:
        await life.paid(row)
    collected = total(row.amount for row in offered.installments)
    await life.record(PlanCompleted(collected=collected), "completed", step="none")


async def test_the_view_follows_the_events(steps: BnplSteps, bnpl: Database, unique: str) -> None:
    life = await begun(steps, application(unique, "pay_in_4"))
    offered = await life.offered()
    view = await _view(bnpl, life)
    assert (view.state, view.next_step) == (PlanState.OFFERED, "the customer accepts the offer")
    assert view.next_step_at == offered.expires_at
    assert view.next_action is not None
    assert view.next_action["kind"] == "accept_offer"
    assert view.offer is not None
    assert view.offer["effective_apr_percent"] == str(offered.effective_apr_percent)
    assert view.offer["total_payable"] == {"currency": "ETB", "santim": 1_000_000}
    assert "installments" not in view.offer
    assert [(row.number, row.due_on, row.amount) for row in view.installments] == [
        (row.number, row.due_on, row.amount) for row in offered.installments
    ]
    activated = await life.activated(on=_ON + timedelta(days=3))
    view = await _view(bnpl, life)
    assert (view.state, view.next_action, view.next_step_at) == (PlanState.ACTIVE, None, None)
    assert (view.activated_on, view.settlement_due_at) == (
        _ON + timedelta(days=3),
        activated.settlement_due_at,
    )
    assert [row.due_on for row in view.installments] == [
        date(2026, 11, 26),
        date(2026, 12, 10),
        date(2026, 12, 24),
        date(2027, 1, 7),
    ]
    assert _states(view) == ["scheduled"] * 4
    assert view.changed_at == life.now


async def test_a_collection_from_due_to_failed_to_paid(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    life = await _active(steps, unique)
    assert life.offer is not None
    second = life.offer.installments[1]
    again_at = AT + timedelta(days=1)
    failed = CollectionAttemptFailed(
        number=2, attempt_id="a1", cause="no_funds", next_attempt_at=again_at
    )
    seen = []
    for event, state in (
        (CollectionStarted(number=2), "active"),
        (failed, "past_due"),
        (InstallmentFailed(number=2, cause="wallet_frozen"), "past_due"),
        (CollectionStarted(number=2), "past_due"),
        (life.payment(second, attempt=3), "active"),
    ):
        await life.record(event, state)
        view = await _view(bnpl, life)
        row = view.installments[1]
        seen.append(
            (row.state.value, row.failed_attempts, row.last_cause, row.next_attempt_at, view.state)
        )
    assert seen == [
        ("collecting", 0, None, None, "active"),
        ("collecting", 1, "no_funds", again_at, "past_due"),
        ("failed", 2, "wallet_frozen", None, "past_due"),
        ("collecting", 2, "wallet_frozen", None, "past_due"),
        ("paid", 2, "wallet_frozen", None, "active"),
    ]
    view = await _view(bnpl, life)
    assert _states(view) == ["scheduled", "paid", "scheduled", "scheduled"]
    assert view.installments[1].paid_at is not None


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (PlanCancelled(reason="changed my mind"), "cancelled"),
        (PlanExpired(stage="payment"), "expired"),
    ],
)
async def test_an_early_end_cancels_what_was_offered_and_money_goes_back(
    steps: BnplSteps, bnpl: Database, unique: str, event: PlanEvent, state: str
) -> None:
    life = await begun(steps, application(unique, "pay_in_4"))
    await life.offered()
    await life.record(OfferAccepted(agreement_version="2026-01"), "accepted")
    until = life.now + timedelta(minutes=30)
    await life.record(PaymentRequested(expires_at=until), "accepted")
    await life.record(
        CheckoutPaymentFailed(attempt_id="a1", cause="wrong_pin", expires_at=until), "accepted"
    )
    await life.record(event, state, step="none")
    assert _states(await _view(bnpl, life)) == ["cancelled"] * 4
    await life.record(PaymentReturned(refund_id="r1", amount=Money(250_000)), state)
    view = await _view(bnpl, life)
    assert (view.state.value, view.returned) == (state, Money(250_000))


async def test_a_decline_shows_its_reasons(steps: BnplSteps, bnpl: Database, unique: str) -> None:
    life = await begun(steps, application(unique, "pay_in_4"))
    reasons = (("limit_exceeded", "Your limit is too low."), ("too_young", "You are under 18."))
    await life.record(PlanDeclined(reasons=reasons), "declined", step="none")
    view = await _view(bnpl, life)
    assert view.decline_reasons == tuple({"code": code, "text": said} for code, said in reasons)


async def test_the_same_event_again_changes_nothing(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    life = await begun(steps, application(unique, "pay_in_4"))
    await _whole_life(life)
    before = await everything(bnpl, life.plan.plan_id)
    for command in life.recorded:
        await steps.record_event(command)
    assert await everything(bnpl, life.plan.plan_id) == before


async def test_recorded_by_many_at_once_it_is_one(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    life = await _active(steps, unique)
    await life.record(CollectionStarted(number=2), "active")
    failed = CollectionAttemptFailed(
        number=2, attempt_id="a1", cause="no_funds", next_attempt_at=None
    )
    command = life.next(failed, "active")
    await asyncio.gather(*(steps.record_event(command) for _ in range(6)))
    assert (await _view(bnpl, life)).installments[1].failed_attempts == 1


async def test_the_log_has_no_gap_and_no_repeat(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    life = await begun(steps, application(unique, "pay_in_4"))
    await _whole_life(life)
    async with bnpl.read() as session:
        log = await views.events_of(session=session, plan_id=life.plan.plan_id)
        await require_unbroken(session=session, stream=life.plan.plan_id)
    assert [event.content.sequence for event in log] == list(range(1, life.sequence + 1))
    assert log[-1].content.data["state"] == "completed"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"event": InstallmentFailed(number=2, cause="no_funds")}, "event_differs"),
        ({"state": "past_due"}, "event_differs"),
        ({"at": AT}, "event_differs"),
        ({"sequence": 99}, "event_out_of_sequence"),
        ({"sequence": 1}, "event_differs"),
        ({"plan_id": "pln_nobody"}, "plan_missing"),
    ],
)
async def test_a_number_stands_for_one_event(
    steps: BnplSteps, bnpl: Database, unique: str, changes: dict[str, Any], code: str
) -> None:
    life = await _active(steps, unique)
    command = await life.record(CollectionStarted(number=2), "active")
    before = await everything(bnpl, life.plan.plan_id)
    with pytest.raises(Defect) as broken:
        await steps.record_event(replace(command, **changes))
    assert broken.value.code == code
    assert await everything(bnpl, life.plan.plan_id) == before


async def _refused(steps: BnplSteps, bnpl: Database, command: RecordEvent) -> str:
    """The defect's code; the store is as it was."""
    before = await everything(bnpl, command.plan_id)
    with pytest.raises(Defect) as broken:
        await steps.record_event(command)
    assert await everything(bnpl, command.plan_id) == before
    return broken.value.code


@pytest.mark.parametrize(
    ("event", "state", "code"),
    [
        (IdentityConfirmed(customer_id="cus_1"), "applied", "plan_transition_forbidden"),
        (PlanCancelled(reason="late"), "cancelled", "plan_transition_forbidden"),
        (PlanExpired(stage="offer"), "expired", "plan_transition_forbidden"),
        (InstallmentFailed(number=3, cause="x"), "past_due", "installment_transition_forbidden"),
        (CollectionStarted(number=1), "active", "installment_transition_forbidden"),
        (CollectionStarted(number=5), "active", "installment_missing"),
    ],
)
async def test_a_forbidden_transition_is_a_defect(
    steps: BnplSteps, bnpl: Database, unique: str, event: PlanEvent, state: str, code: str
) -> None:
    life = await _active(steps, unique)
    assert life.offer is not None
    await life.record(life.payment(life.offer.installments[0]), "active")
    assert await _refused(steps, bnpl, life.next(event, state)) == code


async def test_an_activation_keeps_the_amounts_that_were_signed(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    life = await begun(steps, application(unique, "pay_in_4"))
    offered = await life.offered()
    await life.record(OfferAccepted(agreement_version="2026-01"), "accepted")
    other = await begun(steps, application(f"x{unique}", "pay_in_4", birr="20000.00"))
    await other.offered()
    activation = await other.activated(on=_ON)
    assert await _refused(steps, bnpl, life.next(activation, "active")) == "schedule_differs"
    right = replace(activation, installments=offered.installments)
    await life.record(right, "active")


async def test_the_rows_can_be_made_again_from_the_log_alone(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    life = await begun(steps, application(unique, "pay_in_4"))
    await _whole_life(life)
    plan_id = life.plan.plan_id
    async with bnpl.read() as session:
        log = await views.events_of(session=session, plan_id=plan_id)
        stored = await session.get_one(Plan, plan_id)
        stored_rows = [await session.get_one(Installment, (plan_id, n)) for n in (1, 2, 3, 4)]
    rebuilt = _opened_as(stored)
    rows: list[Installment] = []
    for event in log:
        data = {key: value for key, value in event.content.data.items() if key != "state"}
        rows += apply(event=_EVENT.validate_python(data), plan=rebuilt, installments=rows)
        rebuilt.state = PlanState(event.content.data["state"])
    shown = {"next_step", "next_step_at", "next_action", "changed_at"}
    assert _columns(rebuilt, but=shown) == _columns(stored, but=shown)
    assert [_columns(row) for row in rows] == [_columns(row) for row in stored_rows]
    assert [row.state for row in rows] == [InstallmentState.PAID] * 4


def _opened_as(stored: Plan) -> Plan:
    return Plan(
        plan_id=stored.plan_id,
        merchant_id=stored.merchant_id,
        reference=stored.reference,
        request_hash=stored.request_hash,
        option=PaymentOption(stored.option),
        product_version=stored.product_version,
        amount_santim=stored.amount_santim,
        installment_count=stored.installment_count,
        wallet_provider=stored.wallet_provider,
        test_clock_id=stored.test_clock_id,
        state=PlanState.APPLIED,
        opened_at=stored.opened_at,
        changed_at=stored.opened_at,
        next_step="identity check",
    )


def _columns(row: Plan | Installment, *, but: frozenset[str] | set[str] = frozenset()) -> object:
    return {each.name: getattr(row, each.name) for each in fields(row) if each.name not in but}


async def test_what_the_customer_has_to_do_is_replaced_by_each_event(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    life = await begun(steps, application(unique, "pay_in_4"))
    until = AT + timedelta(minutes=30)
    action = NextAction(kind="visit", url="https://example.et/login", expires_at=until)
    asked = life.next(IdentityRequested(attempt=1, expires_at=until), "identity_required")
    await steps.record_event(replace(asked, next_action=action, next_step_at=until))
    view = await _view(bnpl, life)
    assert view.next_action == {
        "kind": "visit",
        "url": "https://example.et/login",
        "app_link": None,
        "expires_at": "2026-11-23T06:30:00.000000Z",
    }
    life.sequence += 1
    await life.record(IdentityConfirmed(customer_id="cus_1"), "identity_required")
    view = await _view(bnpl, life)
    assert (view.next_action, view.next_step_at) == (None, None)
    async with bnpl.read() as session:
        log = await views.events_of(session=session, plan_id=life.plan.plan_id)
    assert "example.et" not in str([event.content.data for event in log])


@pytest.mark.parametrize(
    ("statement", "refused_as"),
    [
        ("DELETE FROM plans WHERE plan_id = :plan", "permission denied"),
        ("DELETE FROM installments WHERE plan_id = :plan", "permission denied"),
        ("UPDATE events SET data = '{}' WHERE stream = :plan", "permission denied"),
        ("DELETE FROM events WHERE stream = :plan", "permission denied"),
        ("UPDATE products SET document = '{}'", "permission denied"),
        ("INSERT INTO products SELECT option, 9, effective_from, document FROM products", "denied"),
        ("UPDATE plans SET amount_santim = 0 WHERE plan_id = :plan", "amount_is_something"),
        (
            "UPDATE installments SET principal_santim = -1 WHERE plan_id = :plan",
            "parts_are_not_negative",
        ),
    ],
)
async def test_the_database_itself_keeps_history_and_products(
    steps: BnplSteps, bnpl: Database, unique: str, statement: str, refused_as: str
) -> None:
    life = await _active(steps, unique)
    before = await everything(bnpl, life.plan.plan_id)
    with pytest.raises((IntegrityError, ProgrammingError), match=refused_as):
        await _run(bnpl, statement, life.plan.plan_id)
    assert await everything(bnpl, life.plan.plan_id) == before


async def _run(bnpl: Database, statement: str, plan_id: str) -> None:
    async with bnpl.write() as session:
        await session.execute(text(statement), {"plan": plan_id} if ":plan" in statement else {})
