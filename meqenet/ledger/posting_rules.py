"""What each happening does to the books: one rule, one table, debits equal to credits.

A row of nothing is left out; a happening that would move nothing, or less than nothing, is a
defect of whoever told of it. Money in, on the left; where it belongs, on the right.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from meqenet.errors import Defect
from meqenet.ledger.accounts import Account, AccountName, Side
from meqenet.ledger.happenings import (
    CheckoutPaymentReceived,
    CheckoutPaymentReturned,
    Happening,
    InstallmentCollected,
    MerchantPaidOut,
    PlanBecameActive,
    ProtectionEnded,
)
from meqenet.money import Money, total


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of a transaction. ``amount`` is more than nothing.

    Raises:
        ValueError: it is not.
    """

    account: Account
    side: Side
    amount: Money

    def __post_init__(self) -> None:
        if self.amount.santim <= 0:
            raise ValueError("amount: an entry is of more than nothing")

    @property
    def signed(self) -> Money:
        """Debits count up, credits down: a transaction's entries add up to nothing."""
        return self.amount if self.side is Side.DEBIT else -self.amount


def entries_for(*, happening: Happening) -> tuple[Entry, ...]:
    """The balanced lines that a happening posts, in the order in which its rule's table has them.

    Raises:
        Defect: ``happening_impossible``: it moves nothing, a negative amount, or more out of an
            amount than is in it.
    """
    match happening:
        case CheckoutPaymentReceived():
            entries = _checkout_payment_received(happening=happening)
        case CheckoutPaymentReturned():
            entries = _checkout_payment_returned(happening=happening)
        case PlanBecameActive():
            entries = _plan_became_active(happening=happening)
        case InstallmentCollected():
            entries = _installment_collected(happening=happening)
        case ProtectionEnded():
            entries = _protection_ended(happening=happening)
        case MerchantPaidOut():
            entries = _merchant_paid_out(happening=happening)
        case _:
            assert_never(happening)
    if not entries:
        raise _impossible(happening=happening, because="it moves nothing")
    if total(entry.signed for entry in entries):
        raise _impossible(happening=happening, because="debits and credits differ")
    return entries


def _checkout_payment_received(*, happening: CheckoutPaymentReceived) -> tuple[Entry, ...]:
    """The customer's money is with the provider, and still the customer's.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``provider_clearing:<provider>``      amount
    ``customer_deposits:<plan>``                    amount
    ====================================  ========  ========
    """
    return _lines(
        happening,
        (Side.DEBIT, _owned(AccountName.PROVIDER_CLEARING, happening.provider), happening.amount),
        (Side.CREDIT, _owned(AccountName.CUSTOMER_DEPOSITS, happening.plan_id), happening.amount),
    )


def _checkout_payment_returned(*, happening: CheckoutPaymentReturned) -> tuple[Entry, ...]:
    """The reverse of the receipt.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``customer_deposits:<plan>``          amount
    ``provider_clearing:<provider>``                amount
    ====================================  ========  ========
    """
    return _lines(
        happening,
        (Side.DEBIT, _owned(AccountName.CUSTOMER_DEPOSITS, happening.plan_id), happening.amount),
        (Side.CREDIT, _owned(AccountName.PROVIDER_CLEARING, happening.provider), happening.amount),
    )


def _plan_became_active(*, happening: PlanBecameActive) -> tuple[Entry, ...]:
    """The customer owes the price, the merchant is owed it less the fee, the deposit pays a part.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``plan_receivable:<plan>``            amount
    ``merchant_payable:<merchant>``, or
    ``merchant_protected:<plan>``                   amount - fee
    ``merchant_fee_income:<lender>``                fee
    ``customer_deposits:<plan>``          paid
    ``plan_receivable:<plan>``                      paid
    ====================================  ========  ========
    """
    receivable = _owned(AccountName.PLAN_RECEIVABLE, happening.plan_id)
    owed_to_merchant = (
        _owned(AccountName.MERCHANT_PROTECTED, happening.plan_id)
        if happening.protected
        else _owned(AccountName.MERCHANT_PAYABLE, happening.merchant_id)
    )
    paid = happening.paid_at_checkout
    if paid > happening.amount:
        raise _impossible(happening=happening, because="more was paid at checkout than is owed")
    return _lines(
        happening,
        (Side.DEBIT, receivable, happening.amount),
        (Side.CREDIT, owed_to_merchant, happening.amount - happening.merchant_fee),
        (
            Side.CREDIT,
            _owned(AccountName.MERCHANT_FEE_INCOME, happening.lender),
            happening.merchant_fee,
        ),
        (Side.DEBIT, _owned(AccountName.CUSTOMER_DEPOSITS, happening.plan_id), paid),
        (Side.CREDIT, receivable, paid),
    )


def _installment_collected(*, happening: InstallmentCollected) -> tuple[Entry, ...]:
    """The customer has paid principal back, and interest on top.

    ====================================  ====================  =========
    account                               debit                 credit
    ====================================  ====================  =========
    ``provider_clearing:<provider>``      principal + interest
    ``plan_receivable:<plan>``                                  principal
    ``interest_income:<lender>``                                interest
    ====================================  ====================  =========
    """
    return _lines(
        happening,
        (
            Side.DEBIT,
            _owned(AccountName.PROVIDER_CLEARING, happening.provider),
            happening.principal + happening.interest,
        ),
        (
            Side.CREDIT,
            _owned(AccountName.PLAN_RECEIVABLE, happening.plan_id),
            happening.principal,
        ),
        (Side.CREDIT, _owned(AccountName.INTEREST_INCOME, happening.lender), happening.interest),
    )


def _protection_ended(*, happening: ProtectionEnded) -> tuple[Entry, ...]:
    """The buyer's window is over: what was held is payable.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``merchant_protected:<plan>``         amount
    ``merchant_payable:<merchant>``                 amount
    ====================================  ========  ========
    """
    return _lines(
        happening,
        (Side.DEBIT, _owned(AccountName.MERCHANT_PROTECTED, happening.plan_id), happening.amount),
        (
            Side.CREDIT,
            _owned(AccountName.MERCHANT_PAYABLE, happening.merchant_id),
            happening.amount,
        ),
    )


def _merchant_paid_out(*, happening: MerchantPaidOut) -> tuple[Entry, ...]:
    """The bank has paid the merchant from our account.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``merchant_payable:<merchant>``       amount
    ``bank_clearing``                               amount
    ====================================  ========  ========
    """
    return _lines(
        happening,
        (
            Side.DEBIT,
            _owned(AccountName.MERCHANT_PAYABLE, happening.merchant_id),
            happening.amount,
        ),
        (Side.CREDIT, Account(name=AccountName.BANK_CLEARING), happening.amount),
    )


def _owned(name: AccountName, owner_id: str) -> Account:
    return Account(name=name, owner_id=owner_id)


def _lines(happening: Happening, *rows: tuple[Side, Account, Money]) -> tuple[Entry, ...]:
    """The rows of a rule's table, without those of nothing."""
    for _, account, amount in rows:
        if amount < Money.zero(amount.currency):
            raise _impossible(happening=happening, because=f"less than nothing on {account.name}")
    kept: Iterable[tuple[Side, Account, Money]] = (row for row in rows if row[2])
    return tuple(Entry(account=account, side=side, amount=amount) for side, account, amount in kept)


def _impossible(*, happening: Happening, because: str) -> Defect:
    return Defect(
        "happening_impossible",
        f"{happening.kind} cannot be posted: {because}",
        facts={"plan_id": happening.plan_id},
    )
