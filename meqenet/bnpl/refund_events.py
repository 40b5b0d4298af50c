"""Goods that a merchant takes back, past tense; part of the plan's log."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from meqenet.bnpl.payment_events import SchedulePart
from meqenet.bnpl.schedule_in_force import InstallmentInForce, in_force
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.order_refund import OrderRefund
from meqenet.money import Money, total


@dataclass(frozen=True, kw_only=True)
class PrincipalGone:
    """Principal of an installment that need not be paid any more."""

    number: int
    """The installment."""
    financed: Money
    """All of its principal before."""
    returned: Money
    """What of that was paid."""
    gone: Money
    """What of it need not be paid any more."""


@dataclass(frozen=True, kw_only=True)
class PriceGone:
    """A part of the order's price is not owed: less is to be paid, and what was paid goes back.

    Base of the events that say why.
    """

    number: int
    """Which one of its kind it is, from 1."""
    reference: str
    """The merchant's own number of it; no other one of its kind has it."""
    on: date
    """The Addis Ababa date."""
    amount: Money
    """What of the order's price goes back."""
    owed_less: Money
    """Principal that need not be paid any more."""
    gone: tuple[PrincipalGone, ...]
    """The same by installment."""
    interest_saved: Money
    """Unpaid interest that is not owed any more."""
    interest_back: tuple[SchedulePart, ...]
    """Interest that had been paid and goes back, by installment."""
    cash_back: Money
    """What goes back to the customer's wallets."""
    installments: tuple[InstallmentInForce, ...]
    """The schedule in force, in the order of the numbers; paid ones are among them."""
    arrears_moved: Money
    """What had been moved to later dates, and is not paid yet."""
    paid: Money
    """What is paid, late fees aside and without the interest that goes back."""
    earns_less_from: bool
    """What was earned of the part before stays owed: it earns nothing from this day on."""

    @property
    def interest_returned(self) -> Money:
        """All interest that had been paid and goes back."""
        return total(part.amount for part in self.interest_back)


@dataclass(frozen=True, kw_only=True)
class OrderRefunded(PriceGone):
    """The merchant takes goods back: the customer owes less, and gets back what was paid beyond."""

    kind: Literal["order_refunded"] = "order_refunded"


@dataclass(frozen=True, kw_only=True)
class OrderVoided(PriceGone):
    """A part of the order that was not captured will not be: it is as if it was never bought."""

    by: str
    """Who has voided it: the merchant, a member of staff by their id, or meqenet by a rule."""
    why: str | None = None
    """The reason that staff have given, or the rule."""
    kind: Literal["order_voided"] = "order_voided"


@dataclass(frozen=True, kw_only=True)
class AuthorisationExpired(PriceGone):
    """The merchant's time to capture is over: what it has not captured is voided by itself."""

    kind: Literal["authorisation_expired"] = "authorisation_expired"


@dataclass(frozen=True, kw_only=True)
class OrderCaptured:
    """The merchant has delivered the order, or a part of it: that much is owed to the merchant."""

    number: int
    """Which capture of the plan it is, from 1."""
    reference: str
    """The merchant's own number of it; no other capture of the plan has it."""
    on: date
    """The Addis Ababa date, from which the merchant's delay and the buyer's window count."""
    amount: Money
    """What of the order's price is captured."""
    kind: Literal["order_captured"] = "order_captured"


@dataclass(frozen=True, kw_only=True)
class AuthorisationExpiring:
    """The merchant's time to capture will soon be over, and something is not captured."""

    expires_at: datetime
    """When it is over."""
    left: Money
    """What of the order's price is not captured yet."""
    kind: Literal["authorisation_expiring"] = "authorisation_expiring"


Gone = OrderRefunded | OrderVoided | AuthorisationExpired
"""Why a part of an order's price is not owed any more."""
RefundEvent = Gone | OrderCaptured | AuthorisationExpiring
"""What happens to an order's price; what becomes of the money is told by the payments domain."""


def order_refunded(
    *, before: Account, refund: OrderRefund, number: int, reference: str
) -> OrderRefunded:
    """What the log tells of a refund that is made as it was previewed.

    Args:
        before: the account before it.
        refund: its account afterwards is the one in force.
        number: which refund of the plan it is.
        reference: the merchant's own number of it.
    """
    told = price_gone(before=before, refund=refund, number=number, reference=reference)
    return OrderRefunded(**vars(told))


def price_gone(*, before: Account, refund: OrderRefund, number: int, reference: str) -> PriceGone:
    """What every event tells of a part of the price that is not owed; see :func:`order_refunded`.

    Args:
        before: the account before it.
        refund: its account afterwards is the one in force.
        number: which one of its kind it is.
        reference: the merchant's own number of it.
    """
    after = refund.account
    return PriceGone(
        number=number,
        reference=reference,
        on=refund.on,
        amount=refund.amount,
        owed_less=refund.owed_less,
        gone=tuple(
            PrincipalGone(
                number=was.number,
                financed=was.owed.principal,
                returned=was.paid.principal,
                gone=was.owed.principal - now.owed.principal,
            )
            for was, now in zip(before.installments, after.installments, strict=True)
            if was.owed.principal != now.owed.principal
        ),
        interest_saved=refund.interest_saved,
        interest_back=tuple(
            SchedulePart(number=number, amount=back) for number, back in refund.interest_back
        ),
        cash_back=refund.cash_back,
        installments=tuple(in_force(row=row) for row in after.installments),
        arrears_moved=after.arrears_moved,
        paid=total(row.paid.planned for row in after.installments),
        earns_less_from=not refund.gives_interest_back,
    )
