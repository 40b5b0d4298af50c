"""How installments earn after a change, and what a payment pays of them, as the books are told.

Goods that go back are such a change, too.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from meqenet.ledger.accruals import fee_earned
from meqenet.ledger.happenings import NOTHING
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class EarningTerms:
    """How an installment earns from now on.

    Attributes:
        number: its place in the schedule.
        interest: all of it, paid or not.
        carried: what of it was owed on another date before: no day of this period earns it.
        starts_on: the first day that earns.
        ends_on: the due date, which earns nothing.
        idle_days: days of its period that earn nothing.
        merchant_fee: what of the merchant's fee is earned with it; None leaves that as it was.
    """

    number: int
    interest: Money
    carried: Money
    starts_on: date
    ends_on: date
    idle_days: tuple[date, ...] = ()
    merchant_fee: Money | None = None


@dataclass(frozen=True, kw_only=True)
class PaidPart:
    """What a payment pays of an installment.

    Attributes:
        number: the installment.
        financed: all of its principal.
        returned_before: what of that was paid before.
        principal: what of it is paid now.
        interest: what of its interest is.
        late_fee: what of its late fees is.
        is_whole: nothing of what is scheduled is left of it.
    """

    number: int
    financed: Money
    returned_before: Money
    principal: Money
    interest: Money
    late_fee: Money
    is_whole: bool

    def fee_earned(self, *, fee: Money) -> Money:
        """What is earned with its principal of ``fee``, the installment's share of the merchant's.

        Raises:
            ValueError: as of :func:`meqenet.ledger.accruals.fee_earned`.
        """
        return fee_earned(
            fee=fee,
            financed=self.financed,
            returned_before=self.returned_before,
            returned=self.principal,
        )


@dataclass(frozen=True, kw_only=True)
class TakePayment:
    """Money pays installments of a plan that bears interest, in part or before their time.

    Attributes:
        plan_id: the plan.
        posting_id: the attempt that brought it.
        provider: who has it.
        lender: of record.
        parts: what of it pays what.
        from_credit: what interest that is given back pays beside it; nothing without ``earnings``.
        overpaid: what of it pays nothing: the customer's credit.
        earnings: the installments that earn otherwise after it.
        at: when it counts.
    """

    plan_id: str
    posting_id: str
    provider: str
    lender: str
    parts: tuple[PaidPart, ...]
    from_credit: tuple[PaidPart, ...]
    overpaid: Money
    earnings: tuple[EarningTerms, ...]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Earning:
    """An installment's interest as the books know it.

    Attributes:
        interest: all of it.
        earned: what of it is earned; never less than ``paid``.
        paid: what of it is paid.
    """

    interest: Money
    earned: Money
    paid: Money

    def __post_init__(self) -> None:
        if not NOTHING <= self.paid <= self.earned <= self.interest:
            raise ValueError("paid: at most what is earned; earned: at most the interest")


@dataclass(frozen=True, kw_only=True)
class ReplannedEarning:
    """The same after a change, and what the change takes back.

    Attributes:
        earning: as it is from now on.
        excess: earned, not paid and not owed of this installment any more.
        returned: paid, and not owed any more.
    """

    earning: Earning
    excess: Money
    returned: Money


def replanned(*, earning: Earning, interest: Money) -> ReplannedEarning:
    """An installment whose interest is another one from now on."""
    paid = min(earning.paid, interest)
    earned = min(earning.earned, interest)
    return ReplannedEarning(
        earning=Earning(interest=interest, earned=earned, paid=paid),
        excess=(earning.earned - earning.paid) - (earned - paid),
        returned=earning.paid - paid,
    )


def idle_between(*, first: date, last: date) -> tuple[date, ...]:
    """The days whose end lies in a pause from ``first`` to ``last``: they earn nothing.

    A plan's schedule counts a day by its end, the books by its beginning, so they are those from
    the day before the first on to the day before the last.
    """
    before = first - timedelta(days=1)
    return tuple(before + timedelta(days=number) for number in range((last - first).days + 1))


@dataclass(frozen=True, kw_only=True)
class GonePart:
    """Principal of an installment that need not be paid any more.

    Attributes:
        number: the installment.
        financed: all of its principal before.
        returned: what of that is paid.
        gone: what of it need not be paid any more.
    """

    number: int
    financed: Money
    returned: Money
    gone: Money


@dataclass(frozen=True, kw_only=True)
class RefundOrder:
    """Goods go back: what the customer owes less, what is the customer's again, what it costs whom.

    Attributes:
        plan_id: the plan.
        merchant_id: who takes them back.
        posting_id: the refund.
        lender: of record.
        amount: what of the order's price goes back.
        taken_from: where the merchant's money of it is.
        fee_back: what the merchant gets back of its fee.
        parts: principal that need not be paid any more; the rest of the amount was paid.
        interest_back: interest of installments that are paid, which is given back.
        earnings: unpaid installments that earn otherwise after it.
        at: when it counts.
        also_payable, also_paid_out: of several captures, what of the merchant's money is there.
    """

    plan_id: str
    merchant_id: str
    posting_id: str
    lender: str
    amount: Money
    taken_from: MerchantMoney
    fee_back: Money
    parts: tuple[GonePart, ...]
    interest_back: Money
    earnings: tuple[EarningTerms, ...]
    at: datetime
    also_payable: Money = NOTHING
    also_paid_out: Money = NOTHING


def fee_kept(*, fee: Money, part: GonePart) -> Money:
    """What of an installment's share of the merchant's fee stays, once a part of it is gone.

    It is what its principal that stays has of the share, moved by as little as it takes for what
    was earned with the principal that is paid to be what is earned of it by then: so no santim is
    left over, or earned twice, at its end.
    """
    stays = part.financed - part.gone
    if not stays:
        return NOTHING
    earned = _earned(fee=fee, financed=part.financed, returned=part.returned)
    nearest = Money.nearest(Decimal(fee.santim * stays.santim) / part.financed.santim)
    for step in (0, 1, -1, 2, -2):
        kept = nearest + Money(step)
        fits = NOTHING <= kept <= fee
        if fits and _earned(fee=kept, financed=stays, returned=part.returned) == earned:
            return kept
    raise ValueError("a share of a fee is earned in the proportion of its principal")


def _earned(*, fee: Money, financed: Money, returned: Money) -> Money:
    return fee_earned(fee=fee, financed=financed, returned_before=NOTHING, returned=returned)
