"""A part of an installment in the store: shown, owed no more, and known to whoever goes on."""

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from activities.contracts.bnpl import BnplSteps, LoadPlan
from db.bnpl import views
from db.kernel.engine import Database
from meqenet.bnpl.payment_events import InstallmentPaidInPart, OwnPaymentAsked, SchedulePart
from meqenet.bnpl.states import InstallmentState
from meqenet.money import Money
from tests.activities.bnpl.stories import application, begun

_ON = date(2026, 11, 23)


async def test_a_part_is_shown_and_a_plan_loaded_from_the_store_knows_it(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    life = await begun(steps, application(unique, "pay_in_4"))
    await life.offered()
    active = await life.activated(on=_ON)
    await life.record(life.payment(active.installments[0]), "active")
    part = InstallmentPaidInPart(
        number=2, attempt_id=f"{life.plan.plan_id}-x01-a1", amount=Money(40_000), paid_at=life.now
    )
    asked = OwnPaymentAsked(
        order=1,
        amount=part.amount,
        installments=(),
        late_fees=(),
        parts=(SchedulePart(number=2, amount=part.amount),),
    )
    await life.record(asked, "active")
    await life.record(part, "active")
    async with bnpl.read() as session:
        view = await views.plan_view(session=session, plan_id=life.plan.plan_id)
    assert view is not None
    second = view.installments[1]
    assert (second.state, second.paid_in_part) == (InstallmentState.SCHEDULED, part.amount)
    assert (second.paid, second.owed) == (part.amount, second.amount - part.amount)

    loaded = await steps.load_plan(LoadPlan(plan_id=life.plan.plan_id))
    assert loaded.progress.account.parts == (part,)
    assert loaded.progress.payment == asked

    await life.record(life.payment(active.installments[1]), "active")
    async with bnpl.read() as session:
        view = await views.plan_view(session=session, plan_id=life.plan.plan_id)
    assert view is not None
    assert view.installments[1].paid == second.amount
    assert not view.installments[1].owed


async def test_parts_of_more_than_the_installment_are_not_kept(
    steps: BnplSteps, unique: str
) -> None:
    life = await begun(steps, application(unique, "pay_in_4"))
    await life.offered()
    active = await life.activated(on=_ON)
    whole = active.installments[1].amount
    told = InstallmentPaidInPart(
        number=2, attempt_id=f"{life.plan.plan_id}-x01-a1", amount=whole, paid_at=life.now
    )
    await life.record(told, "active")
    with pytest.raises(IntegrityError, match="parts_are_within_the_installment"):
        await life.record(told, "active")
