"""The run of a statement over real stores: what nobody waits for is found and posted."""

import base64
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
import pytest_asyncio
from temporalio.client import ScheduleOverlapPolicy, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.contracts import bnpl
from activities.contracts import payments as p
from activities.contracts import reconciliation as r
from activities.edge import takes
from activities.late_money import LateMoneyActivities
from activities.ledger import LedgerActivities
from activities.payments import PaymentsActivities
from activities.reconciliation import ReconciliationActivities
from db.kernel.encryption import Keyring
from db.ledger.views import entries_of
from db.payments.views import lines_of_day
from db.payments.views.credit import credits_of
from integrations.statements.settings import StatementSettings
from meqenet.errors import Unavailable
from meqenet.identity import attempt_id, installment_id, plan_id, wire_id
from meqenet.money import Money
from meqenet.payments.rail import PaymentAnswer, RailStatus, WalletProvider
from meqenet.payments.statement_document import StatementForm
from tests.backing import Databases
from tests.workflows.stores import Stores
from workers.queue_worker import WORKFLOW_QUEUE, worker_for
from workers.reconciling import schedule_reconciliations
from workers.settings import read
from workflows.reconciliation import (
    ProviderReconciled,
    ReconcileStatement,
    ReconciliationWorkflow,
    reconciliation_workflow_id,
)

AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
ASKED = Money.from_birr(250)


@dataclass
class Portal:
    """M-PESA's statements: what it hands out, or that it is down."""

    content: bytes = b""
    is_down: bool = False
    asked: list[date] = field(default_factory=list)

    @takes(r.MPESA_FETCH_STATEMENT)
    async def fetch(self, command: r.FetchStatement) -> r.FetchedStatement:
        self.asked.append(command.day)
        if self.is_down:
            raise Unavailable("statement_unavailable", "mpesa answered 503")
        packed = base64.b64encode(zlib.compress(self.content)).decode()
        return r.FetchedStatement(form=StatementForm.CSV, packed=packed)


@dataclass
class Morning:
    """A plan that is over, and the run of a day."""

    env: WorkflowEnvironment
    databases: Databases
    portal: Portal
    payments: p.PaymentsSteps
    plan: str
    day: date

    async def attempt(self, *, failed: bool) -> str:
        parent = installment_id(plan_id=self.plan, number=1)
        order = attempt_id(installment_id=parent, number=1)
        await self.payments.open_attempt(
            p.OpenAttempt(
                attempt_id=order,
                plan_id=self.plan,
                installment_id=parent,
                channel=p.Channel.PUSH,
                amount=ASKED,
                at=AT,
            )
        )
        if failed:
            answer = PaymentAnswer(order_id=order, status=RailStatus.FAILED, failure_code="1")
            await self.payments.record_answer(
                p.RecordAnswer(attempt_id=order, answer=answer, source=p.AnswerSource.QUERY, at=AT)
            )
        return order

    def hands_out(self, order: str) -> None:
        rows = (
            "id,at,kind,reference,receipt,amount,charge",
            f"1,{self.day}T10:00:00+03:00,payment,{wire_id(meqenet_id=order)},R1,250.00,0.00",
        )
        self.portal.content = "\r\n".join(rows).encode()

    async def run(self) -> ProviderReconciled:
        return await self.env.client.execute_workflow(
            ReconciliationWorkflow.run,
            ReconcileStatement(
                provider="mpesa", pending_hours_max=36, day=self.day, is_awaited=True
            ),
            id=reconciliation_workflow_id(provider="mpesa", day=self.day),
            task_queue=WORKFLOW_QUEUE,
        )

    async def line(self) -> tuple[str, str]:
        async with self.databases["payments"].read() as session:
            (line,) = await lines_of_day(session=session, provider="mpesa", day=self.day)
        return line.verdict, line.because


@pytest_asyncio.fixture(loop_scope="session")
async def morning(
    env: WorkflowEnvironment, databases: Databases, keyring: Keyring, unique: str
) -> AsyncIterator[Morning]:
    store = databases["payments"]
    payments = PaymentsActivities(database=store, keyring=keyring)
    plan = plan_id(merchant_id=unique, reference="ended")
    await payments.register_wallet(
        p.RegisterWallet(
            plan_id=plan,
            provider=WalletProvider.MPESA,
            msisdn="251700000001",
            contract_no=None,
            at=AT,
        )
    )
    portal = Portal()
    reconciling = ReconciliationActivities(database=store, keyring=keyring)
    ledger = LedgerActivities(database=databases["ledger"])
    late = LateMoneyActivities(database=store, keyring=keyring)
    async with (
        worker_for(client=env.client, queue=WORKFLOW_QUEUE, activities=[ended(plan)]),
        worker_for(client=env.client, queue="payments", activities=[payments, reconciling, late]),
        worker_for(client=env.client, queue="ledger", activities=[ledger]),
        worker_for(client=env.client, queue="mpesa", activities=[portal]),
    ):
        # Far from all other days, so that nothing recorded since then is expected on it.
        day = date(3000, 1, 1) + timedelta(days=int(unique, 16) % 40_000)
        yield Morning(env, databases, portal, payments, plan, day)


def ended(plan: str) -> Stores:
    """The plans' domain, with a plan that has expired unpaid."""
    stores = Stores()
    stores.plans[plan] = bnpl.OpenPlan(
        plan_id=plan,
        merchant_id="mer_1",
        reference="1",
        request_hash="hash",
        option="pay_in_full",
        amount=ASKED,
        installment_count=None,
        wallet_provider=WalletProvider.MPESA,
        test_clock_id=None,
        at=AT,
    )
    stores.ended.add(plan)
    return stores


@pytest.mark.parametrize("failed", [False, True])
async def test_a_payment_that_is_found_when_its_plan_is_over_is_posted_as_credit(
    morning: Morning, *, failed: bool
) -> None:
    order = await morning.attempt(failed=failed)
    morning.hands_out(order)
    done = await morning.run()
    assert morning.portal.asked == [morning.day]
    assert done.days[0].line_counts == {"matched": 1}
    assert await morning.line() == ("matched", "agreed")
    async with morning.databases["payments"].read() as session:
        (credit,) = await credits_of(session=session, plan_id=morning.plan)
    assert (credit.attempt_id, credit.amount, credit.receipt) == (order, ASKED, "R1")
    async with morning.databases["ledger"].read() as session:
        (posted, *_) = await entries_of(session=session, plan_id=morning.plan)
    assert (posted.posting_id, posted.kind) == (order, "customer_credit_received")


async def test_whoever_waits_is_told_that_the_provider_is_down(morning: Morning) -> None:
    morning.portal.is_down = True
    with pytest.raises(WorkflowFailureError) as failed:
        await morning.run()
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "statement_unavailable"


async def test_a_statement_that_cannot_be_read_fails_the_run_with_the_row(
    morning: Morning,
) -> None:
    morning.portal.content = b"id,kind\r\n1,gift\r\n"
    with pytest.raises(WorkflowFailureError) as failed:
        await morning.run()
    assert "row 1: kind must be one of" in str(failed.value.cause)


async def test_a_provider_is_scheduled_where_it_hands_out_statements(
    env: WorkflowEnvironment,
) -> None:
    values = {
        "MEQENET_MPESA_STATEMENT_URL": "https://mpesa.example.com/statement",
        "MEQENET_MPESA_STATEMENT_KEY": "key",
        "MEQENET_BANK_STATEMENT_URL": "https://bank.example.com/statement",
        "MEQENET_BANK_STATEMENT_KEY": "key",
    }
    for _ in range(2):
        await schedule_reconciliations(
            client=env.client,
            domains=("payments", "ledger"),
            statements=read(StatementSettings, environment=values),
            pending_hours_max=36,
        )
    listed = [each.id async for each in await env.client.list_schedules()]
    assert [each for each in listed if each.startswith("reconcile-")] == ["reconcile-mpesa"]
    handle = env.client.get_schedule_handle("reconcile-mpesa")
    found = await handle.describe()
    await handle.delete()
    assert found.schedule.policy.overlap is ScheduleOverlapPolicy.BUFFER_ONE
    for at in found.info.next_action_times:
        assert (at.astimezone(UTC).hour, at.minute) == (1, 0)
