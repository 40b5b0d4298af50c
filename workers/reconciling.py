"""Reconciliation from outside of workflows: its schedules, a run of one day, a person's word."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    WorkflowFailureError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.payments import reconciliation
from db.payments import statements as kept_statements
from integrations.statements.settings import StatementSettings
from meqenet.errors import Defect, Unavailable
from meqenet.payments.statement_document import StatementForm
from workers.queue_worker import WORKFLOW_QUEUE
from workers.schedules import every_day, keep_schedule
from workers.settings import Domain
from workflows.reconciliation import (
    KeptDay,
    ProviderReconciled,
    ReconcileStatement,
    ReconciliationWorkflow,
    reconciliation_workflow_id,
)

_HOUR: Final = 4
"""By then the day's statements are made, and nobody has begun to work."""
_CATCH_UP: Final = timedelta(hours=12)
"""A run that was missed for longer is made up for by the next one, which takes all days behind."""
_SERVED_BY: Final[Mapping[Domain, tuple[str, ...]]] = {
    "payments": ("telebirr", "mpesa"),
    "settlement": ("bank",),
}
"""Whose worker knows how a provider is reached."""


async def schedule_reconciliations(
    *,
    client: Client,
    domains: Sequence[Domain],
    statements: StatementSettings,
    pending_hours_max: int,
) -> None:
    """Have each provider that hands out statements reconciled every morning."""
    for domain in domains:
        for provider in _SERVED_BY.get(domain, ()):
            if statements.address_of(provider=provider) is not None:
                await keep_schedule(
                    client=client,
                    schedule_id=reconciliation_workflow_id(provider=provider),
                    schedule=_schedule(provider=provider, pending_hours_max=pending_hours_max),
                )


async def keep_file(
    *,
    database: Database,
    keyring: Keyring,
    provider: str,
    day: date,
    form: StatementForm,
    content: bytes,
    at: datetime,
) -> KeptDay:
    """Keep a statement that came as a file.

    Raises:
        Refusal: ``statement_malformed``: names the row and the column.
    """
    async with database.write() as session:
        kept = await kept_statements.keep_statement(
            session=session,
            keyring=keyring,
            provider=provider,
            day=day,
            form=form,
            content=content,
            source="file",
            at=at,
        )
    return KeptDay(day=day, version=kept.version)


async def reconcile_day(
    *,
    client: Client,
    provider: str,
    day: date,
    kept: KeptDay | None,
    pending_hours_max: int,
) -> ProviderReconciled:
    """Run a day's reconciliation and wait for its end; a run of that day goes on as it is.

    Args:
        client: of Temporal.
        provider: whose statement.
        day: the day in Addis Ababa.
        kept: its statement where that is kept already; None has it fetched.
        pending_hours_max: how long an order may be ahead of the statement.

    Raises:
        Unavailable: ``temporal_unavailable``, or the provider cannot be reached.
        Defect: the run failed.
    """
    order = ReconcileStatement(
        provider=provider,
        pending_hours_max=pending_hours_max,
        day=day,
        kept=() if kept is None else (kept,),
        is_awaited=True,
    )
    try:
        return await client.execute_workflow(
            ReconciliationWorkflow.run,
            order,
            id=reconciliation_workflow_id(provider=provider, day=day),
            task_queue=WORKFLOW_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"Reconcile {provider} of {day}",
        )
    except RPCError as error:
        raise Unavailable("temporal_unavailable", "Temporal cannot be reached") from error
    except WorkflowFailureError as error:
        cause = error.cause
        code = cause.type if isinstance(cause, ApplicationError) else None
        raise Defect(code or "reconciliation_failed", f"{cause}") from error


async def accept(*, database: Database, item_id: str, by: str, reason: str, at: datetime) -> str:
    """Close a difference by a person's word; how it stood.

    Raises:
        Refusal: ``item_missing``; ``item_settled``.
    """
    async with database.write() as session:
        item = await reconciliation.accept_item(
            session=session, item_id=item_id, by=by, reason=reason, at=at
        )
        return item.verdict.value


def _schedule(*, provider: str, pending_hours_max: int) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            ReconciliationWorkflow.run,
            ReconcileStatement(provider=provider, pending_hours_max=pending_hours_max),
            id=reconciliation_workflow_id(provider=provider),
            task_queue=WORKFLOW_QUEUE,
            static_summary=f"Reconcile {provider} with its statement of yesterday",
        ),
        spec=every_day(hour=_HOUR, comment="yesterday's statement is made"),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.BUFFER_ONE, catchup_window=_CATCH_UP),
    )
