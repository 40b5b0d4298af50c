"""What each happening does to the books: one rule, one table, debits equal to credits."""

from typing import assert_never

from meqenet.ledger import (
    customer_rules,
    dispute_rules,
    loss_rules,
    merchant_rules,
    provider_rules,
)
from meqenet.ledger import happenings as h
from meqenet.ledger.dispute_happenings import DisputeHeld, DisputeReleased
from meqenet.ledger.entries import Entry, Row, entries_of, impossible, reversal_entries
from meqenet.ledger.happenings import Happening
from meqenet.ledger.order_happenings import OrderAuthorised, OrderCaptured
from meqenet.ledger.recounting import InterestRecounted
from meqenet.money import total

__all__ = ["Entry", "entries_for", "reversal_entries"]


def entries_for(*, happening: Happening) -> tuple[Entry, ...]:
    """The balanced lines that a happening posts, in the order in which its rule's table has them.

    Raises:
        Defect: ``happening_impossible``: it moves nothing, a negative amount, or more out of an
            amount than is in it.
    """
    entries = entries_of(happening=happening, rows=_rows(happening))
    if not entries:
        raise impossible(happening=happening, because="it moves nothing")
    if total(entry.signed for entry in entries):
        raise impossible(happening=happening, because="debits and credits differ")
    return entries


def _rows(happening: Happening) -> tuple[Row, ...]:
    match happening:
        case h.PlanChargedOff() | h.RecoveryReceived() | h.PlanWrittenOff():
            rows = loss_rules.rows_for(happening=happening)
        case DisputeHeld() | DisputeReleased():
            rows = dispute_rules.rows_for(happening=happening)
        case h.ProviderCharged() | h.ProviderSettled():
            rows = provider_rules.rows_for(happening=happening)
        case (
            OrderCaptured()
            | h.OrderRefunded()
            | h.ProtectionBegan()
            | h.ProtectionEnded()
            | h.MerchantPaidOut()
            | h.MerchantSharePaid()
            | h.MerchantPayoutSettled()
        ):
            rows = merchant_rules.rows_for(happening=happening)
        case (
            h.CheckoutPaymentReceived()
            | h.CheckoutPaymentReturned()
            | h.PlanBecameActive()
            | OrderAuthorised()
            | h.InterestAccrued()
            | h.LateFeeCharged()
            | h.LateFeeWaived()
            | h.InstallmentCollected()
            | h.CustomerCreditReceived()
            | h.CustomerCreditApplied()
            | h.CustomerCreditReturned()
            | h.InterestRefunded()
            | InterestRecounted()
        ):
            rows = customer_rules.rows_for(happening=happening)
        case _:
            assert_never(happening)
    return rows
