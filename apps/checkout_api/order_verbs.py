"""Whether an order may be captured or voided at all, before its process is asked."""

from apps.checkout_api.problems import Problem
from db.bnpl.views import PlanView
from meqenet.bnpl.order_money import CaptureMode
from meqenet.bnpl.states import ALLOWED


def may_be_asked(plan: PlanView, /) -> None:
    """Let a capture or a void through to the plan's process.

    Raises:
        Problem: 409 ``captured_automatically``, ``authorisation_expired`` or
            ``nothing_authorised``; of a plan that has ended, its process is over.
    """
    order = plan.order
    if order is None:
        return
    if plan.capture is CaptureMode.AUTOMATIC:
        raise Problem(
            status=409,
            code="captured_automatically",
            detail="all of it was captured when the plan became active; take goods back instead",
        )
    if ALLOWED[plan.state] or order.left:
        return
    if order.is_expired:
        raise Problem(
            status=409,
            code="authorisation_expired",
            detail="the time to capture the order is over",
        )
    raise Problem(
        status=409,
        code="nothing_authorised",
        detail="all of the order is captured or voided",
    )
