"""Talking to a wallet provider about one order: sent once, then asked about until it is known."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.contracts import payments as p
from activities.contracts.report import ErrorKind
from meqenet.payments.rail import (
    DebitMandate,
    PaymentAnswer,
    PushPayment,
    WalletProvider,
)
from workflows.asking import distances, report_of
from workflows.turns import Turns, in_turn

RESEND_AFTER = distances(first=timedelta(seconds=2), longest=timedelta(minutes=5), count=8)
"""When a provider was certainly not reached, the same order is sent again after these waits."""
ASK_AFTER = distances(first=timedelta(seconds=3), longest=timedelta(hours=1), count=40)
"""An open order is asked about after these waits, in real time, where no policy says when."""


class Sent(StrEnum):
    """What became of sending an order."""

    ANSWERED = "answered"
    """The provider answered."""
    UNKNOWN = "unknown"
    """It may have acted: ask."""
    UNREACHED = "unreached"
    """It certainly did not get the order."""
    REFUSED_US = "refused_us"
    """It refused our credentials, signature or grammar: a person must look."""


@dataclass(frozen=True, kw_only=True)
class Sending:
    """The outcome of one sending; ``code`` names the error, ``answer`` is there if ANSWERED."""

    outcome: Sent
    answer: PaymentAnswer | None = None
    code: str | None = None


async def attempted(call: Callable[[], Awaitable[PaymentAnswer]]) -> Sending:
    """Send once and say what became of it."""
    try:
        return Sending(outcome=Sent.ANSWERED, answer=await call())
    except ActivityError as error:
        report = report_of(error)
    match report.kind:
        case ErrorKind.UNAVAILABLE:
            return Sending(outcome=Sent.UNREACHED, code=report.code)
        case ErrorKind.DEFECT | ErrorKind.REFUSAL:
            return Sending(outcome=Sent.REFUSED_US, code=report.code)
        case ErrorKind.UNKNOWN:
            return Sending(outcome=Sent.UNKNOWN, code=report.code)


async def send_payment(
    opened: p.AttemptOpened,
    *,
    order: p.OpenAttempt,
    title: str,
    account_reference: str,
    turns: Turns | None = None,
) -> PaymentAnswer:
    """Ask the provider for the attempt's money on the attempt's channel, when it is its turn."""
    if opened.provider is WalletProvider.MPESA:
        return await in_turn(
            p.MPESA_PUSH_PAYMENT,
            PushPayment(
                order_id=opened.attempt_id,
                msisdn=opened.msisdn,
                amount=order.amount,
                account_reference=account_reference,
            ),
            summary=f"M-PESA prompt for {order.amount} birr",
            turns=turns,
        )
    if opened.contract_no is None:
        raise ValueError("a Telebirr installment is pulled under a contract number")
    return await in_turn(
        p.TELEBIRR_DEBIT_MANDATE,
        DebitMandate(
            order_id=opened.attempt_id,
            contract_no=opened.contract_no,
            amount=order.amount,
            title=title,
        ),
        summary=f"Telebirr mandate debit of {order.amount} birr",
        turns=turns,
    )


async def query_payment(
    *,
    provider: WalletProvider,
    attempt_id: str,
    provider_reference: str | None,
    turns: Turns | None = None,
    receipt: str | None = None,
) -> PaymentAnswer | None:
    """Ask the provider what became of the order; None when it cannot be asked right now."""
    step = p.MPESA_ASK_PAYMENT if provider is WalletProvider.MPESA else p.TELEBIRR_QUERY_PAYMENT
    try:
        return await in_turn(
            step,
            p.QueryPayment(
                order_id=attempt_id, provider_reference=provider_reference, receipt=receipt
            ),
            summary="What became of the payment?",
            turns=turns,
        )
    except ActivityError as error:
        workflow.logger.warning("payment query failed: %s", report_of(error).code)
        return None


async def patience(
    condition: Callable[[], bool], *, turn: int, waits: tuple[timedelta, ...] = ASK_AFTER
) -> bool:
    """Wait in real time for the condition before asking again; True when it came to hold."""
    wait = waits[min(turn, len(waits) - 1)]
    try:
        await workflow.wait_condition(
            condition, timeout=wait, timeout_summary="then ask the provider"
        )
    except TimeoutError:
        return False
    return True
