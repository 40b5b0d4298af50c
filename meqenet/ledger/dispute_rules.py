"""Rules of a merchant's money that waits for the end of a dispute."""

from typing import assert_never

from meqenet.ledger.accounts import AccountName
from meqenet.ledger.dispute_happenings import DisputeHappening, DisputeHeld, DisputeReleased
from meqenet.ledger.entries import Row, credit, debit
from meqenet.ledger.merchant_rules import merchant_money


def rows_for(*, happening: DisputeHappening) -> tuple[Row, ...]:
    """The table of the happening's rule, rows of nothing included."""
    match happening:
        case DisputeHeld():
            return _dispute_held(happening=happening)
        case DisputeReleased():
            return _dispute_released(happening=happening)
        case _:
            assert_never(happening)


def _dispute_held(*, happening: DisputeHeld) -> tuple[Row, ...]:
    """The merchant's money of the disputed part waits; what was paid out is owed back meanwhile.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``merchant_protected:<plan>``, or
    ``merchant_payable:<merchant>``, or
    ``merchant_receivable:<merchant>``    amount
    ``merchant_disputed:<plan>``                    amount
    ====================================  ========  ========

    Of several captures it may be in more than one of these places.
    """
    h = happening
    name, of = merchant_money(taken_from=h.taken_from, plan_id=h.plan_id, merchant_id=h.merchant_id)
    return (
        debit(name=name, of=of, amount=h.amount - h.also_payable - h.also_paid_out),
        debit(name=AccountName.MERCHANT_PAYABLE, of=h.merchant_id, amount=h.also_payable),
        debit(name=AccountName.MERCHANT_RECEIVABLE, of=h.merchant_id, amount=h.also_paid_out),
        credit(name=AccountName.MERCHANT_DISPUTED, of=h.plan_id, amount=h.amount),
    )


def _dispute_released(*, happening: DisputeReleased) -> tuple[Row, ...]:
    """What has waited is the merchant's again; a refund that follows takes it from there.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``merchant_disputed:<plan>``          amount
    ``merchant_protected:<plan>``, or
    ``merchant_payable:<merchant>``                 amount
    ====================================  ========  ========
    """
    h = happening
    name, of = (
        (AccountName.MERCHANT_PROTECTED, h.plan_id)
        if h.is_protected
        else (AccountName.MERCHANT_PAYABLE, h.merchant_id)
    )
    return (
        debit(name=AccountName.MERCHANT_DISPUTED, of=h.plan_id, amount=h.amount),
        credit(name=name, of=of, amount=h.amount - h.also_payable),
        credit(name=AccountName.MERCHANT_PAYABLE, of=h.merchant_id, amount=h.also_payable),
    )
