"""What a collection tells its plan, from what it knows."""

from datetime import datetime

from activities.contracts.collecting import NextAttemptPlanned
from activities.contracts.payments import AttemptStanding
from meqenet.money import Money
from meqenet.payments.rail import CheckoutOpened
from workflows.news import CollectionNews, NewsKind


def attempt_failed(
    standing: AttemptStanding, *, number: int, next_at: datetime, reason: str | None
) -> CollectionNews:
    """An attempt has failed, and the next one is planned.

    Args:
        standing: how it stands.
        number: the installment.
        next_at: when the next one is made.
        reason: why then; None where dates decide.
    """
    return CollectionNews(
        number=number,
        kind=NewsKind.ATTEMPT_FAILED,
        attempt_id=standing.attempt_id,
        cause=standing.cause,
        next_attempt_at=next_at,
        next_attempt_reason=reason,
    )


def customer_asked(
    opened: CheckoutOpened, *, number: int, attempt_id: str, deadline: datetime
) -> CollectionNews:
    """The customer can pay, on a page or in the app.

    Args:
        opened: where.
        number: the installment.
        attempt_id: the attempt.
        deadline: until when.
    """
    return CollectionNews(
        number=number,
        kind=NewsKind.CUSTOMER_ASKED,
        attempt_id=attempt_id,
        url=opened.url,
        app_link=opened.raw_request,
        expires_at=deadline,
    )


def part_paid(
    standing: AttemptStanding,
    *,
    number: int,
    part: Money,
    planned: NextAttemptPlanned,
    now: datetime,
) -> CollectionNews:
    """What the plan is told of a part.

    Args:
        standing: of the attempt that has brought it.
        number: the installment.
        part: how much it is.
        planned: when the rest is asked for.
        now: the present, by the plan's clock.
    """
    return CollectionNews(
        number=number,
        kind=NewsKind.PART_PAID,
        attempt_id=standing.attempt_id,
        next_attempt_at=planned.at,
        next_attempt_reason=planned.reason,
        amount=part,
        paid_at=standing.succeeded_at or now,
        provider=standing.provider,
    )
