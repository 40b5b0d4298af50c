"""A plan's account as its workflow knows it: what is owed under the terms that were signed."""

from datetime import date

from meqenet.bnpl.account_history import account_of, require_signed
from meqenet.bnpl.offer import terms_of
from meqenet.bnpl.products import ProductVersion, product_from_document
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing_policy import ServicingPolicy
from meqenet.bnpl.states import InstallmentState
from workflows.plan_desk import PlanDesk

_SETTLED = (InstallmentState.PAID, InstallmentState.CANCELLED)


def oldest_due(desk: PlanDesk) -> date | None:
    """The oldest due date that is not paid, and waits for no dispute; None: there is none."""
    open_dates = (
        each.planned.due_on
        for each in desk.life.installments
        if each.state not in _SETTLED and not desk.life.waits(number=each.planned.number)
    )
    return min(open_dates, default=None)


def policy_of(desk: PlanDesk) -> ServicingPolicy:
    """How the plan is served, by the version that it was signed under."""
    return _product(desk).servicing_policy


def account(desk: PlanDesk) -> Account:
    """The account of an active plan as it stands now.

    Raises:
        ValueError: the plan is not active yet, or its schedule does not follow from its terms.
    """
    activated_on = desk.life.activated_on
    if activated_on is None:
        raise ValueError("there is no account before activation")
    rows = desk.life.installments
    found = account_of(
        terms=terms_of(
            product=_product(desk),
            amount=desk.application.amount,
            on=activated_on,
            installment_count=desk.application.installment_count,
            tier=desk.life.tier,
        ),
        paid=[each.planned.number for each in rows if each.state is InstallmentState.PAID],
        history=desk.life.account,
    )
    require_signed(
        account=found,
        signed=[
            (
                each.planned.number,
                each.planned.due_on,
                each.planned.principal,
                each.planned.interest,
            )
            for each in rows
        ],
    )
    return found


def bears_interest(desk: PlanDesk) -> bool:
    """Whether time costs its customer anything."""
    return _product(desk).bears_interest


def _product(desk: PlanDesk) -> ProductVersion:
    """Read once a run."""
    if desk.product is None:
        desk.product = product_from_document(document=desk.life.signed.product)
    return desk.product
