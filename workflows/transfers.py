"""One transfer of merchant money: sent, or asked about, without ever guessing what became of it."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.report import ErrorKind
    from activities.contracts.settlement import QueryTransfer
    from activities.contracts.step import Step
    from meqenet.settlement.transfer import CreditTransfer, TransferAnswer, TransferStatus
    from workflows.asking import report_of
    from workflows.turns import Turns, in_turn


async def send_transfer(
    transfer: CreditTransfer, *, step: Step[CreditTransfer, TransferAnswer]
) -> TransferAnswer | None:
    """The answer; None where it is not known whether it was taken.

    NOT_FOUND: nothing happened there, and the same id may be sent again after a wait.
    """
    try:
        return await in_turn(
            step, transfer, summary=f"Transfer {transfer.amount} birr", turns=Turns()
        )
    except ActivityError as error:
        report = report_of(error)
        workflow.logger.warning("transfer not answered: %s", report.code)
        if report.kind is ErrorKind.UNKNOWN:
            return None
        return TransferAnswer(end_to_end_id=transfer.end_to_end_id, status=TransferStatus.NOT_FOUND)


async def ask_about_transfer(
    transfer: CreditTransfer, *, step: Step[QueryTransfer, TransferAnswer]
) -> TransferAnswer | None:
    """What became of it; None where nobody has said."""
    try:
        return await in_turn(
            step,
            QueryTransfer(end_to_end_id=transfer.end_to_end_id),
            summary="What became of the transfer?",
            turns=Turns(),
        )
    except ActivityError as error:
        workflow.logger.warning("transfer query failed: %s", report_of(error).code)
        return None
