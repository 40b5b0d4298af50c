"""How an order's standing changes with what is heard of it, in whatever order that comes.

One rule for payments and refunds alike: what has ended stays as it is, and an answer that
contradicts what is known is kept as a finding. Money is the exception: where it has moved although
its order had counted as failed, it counts once it is known what becomes of it
(:mod:`meqenet.payments.late_money`).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from meqenet.money import Money
from meqenet.payments.rail import PaymentAnswer, RailStatus, RefundAnswer


class OrderState(StrEnum):
    """Where an order to a wallet provider stands."""

    CREATED = "created"
    """Stored; the provider may or may not have heard of it."""
    PENDING = "pending"
    """The provider took it."""
    UNKNOWN = "unknown"
    """Sent without a readable answer: only a query or a callback can tell."""
    SUCCEEDED = "succeeded"
    """The money moved. Final."""
    FAILED = "failed"
    """The money did not move, as far as is known, and nothing is asked about it any more."""

    @property
    def is_final(self) -> bool:
        """Whether nobody asks about it any more."""
        return self in (OrderState.SUCCEEDED, OrderState.FAILED)


class Finding(StrEnum):
    """What a person must look at: two words on one order that cannot both be true."""

    MONEY_AFTER_FAILURE = "money_after_failure"
    """It counted as failed, and now the provider says that the money has moved."""
    FAILURE_AFTER_MONEY = "failure_after_money"
    """It counted as paid, and now the provider says that it failed, or that there is no order."""
    ANOTHER_RECEIPT = "another_receipt"
    """It is paid, and now again under another receipt: perhaps paid twice."""
    AMOUNT_DIFFERS = "amount_differs"
    """Another amount has moved than was asked for."""
    FORGOTTEN = "forgotten"
    """The provider took it, and now does not know it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is known of one order.

    Attributes:
        asked: what was asked for.
        failure_code: the provider's code, verbatim, when FAILED.
        receipt: the provider's receipt, when SUCCEEDED.
        moved: what moved, when SUCCEEDED: always what was asked for.
        moved_at: when it moved, by the provider's clock if it says so.
    """

    asked: Money
    state: OrderState = OrderState.CREATED
    provider_reference: str | None = None
    failure_code: str | None = None
    receipt: str | None = None
    moved: Money | None = None
    moved_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """The standing after an answer, and what is wrong with the answer, if anything is."""

    standing: Standing
    finding: Finding | None = None


def after_answer(
    *,
    standing: Standing,
    answer: PaymentAnswer | None,
    at: datetime,
    late_money_counts: bool = False,
) -> Heard:
    """The standing after this answer; None means sent, outcome unknown.

    ============  ==========  ===========  ===========  ==========  ================
    standing      unknown     PENDING      SUCCEEDED    FAILED      NOT_FOUND
    ============  ==========  ===========  ===========  ==========  ================
    CREATED       UNKNOWN     PENDING      SUCCEEDED    FAILED      CREATED
    UNKNOWN       UNKNOWN     PENDING      SUCCEEDED    FAILED      CREATED
    PENDING       PENDING     PENDING      SUCCEEDED    FAILED      PENDING, finding
    SUCCEEDED     as it was   as it was    as it was*   finding     finding
    FAILED        as it was   as it was    finding**    as it was   as it was
    ============  ==========  ===========  ===========  ==========  ================

    ``*`` a finding where the receipt is another one. ``**`` SUCCEEDED where ``late_money_counts``.
    SUCCEEDED with another amount than asked for is a finding everywhere and changes nothing.

    Args:
        standing: what was known before.
        answer: what the provider says.
        at: when we heard it; the time of the movement where the provider gives none.
        late_money_counts: it is known what becomes of money that comes after a failure.
    """
    if answer is None:
        sent = standing.state in (OrderState.CREATED, OrderState.UNKNOWN)
        return Heard(standing=replace(standing, state=OrderState.UNKNOWN) if sent else standing)
    if answer.status is RailStatus.SUCCEEDED:
        return _after_success(
            standing=standing, answer=answer, at=at, late_money_counts=late_money_counts
        )
    if standing.state is OrderState.SUCCEEDED:
        contradicts = answer.status is not RailStatus.PENDING
        return Heard(
            standing=standing, finding=Finding.FAILURE_AFTER_MONEY if contradicts else None
        )
    if standing.state is OrderState.FAILED:
        return Heard(standing=standing)
    return _after_no_success(standing=standing, answer=answer)


def after_refund_answer(*, standing: Standing, answer: RefundAnswer | None, at: datetime) -> Heard:
    """The same rule for a refund; the provider does not say how much it gave back."""
    if answer is None:
        return after_answer(standing=standing, answer=None, at=at)
    same = PaymentAnswer(
        order_id=answer.refund_id,
        status=answer.status,
        receipt=answer.receipt,
        failure_code=answer.failure_code,
    )
    return after_answer(standing=standing, answer=same, at=at)


def _after_success(
    *, standing: Standing, answer: PaymentAnswer, at: datetime, late_money_counts: bool
) -> Heard:
    if answer.amount is not None and answer.amount != standing.asked:
        return Heard(standing=standing, finding=Finding.AMOUNT_DIFFERS)
    if standing.state is OrderState.FAILED and not late_money_counts:
        return Heard(standing=standing, finding=Finding.MONEY_AFTER_FAILURE)
    if standing.state is not OrderState.SUCCEEDED:
        moved = replace(
            standing,
            state=OrderState.SUCCEEDED,
            provider_reference=answer.provider_reference or standing.provider_reference,
            failure_code=None,
            receipt=answer.receipt,
            moved=standing.asked,
            moved_at=answer.occurred_at or at,
        )
        return Heard(standing=moved)
    if answer.receipt is None or answer.receipt == standing.receipt:
        return Heard(standing=standing)
    if standing.receipt is None:
        # The answer to a mandate debit carries no receipt; its query and its callback do.
        return Heard(standing=replace(standing, receipt=answer.receipt))
    return Heard(standing=standing, finding=Finding.ANOTHER_RECEIPT)


def _after_no_success(*, standing: Standing, answer: PaymentAnswer) -> Heard:
    """PENDING, FAILED or NOT_FOUND, of an order whose end was not known."""
    known = replace(
        standing, provider_reference=answer.provider_reference or standing.provider_reference
    )
    if answer.status is RailStatus.PENDING:
        return Heard(standing=replace(known, state=OrderState.PENDING))
    if answer.status is RailStatus.FAILED:
        return Heard(
            standing=replace(known, state=OrderState.FAILED, failure_code=answer.failure_code)
        )
    if standing.state is OrderState.PENDING:
        return Heard(standing=standing, finding=Finding.FORGOTTEN)
    return Heard(standing=replace(standing, state=OrderState.CREATED))
