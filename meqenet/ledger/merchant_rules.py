"""Rules of what merchants are owed, get, and owe back."""

from typing import assert_never

from meqenet.ledger.accounts import AccountName
from meqenet.ledger.customer_rules import earned_with_principal
from meqenet.ledger.entries import Row, credit, debit
from meqenet.ledger.happenings import (
    MerchantHappening,
    MerchantPaidOut,
    MerchantPayoutSettled,
    MerchantSharePaid,
    OrderRefunded,
    ProtectionBegan,
    ProtectionEnded,
)
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.ledger.order_happenings import OrderCaptured


def rows_for(*, happening: MerchantHappening) -> tuple[Row, ...]:
    """The table of the happening's rule, rows of nothing included."""
    match happening:
        case OrderCaptured():
            rows = _order_captured(happening=happening)
        case OrderRefunded():
            rows = _order_refunded(happening=happening)
        case ProtectionBegan():
            rows = _protection_began(happening=happening)
        case ProtectionEnded():
            rows = _protection_ended(happening=happening)
        case MerchantPaidOut():
            rows = _merchant_paid_out(happening=happening)
        case MerchantSharePaid():
            rows = _merchant_share_paid(happening=happening)
        case MerchantPayoutSettled():
            rows = _merchant_payout_settled(happening=happening)
        case _:
            assert_never(happening)
    return rows


def _order_captured(*, happening: OrderCaptured) -> tuple[Row, ...]:
    """A part is delivered: it is owed to the merchant, at once or once the buyer's window is over.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``merchant_authorised:<plan>``        amount
    ``merchant_payable:<merchant>``, or
    ``merchant_protected:<plan>``                   amount
    ====================================  ========  ========
    """
    h = happening
    name, of = (
        (AccountName.MERCHANT_PROTECTED, h.plan_id)
        if h.protected
        else (AccountName.MERCHANT_PAYABLE, h.merchant_id)
    )
    return (
        debit(name=AccountName.MERCHANT_AUTHORISED, of=h.plan_id, amount=h.amount),
        credit(name=name, of=of, amount=h.amount),
    )


def _order_refunded(*, happening: OrderRefunded) -> tuple[Row, ...]:
    """The merchant gives the price back; the customer owes less, or has a credit.

    Of an order with several captures the money may be in more places than one.

    ====================================  ==============  ==================
    account                               debit           credit
    ====================================  ==============  ==================
    ``merchant_authorised:<plan>``, or
    ``merchant_protected:<plan>``, or
    ``merchant_payable:<merchant>``, or
    ``merchant_receivable:<merchant>``    the rest of it
    ``merchant_payable:<merchant>``       also payable
    ``merchant_receivable:<merchant>``    also paid out
    ``merchant_fee_deferred:<plan>``      fee not earned
    ``merchant_fee_income:<lender>``      fee earned
    ``plan_receivable:<plan>``                            owed less
    ``customer_credit:<plan>``                            amount - owed less
    ``merchant_fee_deferred:<plan>``      merchant fee
    ``merchant_fee_income:<lender>``                      merchant fee
    ====================================  ==============  ==================
    """
    h = happening
    name, of = merchant_money(taken_from=h.taken_from, plan_id=h.plan_id, merchant_id=h.merchant_id)
    fees = h.fee_not_earned + h.fee_earned
    rest = h.amount - fees - h.also_payable - h.also_paid_out
    return (
        debit(name=name, of=of, amount=rest),
        debit(name=AccountName.MERCHANT_PAYABLE, of=h.merchant_id, amount=h.also_payable),
        debit(name=AccountName.MERCHANT_RECEIVABLE, of=h.merchant_id, amount=h.also_paid_out),
        debit(name=AccountName.MERCHANT_FEE_DEFERRED, of=h.plan_id, amount=h.fee_not_earned),
        debit(name=AccountName.MERCHANT_FEE_INCOME, of=h.lender, amount=h.fee_earned),
        credit(name=AccountName.PLAN_RECEIVABLE, of=h.plan_id, amount=h.owed_less),
        credit(name=AccountName.CUSTOMER_CREDIT, of=h.plan_id, amount=h.amount - h.owed_less),
        *earned_with_principal(plan_id=h.plan_id, lender=h.lender, merchant_fee=h.merchant_fee),
    )


def merchant_money(
    *, taken_from: MerchantMoney, plan_id: str, merchant_id: str
) -> tuple[AccountName, str]:
    """The account that a merchant's money of a plan is taken from, and whose it is."""
    match taken_from:
        case MerchantMoney.AUTHORISED:
            return AccountName.MERCHANT_AUTHORISED, plan_id
        case MerchantMoney.PROTECTED:
            return AccountName.MERCHANT_PROTECTED, plan_id
        case MerchantMoney.PAYABLE:
            return AccountName.MERCHANT_PAYABLE, merchant_id
        case MerchantMoney.PAID_OUT:
            return AccountName.MERCHANT_RECEIVABLE, merchant_id
        case _:
            assert_never(taken_from)


def _protection_began(*, happening: ProtectionBegan) -> tuple[Row, ...]:
    """What was payable is held for the buyer.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``merchant_payable:<merchant>``       amount
    ``merchant_protected:<plan>``                   amount
    ====================================  ========  ========
    """
    h = happening
    return (
        debit(name=AccountName.MERCHANT_PAYABLE, of=h.merchant_id, amount=h.amount),
        credit(name=AccountName.MERCHANT_PROTECTED, of=h.plan_id, amount=h.amount),
    )


def _protection_ended(*, happening: ProtectionEnded) -> tuple[Row, ...]:
    """The buyer's window is over: what was held is payable.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``merchant_protected:<plan>``         amount
    ``merchant_payable:<merchant>``                 amount
    ====================================  ========  ========
    """
    h = happening
    return (
        debit(name=AccountName.MERCHANT_PROTECTED, of=h.plan_id, amount=h.amount),
        credit(name=AccountName.MERCHANT_PAYABLE, of=h.merchant_id, amount=h.amount),
    )


def _merchant_paid_out(*, happening: MerchantPaidOut) -> tuple[Row, ...]:
    """The bank has paid the merchant from our account, less what the merchant owed us.

    ====================================  ===============  ========
    account                               debit            credit
    ====================================  ===============  ========
    ``merchant_payable:<merchant>``       amount + netted
    ``bank_clearing``                                      amount
    ``merchant_receivable:<merchant>``                     netted
    ====================================  ===============  ========
    """
    h = happening
    return (
        debit(name=AccountName.MERCHANT_PAYABLE, of=h.merchant_id, amount=h.amount + h.netted),
        credit(name=AccountName.BANK_CLEARING, of=None, amount=h.amount),
        credit(name=AccountName.MERCHANT_RECEIVABLE, of=h.merchant_id, amount=h.netted),
    )


def _merchant_share_paid(*, happening: MerchantSharePaid) -> tuple[Row, ...]:
    """A plan's share of a payout is owed no more; the payout itself is posted once for all.

    ====================================  ==========  ==========
    account                               debit       credit
    ====================================  ==========  ==========
    ``merchant_payable:<merchant>``       amount
    ``merchant_settling:<merchant>``                  amount
    ``merchant_settling:<merchant>``      taken back
    ``merchant_payable:<merchant>``                   taken back
    ====================================  ==========  ==========
    """
    h = happening
    return (
        debit(name=AccountName.MERCHANT_PAYABLE, of=h.merchant_id, amount=h.amount),
        credit(name=AccountName.MERCHANT_SETTLING, of=h.merchant_id, amount=h.amount),
        debit(name=AccountName.MERCHANT_SETTLING, of=h.merchant_id, amount=h.taken_back),
        credit(name=AccountName.MERCHANT_PAYABLE, of=h.merchant_id, amount=h.taken_back),
    )


def _merchant_payout_settled(*, happening: MerchantPayoutSettled) -> tuple[Row, ...]:
    """The merchant was paid from our bank account, or from our wallet at a provider.

    ====================================  ================  ==========
    account                               debit             credit
    ====================================  ================  ==========
    ``merchant_settling:<merchant>``      shares
    ``merchant_settling:<merchant>``                        taken back
    ``merchant_reserve:<merchant>``       reserve released
    ``bank_clearing``, or
    ``provider_clearing:<provider>``                        amount
    ``merchant_receivable:<merchant>``                      owed back
    ``merchant_reserve:<merchant>``                         reserve held
    ====================================  ================  ==========
    """
    h = happening
    paid_from = AccountName.BANK_CLEARING if h.provider is None else AccountName.PROVIDER_CLEARING
    return (
        debit(name=AccountName.MERCHANT_SETTLING, of=h.merchant_id, amount=h.shares),
        credit(name=AccountName.MERCHANT_SETTLING, of=h.merchant_id, amount=h.taken_back),
        debit(name=AccountName.MERCHANT_RESERVE, of=h.merchant_id, amount=h.reserve_released),
        credit(name=paid_from, of=h.provider, amount=h.amount),
        credit(name=AccountName.MERCHANT_RECEIVABLE, of=h.merchant_id, amount=h.owed_back),
        credit(name=AccountName.MERCHANT_RESERVE, of=h.merchant_id, amount=h.reserve_held),
    )
