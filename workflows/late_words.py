"""A callback of an attempt that has ended and whose money is not late: stored, as all words are."""

from datetime import datetime

from activities.contracts.payments import RECORD_ANSWER, AnswerSource, RecordAnswer
from meqenet.payments.rail import PaymentAnswer, WalletProvider
from workflows.asking import ask
from workflows.hints import needs_asking
from workflows.messages import PaymentReported
from workflows.rails import query_payment


async def store_late_word(
    report: PaymentReported, /, *, attempt_id: str, provider: WalletProvider, at: datetime
) -> None:
    """Store it, once its provider has confirmed what nothing else proves.

    Args:
        report: the callback.
        attempt_id: whose it is.
        provider: whose wallet the attempt has asked.
        at: now, by the plan's clock.
    """
    answer: PaymentAnswer | None = report.answer
    source = AnswerSource.CALLBACK
    if needs_asking(report):
        source = AnswerSource.QUERY
        answer = await query_payment(
            provider=provider, attempt_id=attempt_id, provider_reference=None
        )
    if answer is not None:
        await ask(
            RECORD_ANSWER,
            RecordAnswer(attempt_id=attempt_id, answer=answer, source=source, at=at),
            summary="Store a late answer",
        )
