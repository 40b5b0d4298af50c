"""Rules of plans that are not paid: charged off, recovered after all, written off."""

from typing import assert_never

from meqenet.ledger.accounts import AccountName
from meqenet.ledger.entries import Row, credit, debit
from meqenet.ledger.happenings import (
    LossHappening,
    PlanChargedOff,
    PlanWrittenOff,
    RecoveryReceived,
)


def rows_for(*, happening: LossHappening) -> tuple[Row, ...]:
    """The table of the happening's rule, rows of nothing included."""
    match happening:
        case PlanChargedOff():
            rows = _plan_charged_off(happening=happening)
        case RecoveryReceived():
            rows = _recovery_received(happening=happening)
        case PlanWrittenOff():
            rows = _plan_written_off(happening=happening)
        case _:
            assert_never(happening)
    return rows


def _plan_charged_off(*, happening: PlanChargedOff) -> tuple[Row, ...]:
    """All that is owed is worth nothing by the books; it is still owed.

    ====================================  =========================  =================
    account                               debit                      credit
    ====================================  =========================  =================
    ``credit_losses:<lender>``            what is owed
    ``loss_allowance:<plan>``                                        what is owed
    ``merchant_fee_deferred:<plan>``      merchant fee
    ``credit_losses:<lender>``                                       merchant fee
    ====================================  =========================  =================
    """
    h = happening
    owed = h.principal + h.interest + h.late_fee
    return (
        debit(name=AccountName.CREDIT_LOSSES, of=h.lender, amount=owed),
        credit(name=AccountName.LOSS_ALLOWANCE, of=h.plan_id, amount=owed),
        debit(name=AccountName.MERCHANT_FEE_DEFERRED, of=h.plan_id, amount=h.merchant_fee),
        credit(name=AccountName.CREDIT_LOSSES, of=h.lender, amount=h.merchant_fee),
    )


def _recovery_received(*, happening: RecoveryReceived) -> tuple[Row, ...]:
    """Money for what was lost already is income; the debt and what was taken off it both shrink.

    ====================================  =========  =========
    account                               debit      credit
    ====================================  =========  =========
    ``provider_clearing:<provider>``      all four
    ``recovery_income:<lender>``                     first three
    ``customer_credit:<plan>``                       overpaid
    ``loss_allowance:<plan>``             first three
    ``plan_receivable:<plan>``                       principal
    ``interest_receivable:<plan>``                   interest
    ``fee_receivable:<plan>``                        late fee
    ====================================  =========  =========
    """
    h = happening
    paid = h.principal + h.interest + h.late_fee
    return (
        debit(name=AccountName.PROVIDER_CLEARING, of=h.provider, amount=paid + h.overpaid),
        credit(name=AccountName.RECOVERY_INCOME, of=h.lender, amount=paid),
        credit(name=AccountName.CUSTOMER_CREDIT, of=h.plan_id, amount=h.overpaid),
        *_owed_no_more(happening=h),
    )


def _plan_written_off(*, happening: PlanWrittenOff) -> tuple[Row, ...]:
    """The debt goes out of the books against what was taken off it; no further loss.

    ====================================  =========  =========
    account                               debit      credit
    ====================================  =========  =========
    ``loss_allowance:<plan>``             all three
    ``plan_receivable:<plan>``                       principal
    ``interest_receivable:<plan>``                   interest
    ``fee_receivable:<plan>``                        late fee
    ====================================  =========  =========
    """
    return _owed_no_more(happening=happening)


def _owed_no_more(*, happening: RecoveryReceived | PlanWrittenOff) -> tuple[Row, ...]:
    h = happening
    gone = h.principal + h.interest + h.late_fee
    return (
        debit(name=AccountName.LOSS_ALLOWANCE, of=h.plan_id, amount=gone),
        credit(name=AccountName.PLAN_RECEIVABLE, of=h.plan_id, amount=h.principal),
        credit(name=AccountName.INTEREST_RECEIVABLE, of=h.plan_id, amount=h.interest),
        credit(name=AccountName.FEE_RECEIVABLE, of=h.plan_id, amount=h.late_fee),
    )
