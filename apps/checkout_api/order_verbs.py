"""Whether an order may be captured or voided at all, before its process is asked."""

from apps.checkout_api.plans import closed_plan
from apps.checkout_api.problems import Problem
from db.bnpl.views import PlanView
from meqenet.bnpl.order_money import CaptureMode
from meqenet.bnpl.states import ALLOWED, PlanState


def may_be_looked_at(plan: PlanView, /) -> None:
    """Let only what may come of a deed be looked at; a process that is over still shows itself.

    Raises:
        Problem: 409 ``plan_closed``: the plan has ended, and nothing of it was ever, or will be,
            paid for.
    """
    if not ALLOWED[plan.state] and plan.state is not PlanState.COMPLETED:
        raise closed_plan(plan)


def may_be_asked(plan: PlanView, /) -> None:
    """Let a capture or a void through to the plan's process.

    Raises:
        Problem: 409 ``captured_automatically``, ``authorisation_expired`` or
            ``nothing_authorised``; of a plan that is completed, its process is over;
            ``plan_closed``, of one that has ended otherwise.
    """
    may_be_looked_at(plan)
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
