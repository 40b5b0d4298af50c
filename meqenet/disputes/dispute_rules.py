"""How much of an order may be disputed, for how long, and until when somebody has to act."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from meqenet.calendar import addis_date, at_addis
from meqenet.disputes.dispute_states import Stage
from meqenet.disputes.policies import DisputePolicy
from meqenet.disputes.working_days import working_day_after
from meqenet.errors import Mender, Refusal
from meqenet.money import Money


def disputable(*, captured: Money, refunded: Money, in_dispute: Money) -> Money:
    """How much of an order can be disputed now.

    Args:
        captured: what of the order was taken by the merchant.
        refunded: what was given back, whatever it was for.
        in_dispute: what other disputes of the order, still open, are about.

    Raises:
        ValueError: an amount is negative, or more was given back and disputed than captured.
    """
    if min(captured.santim, refunded.santim, in_dispute.santim) < 0:
        raise ValueError("disputable: no amount is negative")
    left = captured - refunded - in_dispute
    if left.santim < 0:
        raise ValueError("disputable: refunded and in dispute are at most what is captured")
    return left


def require_disputable(
    *, amount: Money, captured: Money, refunded: Money, in_dispute: Money
) -> None:
    """Let a part of an order be disputed that is still there to be disputed.

    Raises:
        Refusal: ``disputed_amount_invalid``; ``nothing_to_dispute``.
        ValueError: as :func:`disputable`.
    """
    left = disputable(captured=captured, refunded=refunded, in_dispute=in_dispute)
    if not left.santim:
        raise Refusal(
            "nothing_to_dispute",
            "amount: all of the order was given back, or is in dispute already",
            mender=Mender.NOBODY,
            field="amount",
        )
    if not 0 < amount.santim <= left.santim:
        raise Refusal(
            "disputed_amount_invalid",
            f"amount: more than nothing and at most {left} birr, what of the order was captured "
            "and neither given back nor disputed",
            mender=Mender.CUSTOMER,
            field="amount",
        )


def require_open_window(*, policy: DisputePolicy, activated_on: date, on: date) -> None:
    """Let a dispute be opened in time.

    Args:
        policy: in force on ``on``.
        activated_on: the Addis Ababa date on which the plan became active.
        on: the Addis Ababa date of today, by the plan's clock.

    Raises:
        Refusal: ``dispute_too_late``.
    """
    last = activated_on + timedelta(days=policy.open_within_days)
    if on > last:
        raise Refusal(
            "dispute_too_late",
            f"an order can be disputed until {last}, {policy.open_within_days} days after the plan "
            "became active; a complaint can be made at any time",
            mender=Mender.NOBODY,
        )


def stage_due_at(
    *, policy: DisputePolicy, stage: Stage, began_at: datetime, closed_on: Collection[date]
) -> datetime | None:
    """The first instant at which whoever is waited for is late; None where nobody is.

    Args:
        policy: under which the dispute was opened.
        stage: which stage.
        began_at: when the dispute came to it. That day does not count.
        closed_on: public holidays.
    """
    if stage.is_final:
        return None
    start = addis_date(at=began_at)
    last = working_day_after(start=start, count=policy.working_days[stage], closed_on=closed_on)
    return at_addis(on=last + timedelta(days=1), hour=0)
