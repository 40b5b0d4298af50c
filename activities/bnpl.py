"""The steps of the bnpl domain."""

from datetime import datetime

from activities.contracts.bnpl import (
    DATE_SCHEDULE,
    END_PROCESS,
    FIND_TOLD,
    LIST_NEWS,
    LIST_OPEN_CLOCKS,
    LIST_OPEN_PLANS,
    LOAD_PLAN,
    MAKE_OFFER,
    OPEN_PLAN,
    RECORD_EVENT,
    DatedSchedule,
    DateSchedule,
    EndProcess,
    FindTold,
    ListNews,
    ListOpenClocks,
    ListOpenPlans,
    LoadedInstallment,
    LoadedPlan,
    LoadPlan,
    MakeOffer,
    NewsListed,
    NewsPlace,
    OfferMade,
    OpenClocksListed,
    OpenPlan,
    OpenPlansListed,
    OpenTestClock,
    PlanNews,
    PlanTerms,
    RecordEvent,
)
from activities.contracts.step import Nothing
from activities.edge import takes
from db.bnpl import news, processes
from db.bnpl.opening import Opening, open_plan, price, rows_of
from db.bnpl.recording import Recording, record
from db.bnpl.tables import Installment
from db.kernel.engine import Database
from meqenet.bnpl.events import PlannedInstallment
from meqenet.bnpl.largest_month import largest_month
from meqenet.bnpl.offer import Quote
from meqenet.bnpl.products import ProductVersion, document_of
from meqenet.bnpl.servicing.told import ToldPlan
from meqenet.bnpl.states import PlanState
from meqenet.calendar import addis_date, at_addis
from meqenet.event_chain import plain
from meqenet.money import Money

_NOON = 12


class BnplActivities:
    """Implements :class:`activities.contracts.bnpl.BnplSteps` over the bnpl store."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    @takes(OPEN_PLAN)
    async def open_plan(self, command: OpenPlan) -> PlanTerms:
        """See :meth:`activities.contracts.bnpl.BnplSteps.open_plan`."""
        opening = Opening(
            plan_id=command.plan_id,
            merchant_id=command.merchant_id,
            reference=command.reference,
            request_hash=command.request_hash,
            option=command.option,
            amount=command.amount,
            installment_count=command.installment_count,
            wallet_provider=command.wallet_provider,
            test_clock_id=command.test_clock_id,
            at=command.at,
            capture=command.capture,
        )
        async with self._database.write() as session:
            product, quoted = await open_plan(session=session, opening=opening)
        return _terms(product, quoted, amount=command.amount, at=command.at)

    @takes(MAKE_OFFER)
    async def make_offer(self, command: MakeOffer) -> OfferMade:
        """See :meth:`activities.contracts.bnpl.BnplSteps.make_offer`.

        Asked of the written store, as every step: a replica may not have the plan yet.
        """
        async with self._database.write() as session:
            _, quoted = await price(
                session=session, plan_id=command.plan_id, tier=command.tier, at=command.at
            )
        return OfferMade(
            installments=rows_of(quoted=quoted),
            total_payable=quoted.total_payable,
            cost_of_credit=quoted.cost_of_credit,
            nominal_rate_basis_points=quoted.nominal_rate_basis_points,
            nominal_apr_percent=quoted.nominal_apr_percent,
            effective_apr_percent=quoted.effective_apr_percent,
        )

    @takes(DATE_SCHEDULE)
    async def date_schedule(self, command: DateSchedule) -> DatedSchedule:
        """See :meth:`activities.contracts.bnpl.BnplSteps.date_schedule`."""
        async with self._database.write() as session:
            _, quoted = await price(
                session=session,
                plan_id=command.plan_id,
                tier=command.tier,
                at=at_addis(on=command.activated_on, hour=_NOON),
            )
        return DatedSchedule(installments=rows_of(quoted=quoted))

    @takes(RECORD_EVENT)
    async def record_event(self, command: RecordEvent) -> Nothing:
        """See :meth:`activities.contracts.bnpl.BnplSteps.record_event`."""
        action = command.next_action
        async with self._database.write() as session:
            await record(
                session=session,
                recording=Recording(
                    plan_id=command.plan_id,
                    sequence=command.sequence,
                    event=command.event,
                    state=PlanState(command.state),
                    next_action=None if action is None else plain(action),
                    next_step=command.next_step,
                    next_step_at=command.next_step_at,
                    at=command.at,
                ),
            )
        return Nothing()

    @takes(LOAD_PLAN)
    async def load_plan(self, command: LoadPlan) -> LoadedPlan:
        """See :meth:`activities.contracts.bnpl.BnplSteps.load_plan`."""
        async with self._database.write() as session:
            stored = await processes.load_plan(session=session, plan_id=command.plan_id)
            _, quoted = await price(
                session=session, plan_id=command.plan_id, tier=None, at=stored.plan.opened_at
            )
        plan = stored.plan
        return LoadedPlan(
            plan_id=plan.plan_id,
            merchant_id=plan.merchant_id,
            reference=plan.reference,
            request_hash=plan.request_hash,
            option=plan.option,
            amount=plan.amount_santim,
            installment_count=plan.installment_count,
            wallet_provider=plan.wallet_provider,
            test_clock_id=plan.test_clock_id,
            test_clock_now=stored.test_clock_now,
            state=plan.state,
            ended=stored.ended,
            terms=_terms(stored.product, quoted, amount=plan.amount_santim, at=plan.opened_at),
            tier=plan.tier or "",
            customer_id=plan.customer_id,
            installments=tuple(_loaded(row) for row in stored.installments),
            merchant_paid=plan.merchant_paid,
            next_step=plan.next_step,
            next_step_at=plan.next_step_at,
            progress=stored.progress,
            capture=plan.capture,
        )

    @takes(FIND_TOLD)
    async def find_told(self, command: FindTold) -> ToldPlan:
        """See :meth:`activities.contracts.bnpl.BnplSteps.find_told`."""
        async with self._database.write() as session:
            return await processes.told_of(session=session, plan_id=command.plan_id)

    @takes(END_PROCESS)
    async def end_process(self, command: EndProcess) -> Nothing:
        """See :meth:`activities.contracts.bnpl.BnplSteps.end_process`."""
        async with self._database.write() as session:
            await processes.end_process(session=session, plan_id=command.plan_id, at=command.at)
        return Nothing()

    @takes(LIST_OPEN_PLANS)
    async def list_open_plans(self, command: ListOpenPlans) -> OpenPlansListed:
        """See :meth:`activities.contracts.bnpl.BnplSteps.list_open_plans`."""
        async with self._database.write() as session:
            found = await processes.open_plans(
                session=session, after=command.after, limit=command.limit
            )
            count = await processes.count_open_plans(session=session)
        return OpenPlansListed(plan_ids=tuple(plan.plan_id for plan in found), count=count)

    @takes(LIST_OPEN_CLOCKS)
    async def list_open_clocks(self, _command: ListOpenClocks) -> OpenClocksListed:
        """See :meth:`activities.contracts.bnpl.BnplSteps.list_open_clocks`."""
        async with self._database.write() as session:
            found = await processes.open_clocks(session=session)
        return OpenClocksListed(
            clocks=tuple(
                OpenTestClock(
                    clock_id=clock.clock_id,
                    merchant_id=clock.merchant_id,
                    now=clock.now,
                    plan_ids=clock.plan_ids,
                )
                for clock in found
            )
        )

    @takes(LIST_NEWS)
    async def list_news(self, command: ListNews) -> NewsListed:
        """See :meth:`activities.contracts.bnpl.BnplSteps.list_news`."""
        after = None if command.after is None else news.Place(**vars(command.after))
        async with self._database.write() as session:
            found = await news.news_since(
                session=session, since=command.since, after=after, limit=command.limit
            )
        return NewsListed(
            news=tuple(
                PlanNews(
                    plan_id=each.place.plan_id,
                    merchant_id=each.merchant_id,
                    reference=each.reference,
                    sequence=each.sequence,
                    kind=each.kind,
                    at=each.at,
                )
                for each in found
            ),
            last=NewsPlace(**vars(found[-1].place)) if found else None,
        )


def _terms(product: ProductVersion, quoted: Quote, *, amount: Money, at: datetime) -> PlanTerms:
    """How a plan is to be lived; ``quoted`` at the highest rate, as on the day of ``at``."""
    rows = rows_of(quoted=quoted)
    is_due_now = rows[0].due_on <= addis_date(at=at)
    paid_now = rows[0].principal if is_due_now else Money.zero()
    return PlanTerms(
        product=document_of(product=product),
        product_version=product.version,
        lender_of_record=product.lender_of_record,
        first_payment=rows[0].amount if is_due_now else Money.zero(),
        owed_after_checkout=amount - paid_now,
        monthly_payment_max=largest_month(installments=rows[1:] if is_due_now else rows),
        offer_minutes_max=product.offer_minutes_max,
        first_payment_minutes_max=product.first_payment_minutes_max,
        collection_hour=product.collection_hour,
        retry_after_days=product.retry_after_days,
        protection_days=product.protection_days,
    )


def _loaded(row: Installment) -> LoadedInstallment:
    planned = PlannedInstallment(
        number=row.number,
        due_on=row.due_on,
        principal=row.principal_santim,
        interest=row.interest_santim,
    )
    return LoadedInstallment(planned=planned, state=row.state)
