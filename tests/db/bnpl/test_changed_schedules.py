"""A schedule that was changed: as the store keeps it, and as a process begun again finds it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from activities.bnpl import BnplActivities
from activities.contracts.bnpl import LoadPlan
from db.bnpl.books import read_plans
from db.bnpl.views import events_of, plan_view
from meqenet.bnpl.account_history import account_of, require_signed
from meqenet.bnpl.delinquency_events import LateFeeCharged
from meqenet.bnpl.events import CollectionStarted, InstallmentFailed
from meqenet.bnpl.hardship_events import plan_changed
from meqenet.bnpl.offer import terms_of
from meqenet.bnpl.products import ProductVersion, product_from_document
from meqenet.bnpl.progress import PlanProgress
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.hardship import ExtendPlan, SpreadArrears, preview_change
from meqenet.calendar import addis_date
from meqenet.money import Money
from tests.activities.bnpl.stories import application, begun
from tests.backing import Databases
from workers.verifying.plan_books import PlanBooks, first_difference
from workers.verifying.read_models import PLAN_SHEETS
from workers.verifying.read_models import told as told_of

_AT = datetime(2027, 1, 4, 6, tzinfo=UTC)
"""From this year on the product offers changes."""
_LATE_ON = addis_date(at=_AT + timedelta(days=20))
"""The second installment was due six days before."""


def _account(product: ProductVersion, progress: PlanProgress) -> Account:
    terms = terms_of(
        product=product,
        amount=Money.from_birr("10000.00"),
        on=addis_date(at=_AT),
        installment_count=None,
        tier="B",
    )
    return account_of(terms=terms, paid=[1], history=progress.account)


async def test_rows_read_model_and_rehydration_follow_two_changes(
    databases: Databases, unique: str
) -> None:
    bnpl = databases["bnpl"]
    steps = BnplActivities(database=bnpl)
    life = await begun(steps, replace(application(unique, "pay_in_4"), at=_AT))
    plan_id = life.plan.plan_id
    await life.offered()
    activated = await life.activated(on=addis_date(at=_AT))
    await life.record(life.payment(activated.installments[0]), "active")
    await life.record(CollectionStarted(number=2), "active")
    await life.record(InstallmentFailed(number=2, cause="no_funds"), "past_due")
    fee = LateFeeCharged(number=2, period=1, on=_LATE_ON, amount=Money.from_birr(25))
    await life.record(fee, "past_due")
    loaded = await steps.load_plan(LoadPlan(plan_id=plan_id))
    product = product_from_document(document=loaded.terms.product)
    before = _account(product, loaded.progress)
    for change in (SpreadArrears(), ExtendPlan(installments=1)):
        preview = preview_change(
            account=before, policy=product.servicing_policy, change=change, on=_LATE_ON
        )
        told = plan_changed(
            preview=preview, change=change, on=_LATE_ON, by="stf_a", why="lost the job"
        )
        await life.record(told, "active")
        before = preview.after

    loaded = await steps.load_plan(LoadPlan(plan_id=plan_id))
    again = _account(product, loaded.progress)
    assert again == before
    rows = [each.planned for each in loaded.installments]
    signed = [(row.number, row.due_on, row.principal, row.interest) for row in rows]
    require_signed(account=again, signed=signed)
    states = ["paid", "cancelled", "scheduled", "scheduled", "scheduled"]
    assert [each.state for each in loaded.installments] == states
    collection = loaded.progress.collection(number=2)
    assert (collection.has_failed_for_good, collection.next_attempt_at) == (False, None)

    async with bnpl.read() as session:
        view = await plan_view(session=session, plan_id=plan_id)
        stored = (await read_plans(session=session, plan_ids=[plan_id]))[plan_id]
        log = [each.content for each in await events_of(session=session, plan_id=plan_id)]
    assert view is not None
    assert [str(row.owed) for row in view.installments] == [
        str(row.left.total) for row in before.installments
    ]
    assert [str(row.owed) for row in view.installments][1:] == [
        "0.00",
        "2512.50",
        "2512.50",
        "2500.00",
    ]
    books = PlanBooks(plan_id=plan_id, domains=frozenset(["bnpl"]), logs={"bnpl": log}, plan=stored)
    assert first_difference(books=books) is None
    lent = told_of(sheet=PLAN_SHEETS["portfolio"], log=books.log())[plan_id]
    assert [(row.number, str(row.principal), row.paid_on is None) for row in lent.installments] == [
        (1, "2500.00", False),
        (2, "0.00", False),
        (3, "2500.00", True),
        (4, "2500.00", True),
        (5, "2500.00", True),
    ]
