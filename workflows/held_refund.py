"""The return of money that is the customer's: the books hold it until it is in the wallet."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.contracts import ledger
    from meqenet.payments.rail import WalletProvider
    from workflows.asking import ask
    from workflows.messages import refund_workflow_id
    from workflows.refund import RefundEnd, RefundOrder, RefundResult, RefundWorkflow, happening_of


async def hold_money(order: RefundOrder, *, provider: WalletProvider) -> None:
    """Hold it under the refund's id, so that it goes back once.

    Raises:
        ActivityError: the books do not have it.
    """
    await ask(
        ledger.HOLD_MONEY,
        ledger.HoldMoney(
            hold_id=order.refund_id,
            happening=happening_of(order=order, provider=provider),
            at=order.at,
        ),
        summary="Hold the money until it is back",
    )


async def post_returned(order: RefundOrder, *, provider: WalletProvider) -> None:
    """It is in the wallet, and whoever sent it may have been lost before the books had it."""
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=order.refund_id,
            happening=happening_of(order=order, provider=provider),
            effective_at=order.at,
        ),
        summary="It is back in the wallet, and in the books",
    )


async def send_held(order: RefundOrder, *, summary: str) -> RefundResult:
    """Send what is held; what the provider refuses stays the customer's credit."""
    result = await workflow.execute_child_workflow(
        RefundWorkflow.run,
        order,
        id=refund_workflow_id(refund_id=order.refund_id),
        static_summary=summary,
    )
    if result.end is RefundEnd.REFUSED:
        await ask(
            ledger.VOID_HOLD,
            ledger.VoidHold(
                plan_id=order.plan_id,
                hold_id=order.refund_id,
                reason="the provider has refused the refund",
                at=workflow.now(),
            ),
            summary="The money stays the customer's credit",
        )
    return result
