"""What lateness costs, as it is told before anything is signed."""

from typing import Final

from pydantic.config import JsonDict

from apps.checkout_api.amounts import Birr, Day, Percent, day_of
from apps.checkout_api.told import Told
from meqenet.bnpl.lateness_price import LatenessPrice

LATE_FEES: Final[JsonDict] = {
    "grace_days": 3,
    "amount": "25.00",
    "percent_of_overdue": None,
    "again_after_days": None,
    "plan_cap": "50.00",
    "if_never_paid": [
        {
            "number": 1,
            "on": {"gregorian": "2027-02-07", "ethiopian": "2019-05-30"},
            "amount": "25.00",
        }
    ],
    "if_never_paid_total": "25.00",
}
"""As documents show it: of 1000.00 birr in 30 days."""


class LateFeeTold(Told):
    """A late fee that is charged if nothing is paid after checkout."""

    number: int
    """The installment."""
    on: Day
    amount: Birr


class LateFeeTerms(Told):
    """What lateness costs: a fee on the day after the grace days, and nothing else."""

    grace_days: int
    """So many days after a due date cost nothing."""
    amount: Birr | None
    """The fee, where it is the same whatever is overdue."""
    percent_of_overdue: Percent | None
    """The fee, where it is a share of the principal and interest that are overdue."""
    again_after_days: int | None
    """A further fee after so many days each; null: once for each installment."""
    plan_cap: Birr
    """All late fees of the plan together come to no more than this, whatever happens."""
    if_never_paid: list[LateFeeTold]
    """Every fee, if nothing at all is paid after checkout."""
    if_never_paid_total: Birr


def late_fee_terms(price: LatenessPrice | None, /) -> LateFeeTerms | None:
    """None where lateness costs nothing."""
    if price is None:
        return None
    return LateFeeTerms(
        grace_days=price.policy.grace_days,
        amount=price.policy.amount,
        percent_of_overdue=price.policy.percent,
        again_after_days=price.policy.every_days,
        plan_cap=price.cap,
        if_never_paid=[
            LateFeeTold(number=fee.number, on=day_of(fee.on), amount=fee.amount)
            for fee in price.fees
        ],
        if_never_paid_total=price.if_never_paid,
    )
