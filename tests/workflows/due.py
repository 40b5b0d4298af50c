"""Collections that are due now, started as plans start them, and the workers that they need."""

from contextlib import AsyncExitStack
from datetime import UTC, date, datetime

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.contracts import collecting
from activities.contracts import payments as p
from activities.edge import takes
from meqenet.identity import installment_id
from meqenet.money import Money
from meqenet.payments.rail import WalletProvider
from tests.workflows.fakes import Domains
from tests.workflows.payments import Payments
from workers.queue_worker import WORKFLOW_QUEUE, worker_for
from workflows.collection import InstallmentCollectionWorkflow
from workflows.messages import collection_workflow_id
from workflows.news import CollectionOrder, CollectionResult
from workflows.turns import of_merchant

Collecting = WorkflowHandle[InstallmentCollectionWorkflow, CollectionResult]


class DueNow(Domains):
    """Every attempt is due at once, so that no wall clock's hour matters."""

    @takes(collecting.PLAN_NEXT_ATTEMPT)
    async def plan_next_attempt(
        self, command: collecting.PlanNextAttempt
    ) -> collecting.NextAttemptPlanned:
        self.planned.append(command)
        return collecting.NextAttemptPlanned(at=command.at, reason="due", channel=p.Channel.PUSH)


async def collect(
    env: WorkflowEnvironment,
    domains: Payments,
    *,
    plan: str,
    merchant: str,
    retry_on: tuple[date, ...] = (),
) -> Collecting:
    """Start the collection of an installment that is due, as the plan of a merchant does.

    ``retry_on``: when it is tried again where no policy says so.
    """
    domains.wallets[plan] = p.RegisterWallet(
        plan_id=plan,
        provider=WalletProvider.MPESA,
        msisdn="251700000000",
        contract_no=None,
        at=datetime.now(UTC),
    )
    parent = installment_id(plan_id=plan, number=2)
    order = CollectionOrder(
        plan_id=plan,
        installment_id=parent,
        number=2,
        amount=Money.from_birr("20.00"),
        provider=WalletProvider.MPESA,
        channel=p.Channel.PUSH,
        first_attempt=1,
        retry_on=retry_on,
        collection_hour=10,
        title="t",
        account_reference="PLN12",
        policy=collecting.PolicyTerms(
            option="pay_in_4", signed_on=date(2026, 11, 2), due_on=date(2026, 11, 16)
        ),
    )
    return await env.client.start_workflow(
        InstallmentCollectionWorkflow.run,
        order,
        id=collection_workflow_id(installment_id=parent),
        task_queue=WORKFLOW_QUEUE,
        priority=of_merchant(merchant),
    )


async def serve(
    stack: AsyncExitStack, env: WorkflowEnvironment, domains: Domains, *queues: str, at_a_time: int
) -> None:
    for queue in queues:
        worker = worker_for(
            client=env.client, queue=queue, activities=[domains], in_hand_max=at_a_time
        )
        await stack.enter_async_context(worker)
