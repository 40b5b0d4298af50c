"""Rules of what wallet providers keep, and what they pay to our bank account."""

from typing import assert_never

from meqenet.ledger.accounts import AccountName
from meqenet.ledger.entries import Row, credit, debit
from meqenet.ledger.happenings import ProviderCharged, ProviderHappening, ProviderSettled


def rows_for(*, happening: ProviderHappening) -> tuple[Row, ...]:
    """The table of the happening's rule, rows of nothing included."""
    match happening:
        case ProviderCharged():
            rows = _provider_charged(happening=happening)
        case ProviderSettled():
            rows = _provider_settled(happening=happening)
        case _:
            assert_never(happening)
    return rows


def _provider_charged(*, happening: ProviderCharged) -> tuple[Row, ...]:
    """The provider holds that much less for us.

    ====================================  ========  ========
    account                               debit     credit
    ====================================  ========  ========
    ``provider_charges:<provider>``       amount
    ``provider_clearing:<provider>``                amount
    ====================================  ========  ========
    """
    h = happening
    return (
        debit(name=AccountName.PROVIDER_CHARGES, of=h.provider, amount=h.amount),
        credit(name=AccountName.PROVIDER_CLEARING, of=h.provider, amount=h.amount),
    )


def _provider_settled(*, happening: ProviderSettled) -> tuple[Row, ...]:
    """What the provider had collected is on our bank account, less its charge.

    ====================================  ========  ===============
    account                               debit     credit
    ====================================  ========  ===============
    ``bank_clearing``                     amount
    ``provider_charges:<provider>``       charge
    ``provider_clearing:<provider>``                amount + charge
    ====================================  ========  ===============
    """
    h = happening
    return (
        debit(name=AccountName.BANK_CLEARING, of=None, amount=h.amount),
        debit(name=AccountName.PROVIDER_CHARGES, of=h.provider, amount=h.charge),
        credit(name=AccountName.PROVIDER_CLEARING, of=h.provider, amount=h.amount + h.charge),
    )
