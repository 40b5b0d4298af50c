"""What of a merchant's fee goes back with each refund of its order, to the santim."""

from meqenet.bnpl.account_history import AccountHistory
from meqenet.ledger.accruals import fee_earned
from meqenet.money import Money

_NOTHING = Money.zero()


def fee_back(*, history: AccountHistory, fee: Money, price: Money, number: int) -> Money:
    """What goes back with a refund: of the fee as much as of the order, less what has gone before.

    A refund that ends a dispute gives back what the dispute has held, which was priced as the last
    of the order; the refunds after it make up for the santim by which that may differ.

    Args:
        history: with the refund.
        fee: the merchant's, on all of the order.
        price: the order's.
        number: of the refund.
    """
    held = {each.dispute_id: each.fee for each in history.disputes}
    back, given, own = _NOTHING, _NOTHING, _NOTHING
    for each in history.goods_back():
        back += each.amount
        due = fee_earned(fee=fee, financed=price, returned_before=_NOTHING, returned=back)
        own = held.get(each.reference, max(_NOTHING, due - given))
        given += own
        if each.number == number:
            break
    return own
