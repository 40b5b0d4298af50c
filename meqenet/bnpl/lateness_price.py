"""What lateness would cost, told before anything is signed."""

from dataclasses import dataclass
from datetime import date

from meqenet.bnpl.offer import terms_of
from meqenet.bnpl.products import ProductVersion
from meqenet.bnpl.servicing.account import LateFee, open_account
from meqenet.bnpl.servicing.late_fees import late_fees_if_never_paid, plan_cap
from meqenet.bnpl.servicing_policy import LateFeePolicy
from meqenet.money import Money, total


@dataclass(frozen=True, kw_only=True)
class LatenessPrice:
    """The late fees of a plan, as its product version has them.

    Attributes:
        policy: when they are charged, and how much.
        fees: every one, if nothing is paid after checkout.
        cap: what the fees of the plan come to at most, whatever happens.
    """

    policy: LateFeePolicy
    fees: tuple[LateFee, ...]
    cap: Money

    @property
    def if_never_paid(self) -> Money:
        """All of the fees together."""
        return total(fee.amount for fee in self.fees)


def lateness_price(
    *,
    product: ProductVersion,
    amount: Money,
    on: date,
    installment_count: int | None,
    tier: str | None,
) -> LatenessPrice | None:
    """What lateness costs under a plan like this; None where it costs nothing.

    The arguments are those of :func:`meqenet.bnpl.offer.quote`, for which it has a quote.
    """
    policy = product.servicing_policy.late_fee
    if policy is None:
        return None
    terms = terms_of(
        product=product, amount=amount, on=on, installment_count=installment_count, tier=tier
    )
    return LatenessPrice(
        policy=policy,
        fees=late_fees_if_never_paid(terms=terms, policy=policy),
        cap=plan_cap(account=open_account(terms=terms), policy=policy).cap,
    )
