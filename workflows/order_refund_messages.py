"""What goes into a refund of an order, and what a merchant is shown before it."""

from dataclasses import dataclass
from datetime import date

from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class TakeGoodsBack:
    """Update ``refund_order``: the merchant takes goods back, all of them or a part.

    Attributes:
        reference: the merchant's own number of the refund; the same again is the same refund.
        amount: what of the order's price goes back; None is all that is left of it.
        gives_interest_back: None leaves it to the product.
        settles: the dispute that has ended for the customer, which is the reference as well; None
            of a refund that the merchant makes.
    """

    reference: str
    amount: Money | None = None
    gives_interest_back: bool | None = None
    settles: str | None = None


def refund_after_end_workflow_id(*, plan_id: str) -> str:
    """Refunds of a plan that has ended: one run at a time."""
    return f"after-end-{plan_id}"


@dataclass(frozen=True, kw_only=True)
class RefundedRow:
    """An installment after the refund."""

    number: int
    due_on: date
    principal: Money
    interest: Money
    left: Money


@dataclass(frozen=True, kw_only=True)
class RefundOutlook:
    """What a refund would do now; or, with ``code``, why it is refused."""

    on: date
    amount: Money | None = None
    owed_less: Money | None = None
    interest_saved: Money | None = None
    cash_back: Money | None = None
    refundable: Money | None = None
    after: tuple[RefundedRow, ...] = ()
    code: str | None = None
    text: str | None = None
    field: str | None = None
