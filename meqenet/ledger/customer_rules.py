"""Rules of what customers pay, owe and have: from the payment at checkout to the last credit."""

from typing import assert_never

from meqenet.ledger.accounts import AccountName
from meqenet.ledger.accruals import fee_earned
from meqenet.ledger.entries import Row, credit, debit, impossible
from meqenet.ledger.happenings import (
    CheckoutPaymentReceived,
    CheckoutPaymentReturned,
    CustomerCreditApplied,
    CustomerCreditReceived,
    CustomerCreditReturned,
    CustomerHappening,
    InstallmentCollected,
    InterestAccrued,
    InterestRefunded,
    LateFeeCharged,
    LateFeeWaived,
    PlanBecameActive,
)
from meqenet.ledger.order_happenings import OrderAuthorised
from meqenet.ledger.recounting import InterestRecounted
from meqenet.money import Money, total


def rows_for(*, happening: CustomerHappening) -> tuple[Row, ...]:
    """The table of the happening's rule, rows of nothing included."""
    match happening:
        case CheckoutPaymentReceived():
            rows = _checkout_payment_received(happening=happening)
        case CheckoutPaymentReturned():
            rows = _checkout_payment_returned(happening=happening)
        case PlanBecameActive() | OrderAuthorised():
            rows = _plan_became_active(happening=happening)
        case InterestAccrued():
            rows = _interest_accrued(happening=happening)
        case LateFeeCharged():
            rows = _late_fee_charged(happening=happening)
        case LateFeeWaived():
            rows = _late_fee_waived(happening=happening)
        case InstallmentCollected():
            rows = _installment_collected(happening=happening)
        case CustomerCreditReceived() | CustomerCreditApplied() | CustomerCreditReturned():
            rows = _rows_for_credit(happening=happening)
        case InterestRefunded() | InterestRecounted():
            rows = _rows_for_interest(happening=happening)
        case _:
            assert_never(happening)
    return rows


def _rows_for_interest(*, happening: InterestRefunded | InterestRecounted) -> tuple[Row, ...]:
    match happening:
        case InterestRefunded():
            return _interest_refunded(happening=happening)
        case InterestRecounted():
            return _interest_recounted(happening=happening)


def _rows_for_credit(
    *, happening: CustomerCreditReceived | CustomerCreditApplied | CustomerCreditReturned
) -> tuple[Row, ...]:
    match happening:
        case CustomerCreditReceived():
            rows = _customer_credit_received(happening=happening)
        case CustomerCreditApplied():
            rows = _customer_credit_applied(happening=happening)
        case CustomerCreditReturned():
            rows = _customer_credit_returned(happening=happening)
        case _:
            assert_never(happening)
    return rows


def _checkout_payment_received(*, happening: CheckoutPaymentReceived) -> tuple[Row, ...]:
    """The customer's money is with the provider, and still the customer's.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``provider_clearing:<provider>``      amount
    ``customer_deposits:<plan>``                    amount
    ====================================  ========  ========
    """
    h = happening
    return (
        debit(name=AccountName.PROVIDER_CLEARING, of=h.provider, amount=h.amount),
        credit(name=AccountName.CUSTOMER_DEPOSITS, of=h.plan_id, amount=h.amount),
    )


def _checkout_payment_returned(*, happening: CheckoutPaymentReturned) -> tuple[Row, ...]:
    """The reverse of the receipt.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``customer_deposits:<plan>``          amount
    ``provider_clearing:<provider>``                amount
    ====================================  ========  ========
    """
    h = happening
    return (
        debit(name=AccountName.CUSTOMER_DEPOSITS, of=h.plan_id, amount=h.amount),
        credit(name=AccountName.PROVIDER_CLEARING, of=h.provider, amount=h.amount),
    )


def _plan_became_active(*, happening: PlanBecameActive | OrderAuthorised) -> tuple[Row, ...]:
    """The customer owes the price, the merchant is owed it less the fee, the deposit pays a part.

    ====================================  ========  ============
    account                               debit     credit
    ====================================  ========  ============
    ``plan_receivable:<plan>``            amount
    ``merchant_payable:<merchant>``, or
    ``merchant_protected:<plan>``, or
    ``merchant_authorised:<plan>``                  amount - fee
    ``merchant_fee_deferred:<plan>``                fee - earned
    ``merchant_fee_income:<lender>``                earned
    ``customer_deposits:<plan>``          paid
    ``plan_receivable:<plan>``                      paid
    ====================================  ========  ============
    """
    h = happening
    owed_to_merchant = _owed_to_merchant(happening=h)
    if not Money.zero(h.amount.currency) <= h.paid_at_checkout <= h.amount:
        raise impossible(happening=h, because="what was paid at checkout is no part of the price")
    earned = _fee_earned_at_once(happening=h)
    return (
        debit(name=AccountName.PLAN_RECEIVABLE, of=h.plan_id, amount=h.amount),
        credit(name=owed_to_merchant[0], of=owed_to_merchant[1], amount=h.amount - h.merchant_fee),
        credit(
            name=AccountName.MERCHANT_FEE_DEFERRED, of=h.plan_id, amount=h.merchant_fee - earned
        ),
        credit(name=AccountName.MERCHANT_FEE_INCOME, of=h.lender, amount=earned),
        debit(name=AccountName.CUSTOMER_DEPOSITS, of=h.plan_id, amount=h.paid_at_checkout),
        credit(name=AccountName.PLAN_RECEIVABLE, of=h.plan_id, amount=h.paid_at_checkout),
    )


def _owed_to_merchant(*, happening: PlanBecameActive | OrderAuthorised) -> tuple[AccountName, str]:
    match happening:
        case OrderAuthorised():
            return AccountName.MERCHANT_AUTHORISED, happening.plan_id
        case PlanBecameActive():
            if happening.protected:
                return AccountName.MERCHANT_PROTECTED, happening.plan_id
            return AccountName.MERCHANT_PAYABLE, happening.merchant_id


def _fee_earned_at_once(*, happening: PlanBecameActive | OrderAuthorised) -> Money:
    h = happening
    if not h.installments:
        return h.merchant_fee
    if total(row.principal for row in h.installments) != h.amount:
        raise impossible(happening=h, because="the installments are not what is financed")
    return fee_earned(
        fee=h.merchant_fee,
        financed=h.amount,
        returned_before=Money.zero(h.amount.currency),
        returned=h.paid_at_checkout,
    )


def _interest_accrued(*, happening: InterestAccrued) -> tuple[Row, ...]:
    """A day has earned interest, which is owed with its installment.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``interest_receivable:<plan>``        amount
    ``interest_income:<lender>``                    amount
    ====================================  ========  ========
    """
    h = happening
    return (
        debit(name=AccountName.INTEREST_RECEIVABLE, of=h.plan_id, amount=h.amount),
        credit(name=AccountName.INTEREST_INCOME, of=h.lender, amount=h.amount),
    )


def _late_fee_charged(*, happening: LateFeeCharged) -> tuple[Row, ...]:
    """The customer owes the fee on top.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``fee_receivable:<plan>``             amount
    ``late_fee_income:<lender>``                    amount
    ====================================  ========  ========
    """
    h = happening
    return (
        debit(name=AccountName.FEE_RECEIVABLE, of=h.plan_id, amount=h.amount),
        credit(name=AccountName.LATE_FEE_INCOME, of=h.lender, amount=h.amount),
    )


def _late_fee_waived(*, happening: LateFeeWaived) -> tuple[Row, ...]:
    """The fee is taken back: it was not earned after all.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``late_fee_income:<lender>``          amount
    ``fee_receivable:<plan>``                       amount
    ====================================  ========  ========
    """
    h = happening
    return (
        debit(name=AccountName.LATE_FEE_INCOME, of=h.lender, amount=h.amount),
        credit(name=AccountName.FEE_RECEIVABLE, of=h.plan_id, amount=h.amount),
    )


def _installment_collected(*, happening: InstallmentCollected) -> tuple[Row, ...]:
    """The customer has paid what was owed; the merchant's fee is earned with the principal.

    ====================================  ============  ================
    account                               debit         credit
    ====================================  ============  ================
    ``provider_clearing:<provider>``      all five
    ``plan_receivable:<plan>``                          principal
    ``interest_receivable:<plan>``                      accrued interest
    ``interest_income:<lender>``                        interest
    ``fee_receivable:<plan>``                           late fee
    ``customer_credit:<plan>``                          overpaid
    ``merchant_fee_deferred:<plan>``      merchant fee
    ``merchant_fee_income:<lender>``                    merchant fee
    ====================================  ============  ================
    """
    h = happening
    paid = h.principal + h.accrued_interest + h.interest + h.late_fee + h.overpaid
    return (
        debit(name=AccountName.PROVIDER_CLEARING, of=h.provider, amount=paid),
        *_pays_plan(happening=h),
        credit(name=AccountName.CUSTOMER_CREDIT, of=h.plan_id, amount=h.overpaid),
        *earned_with_principal(plan_id=h.plan_id, lender=h.lender, merchant_fee=h.merchant_fee),
    )


def _customer_credit_received(*, happening: CustomerCreditReceived) -> tuple[Row, ...]:
    """The provider holds money that no installment needs: it stays the customer's.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``provider_clearing:<provider>``      amount
    ``customer_credit:<plan>``                      amount
    ====================================  ========  ========
    """
    h = happening
    return (
        debit(name=AccountName.PROVIDER_CLEARING, of=h.provider, amount=h.amount),
        credit(name=AccountName.CUSTOMER_CREDIT, of=h.plan_id, amount=h.amount),
    )


def _customer_credit_applied(*, happening: CustomerCreditApplied) -> tuple[Row, ...]:
    """The credit pays the plan, as money from the wallet would.

    ====================================  ============  ================
    account                               debit         credit
    ====================================  ============  ================
    ``customer_credit:<plan>``            all four
    ``plan_receivable:<plan>``                          principal
    ``interest_receivable:<plan>``                      accrued interest
    ``interest_income:<lender>``                        interest
    ``fee_receivable:<plan>``                           late fee
    ``merchant_fee_deferred:<plan>``      merchant fee
    ``merchant_fee_income:<lender>``                    merchant fee
    ====================================  ============  ================
    """
    h = happening
    paid = h.principal + h.accrued_interest + h.interest + h.late_fee
    return (
        debit(name=AccountName.CUSTOMER_CREDIT, of=h.plan_id, amount=paid),
        *_pays_plan(happening=h),
        *earned_with_principal(plan_id=h.plan_id, lender=h.lender, merchant_fee=h.merchant_fee),
    )


def _customer_credit_returned(*, happening: CustomerCreditReturned) -> tuple[Row, ...]:
    """The credit has gone back to the wallet.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``customer_credit:<plan>``            amount
    ``provider_clearing:<provider>``                amount
    ====================================  ========  ========
    """
    h = happening
    return (
        debit(name=AccountName.CUSTOMER_CREDIT, of=h.plan_id, amount=h.amount),
        credit(name=AccountName.PROVIDER_CLEARING, of=h.provider, amount=h.amount),
    )


def _interest_refunded(*, happening: InterestRefunded) -> tuple[Row, ...]:
    """Interest that was earned is given back: not owed any more, or the customer's credit.

    ====================================  =============  ========
    account                               debit          credit
    ====================================  =============  ========
    ``interest_income:<lender>``          unpaid + paid
    ``interest_receivable:<plan>``                       unpaid
    ``customer_credit:<plan>``                           paid
    ====================================  =============  ========
    """
    h = happening
    return (
        debit(name=AccountName.INTEREST_INCOME, of=h.lender, amount=h.unpaid + h.paid),
        credit(name=AccountName.INTEREST_RECEIVABLE, of=h.plan_id, amount=h.unpaid),
        credit(name=AccountName.CUSTOMER_CREDIT, of=h.plan_id, amount=h.paid),
    )


def _interest_recounted(*, happening: InterestRecounted) -> tuple[Row, ...]:
    """Interest that was earned by payments as they are known now, more or less than was posted.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``interest_receivable:<plan>``        more
    ``interest_income:<lender>``                    more
    ``interest_income:<lender>``          less
    ``interest_receivable:<plan>``                  less
    ====================================  ========  ========
    """
    h = happening
    return (
        debit(name=AccountName.INTEREST_RECEIVABLE, of=h.plan_id, amount=h.more),
        credit(name=AccountName.INTEREST_INCOME, of=h.lender, amount=h.more),
        debit(name=AccountName.INTEREST_INCOME, of=h.lender, amount=h.less),
        credit(name=AccountName.INTEREST_RECEIVABLE, of=h.plan_id, amount=h.less),
    )


def earned_with_principal(*, plan_id: str, lender: str, merchant_fee: Money) -> tuple[Row, ...]:
    """Commission that was deferred is earned, because its principal is not owed any more."""
    return (
        debit(name=AccountName.MERCHANT_FEE_DEFERRED, of=plan_id, amount=merchant_fee),
        credit(name=AccountName.MERCHANT_FEE_INCOME, of=lender, amount=merchant_fee),
    )


def _pays_plan(*, happening: InstallmentCollected | CustomerCreditApplied) -> tuple[Row, ...]:
    h = happening
    return (
        credit(name=AccountName.PLAN_RECEIVABLE, of=h.plan_id, amount=h.principal),
        credit(name=AccountName.INTEREST_RECEIVABLE, of=h.plan_id, amount=h.accrued_interest),
        credit(name=AccountName.INTEREST_INCOME, of=h.lender, amount=h.interest),
        credit(name=AccountName.FEE_RECEIVABLE, of=h.plan_id, amount=h.late_fee),
    )
