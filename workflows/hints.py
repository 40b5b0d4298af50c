"""Callbacks that nothing proves: the money that they tell of is asked after before it counts."""

from dataclasses import replace

from meqenet.payments.rail import PaymentAnswer, RailStatus
from workflows.messages import PaymentReported


def needs_asking(report: PaymentReported) -> bool:
    """Whether the provider is asked before it counts.

    A failure counts as it is told: if somebody made it up, the money that moves after all is seen
    as such. A success that somebody made up would give the goods away.
    """
    return report.is_hint and report.answer.status is RailStatus.SUCCEEDED


def with_receipt(*, answer: PaymentAnswer, hint: PaymentAnswer | None) -> PaymentAnswer:
    """The provider's word with the receipt of the callback before it, where it names none itself.

    Amounts that differ do not belong together: then the word stands alone.
    """
    if hint is None or answer.status is not RailStatus.SUCCEEDED or answer.receipt is not None:
        return answer
    if None not in (answer.amount, hint.amount) and answer.amount != hint.amount:
        return answer
    return replace(answer, receipt=hint.receipt)
