import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from temporalio import activity

from activities.bnpl import BnplActivities
from activities.contracts import bnpl as contract
from activities.contracts.bnpl import BnplSteps, DateSchedule, MakeOffer, OpenPlan
from activities.contracts.step import Step
from db.bnpl import views
from db.kernel.engine import Database
from db.kernel.events import require_unbroken
from meqenet.bnpl.events import IdentityConfirmed
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.products import product_from_document
from meqenet.bnpl.states import PlanState
from meqenet.errors import Defect, Refusal
from meqenet.money import Money, total
from tests.activities.bnpl.stories import AT, application, begun, everything, totals


@pytest.mark.parametrize(
    ("option", "first", "owed", "monthly", "lender", "protection"),
    [
        # Opened on 23 November 2026: 7 and 21 December, 4 January.
        ("pay_in_4", "2500.00", "7500.00", "5000.00", "meqenet", 0),
        ("pay_in_30", "0.00", "10000.00", "10000.00", "meqenet", 0),
        # 22 % a year at the highest rate, 6 installments: 10000 x r / (1 - (1 + r)^-6).
        ("pay_over_time", "0.00", "10000.00", "1775.23", "partner_microfinance", 0),
        ("pay_in_full", "10000.00", "0.00", "0.00", "meqenet", 14),
    ],
)
async def test_the_terms_follow_from_the_product(
    steps: BnplSteps,
    unique: str,
    option: str,
    first: str,
    owed: str,
    monthly: str,
    lender: str,
    protection: int,
) -> None:
    terms = await steps.open_plan(application(unique, option))
    assert (str(terms.first_payment), str(terms.owed_after_checkout)) == (first, owed)
    assert str(terms.monthly_payment_max) == monthly
    assert (terms.lender_of_record, terms.protection_days) == (lender, protection)
    product = product_from_document(document=terms.product)
    assert (product.option, product.version) == (option, terms.product_version)
    assert terms.retry_after_days == product.retry_after_days
    assert terms.collection_hour == product.collection_hour


async def test_the_plan_and_its_first_event_are_stored(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    plan = replace(
        application(unique, "pay_over_time"), installment_count=12, test_clock_id="clk_1"
    )
    await steps.open_plan(plan)
    async with bnpl.read() as session:
        view = await views.plan_view(session=session, plan_id=plan.plan_id)
        (opened,) = await views.events_of(session=session, plan_id=plan.plan_id)
        await require_unbroken(session=session, stream=plan.plan_id)
    assert view is not None
    assert (view.state, view.option) == (PlanState.APPLIED, PaymentOption.PAY_OVER_TIME)
    assert (view.merchant_id, view.reference) == (plan.merchant_id, plan.reference)
    assert (view.amount, view.request_hash) == (plan.amount, plan.request_hash)
    assert (view.test_clock_id, view.installments, view.offer) == ("clk_1", (), None)
    assert (view.opened_at, view.changed_at) == (AT, AT)
    assert opened.content.event_type == "plan_opened"
    assert opened.content.sequence == 1
    assert opened.content.data["amount"] == {"currency": "ETB", "santim": 1_000_000}
    assert opened.content.data["state"] == "applied"
    assert plan.request_hash not in str(opened.content.data)


async def test_opened_again_it_is_the_same_plan(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    plan = application(unique, "pay_in_4")
    terms = await steps.open_plan(plan)
    before = await everything(bnpl, plan.plan_id)
    later = replace(plan, at=AT + timedelta(minutes=5))
    assert await asyncio.gather(*(steps.open_plan(later) for _ in range(4))) == [terms] * 4
    assert await everything(bnpl, plan.plan_id) == before


async def test_opened_by_many_at_once_it_is_one(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    plan = application(unique, "pay_in_4")
    await asyncio.gather(*(steps.open_plan(plan) for _ in range(6)))
    rows = await everything(bnpl, plan.plan_id)
    assert (len(rows["plans"]), len(rows["events"])) == (1, 1)


async def test_a_reference_stands_for_one_application(
    steps: BnplSteps, bnpl: Database, unique: str
) -> None:
    plan = application(unique, "pay_in_4")
    life = await begun(steps, plan)
    before = await everything(bnpl, plan.plan_id)
    with pytest.raises(Refusal) as refused:
        await steps.open_plan(replace(plan, request_hash="another", amount=Money(90_000)))
    assert (refused.value.code, refused.value.field) == ("reference_reused", "reference")
    assert await everything(bnpl, plan.plan_id) == before
    await life.record(IdentityConfirmed(customer_id="cus_1"), "applied")
    with pytest.raises(Refusal) as refused:
        await steps.open_plan(plan)
    assert refused.value.code == "plan_exists"
    with pytest.raises(Refusal) as refused:
        await steps.open_plan(replace(plan, request_hash="another"))
    assert refused.value.code == "reference_reused"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"option": "pay_never"}, "option_unknown", "option"),
        ({"at": datetime(2025, 12, 31, 20, 59, tzinfo=UTC)}, "option_unknown", "option"),
        ({"amount": Money.from_birr("499.99")}, "amount_below_minimum", "amount"),
        ({"amount": Money.from_birr("60000.01")}, "amount_above_maximum", "amount"),
        ({"installment_count": 3}, "installment_count_not_offered", "installment_count"),
    ],
)
async def test_what_is_not_offered_is_refused_and_nothing_is_stored(
    steps: BnplSteps,
    bnpl: Database,
    unique: str,
    changes: dict[str, object],
    code: str,
    field: str,
) -> None:
    plan: OpenPlan = replace(application(unique, "pay_in_4"), **changes)  # type: ignore[arg-type]  # any field
    with pytest.raises(Refusal) as refused:
        await steps.open_plan(plan)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert await everything(bnpl, plan.plan_id) == {"plans": [], "installments": [], "events": []}


async def test_an_option_begins_with_its_addis_ababa_day(steps: BnplSteps, unique: str) -> None:
    first_minute = datetime(2025, 12, 31, 21, 0, tzinfo=UTC)
    terms = await steps.open_plan(replace(application(unique, "pay_in_4"), at=first_minute))
    assert terms.product_version == 1


@pytest.mark.parametrize(
    ("option", "tier", "due", "basis_points"),
    [
        ("pay_in_4", "D", ["2500.00"] * 4, 0),
        ("pay_in_30", "A", ["10000.00"], 0),
        # The annuity at 15 %: 1740.34, the last one takes the remainder.
        ("pay_over_time", "A", ["1740.34"] * 5 + ["1740.33"], 1_500),
        ("pay_in_full", "C", ["10000.00"], 0),
    ],
)
async def test_the_offer_is_priced_by_the_tier_and_stores_nothing(
    steps: BnplSteps,
    bnpl: Database,
    unique: str,
    option: str,
    tier: str,
    due: list[str],
    basis_points: int,
) -> None:
    plan = application(unique, option)
    await steps.open_plan(plan)
    before = await everything(bnpl, plan.plan_id)
    made = await steps.make_offer(MakeOffer(plan_id=plan.plan_id, tier=tier, at=AT))
    assert totals(made.installments) == due
    assert made.nominal_rate_basis_points == basis_points
    assert total(row.principal for row in made.installments) == plan.amount
    assert made.total_payable == plan.amount + made.cost_of_credit
    assert bool(made.cost_of_credit) is bool(made.effective_apr_percent) is bool(basis_points)
    assert await everything(bnpl, plan.plan_id) == before


async def test_dating_the_schedule_moves_the_days_and_not_the_amounts(
    steps: BnplSteps, unique: str
) -> None:
    plan = replace(application(unique, "pay_over_time"), installment_count=24)
    await steps.open_plan(plan)
    made = await steps.make_offer(MakeOffer(plan_id=plan.plan_id, tier="C", at=AT))
    for activated_on in (date(2026, 11, 23), date(2027, 1, 31), date(2028, 2, 29)):
        dated = await steps.date_schedule(
            DateSchedule(plan_id=plan.plan_id, tier="C", activated_on=activated_on)
        )
        assert totals(dated.installments) == totals(made.installments)
        assert len(dated.installments) == 24
        assert dated.installments[0].due_on > activated_on
    end_of_january = await steps.date_schedule(
        DateSchedule(plan_id=plan.plan_id, tier="C", activated_on=date(2027, 1, 31))
    )
    assert [row.due_on for row in end_of_january.installments[:2]] == [
        date(2027, 2, 28),
        date(2027, 3, 31),
    ]


async def test_a_plan_that_is_not_there_or_cannot_be_priced_is_a_defect(
    steps: BnplSteps, unique: str
) -> None:
    with pytest.raises(Defect) as broken:
        await steps.make_offer(MakeOffer(plan_id=f"pln_{unique}", tier="A", at=AT))
    assert broken.value.code == "plan_missing"
    await steps.open_plan(application(unique, "pay_over_time"))
    with pytest.raises(Defect) as broken:
        await steps.make_offer(MakeOffer(plan_id=f"pln_{unique}", tier="Z", at=AT))
    assert broken.value.code == "offer_impossible"


def test_every_step_of_the_contract_is_taken() -> None:
    named = {step.name for step in vars(contract).values() if isinstance(step, Step)}
    taken = {
        activity._Definition.must_from_callable(deed).name  # noqa: SLF001 - the SDK shows it nowhere else
        for name, deed in vars(BnplActivities).items()
        if callable(deed) and name[0] != "_"
    }
    assert taken == named
