"""What of a payment is more than was owed: the customer's credit, told once the books have it."""

from temporalio import workflow

from activities.contracts import late_money as late
from meqenet.money import Money
from workflows.asking import ask
from workflows.plan_desk import PlanDesk

_PATCH = "overpaid-is-credit"
"""Runs that took such money before go on without telling."""


async def keep_overpaid(desk: PlanDesk, *, attempt_id: str, amount: Money) -> None:
    """Keep it as a credit; after the posting, so that no credit is shown that the books lack."""
    if amount and workflow.patched(_PATCH):
        await ask(
            late.KEEP_OVERPAID,
            late.KeepOverpaid(attempt_id=attempt_id, amount=amount, at=desk.clock.now()),
            summary=f"Keep {amount} birr as the customer's credit",
        )
