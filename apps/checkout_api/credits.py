"""The customer's credit as the API shows it: what was paid beyond what was owed."""

from datetime import datetime
from enum import StrEnum

from apps.checkout_api.amounts import Birr
from apps.checkout_api.told import Told
from db.payments.views.credit import CreditView
from meqenet.payments.attempts import OrderState
from meqenet.payments.orders import installment_number
from meqenet.payments.rail import WalletProvider


class CreditState(StrEnum):
    """Where the money is."""

    HELD = "held"
    """Here: nobody has had it sent back."""
    RETURNING = "returning"
    """On its way back to the wallet, or the provider is being asked whether it is there."""
    RETURN_REFUSED = "return_refused"
    """Here: the provider has refused to take it back to the wallet."""
    RETURNED = "returned"
    """Back in the wallet."""


class PlanCredit(Told):
    """Money of the customer that no installment needs."""

    amount: Birr
    provider: WalletProvider
    """Whose wallet it came from, and can go back to."""
    since: datetime
    state: CreditState
    returned_at: datetime | None


class SupportCredit(PlanCredit):
    """The same, with what staff quote."""

    attempt: str
    """The attempt that has brought it, within the plan: ``i02-a1``."""
    number: int
    """The installment that it was to pay."""
    receipt: str | None
    """The provider's, of the payment."""
    failure_code: str | None
    """The provider's own, where it has refused the return."""


def plan_credit(credit: CreditView) -> PlanCredit:
    """A credit as merchants see it."""
    return PlanCredit(
        amount=credit.amount,
        provider=credit.provider,
        since=credit.since,
        state=state_of(credit),
        returned_at=credit.returned_at,
    )


def support_credit(credit: CreditView) -> SupportCredit:
    """A credit as staff see it."""
    return SupportCredit(
        **dict(plan_credit(credit)),
        attempt=short_name(credit),
        number=installment_number(order_id=credit.attempt_id),
        receipt=credit.receipt,
        failure_code=credit.failure_code,
    )


def short_name(credit: CreditView) -> str:
    """The attempt's id without its plan's."""
    return "-".join(credit.attempt_id.rsplit("-", 2)[1:])


def state_of(credit: CreditView) -> CreditState:
    """Where the money is, by its newest refund."""
    match credit.refund:
        case None:
            return CreditState.HELD
        case OrderState.FAILED:
            return CreditState.RETURN_REFUSED
        case OrderState.SUCCEEDED:
            return CreditState.RETURNED
        case _:
            return CreditState.RETURNING
