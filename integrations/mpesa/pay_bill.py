"""A customer who pays to our short code: M-PESA asks first, then tells (providers.md 2.5)."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from integrations.mpesa.spelling import decode, moment_of, money_of, text_of
from meqenet.errors import Mender, Refusal
from meqenet.money import Money

_PHONE: Final = re.compile(r"(?:\+?251|0)?(7[0-9]{8})", re.ASCII)
_RECEIPT: Final = re.compile(r"[A-Za-z0-9]{6,20}", re.ASCII)


class PayBillStep(StrEnum):
    """Why M-PESA calls."""

    VALIDATION = "validation"
    """A customer wants to pay: shall M-PESA take the money?"""
    CONFIRMATION = "confirmation"
    """A customer has paid."""


@dataclass(frozen=True, kw_only=True)
class PayBill:
    """What M-PESA says of such a payment. Nothing proves it: ask about its receipt.

    Attributes:
        receipt: M-PESA's id of it.
        reference: the account that the customer has typed.
        amount: how much.
        payer: the phone that has paid, ``2517…``; None where M-PESA masks it.
        paid_at: when, if that can be read.
    """

    receipt: str
    reference: str = field(repr=False)
    amount: Money
    paid_at: datetime | None
    payer: str | None = field(default=None, repr=False)


def parse_pay_bill(*, body: bytes) -> PayBill:
    """Read a validation or a confirmation; the payer's name is left where it is.

    Raises:
        Refusal: ``callback_unreadable``.
    """
    told = decode(body)
    if not isinstance(told, dict):
        raise _unreadable()
    receipt = text_of(told.get("TransID")) or ""
    amount = text_of(told.get("TransAmount")) or ""
    if not _RECEIPT.fullmatch(receipt):
        raise _unreadable()
    try:
        money = money_of(amount)
    except ValueError as error:
        raise _unreadable() from error
    if not money:
        raise _unreadable()
    return PayBill(
        receipt=receipt,
        reference=text_of(told.get("BillRefNumber")) or "",
        amount=money,
        paid_at=moment_of(text_of(told.get("TransTime")) or ""),
        payer=_phone(text_of(told.get("MSISDN")) or ""),
    )


def _phone(text: str) -> str | None:
    """A phone of the operator's in full; what is masked, or a hash, names nobody."""
    found = _PHONE.fullmatch(text)
    return None if found is None else f"251{found[1]}"


def _unreadable() -> Refusal:
    return Refusal("callback_unreadable", "the body is no M-PESA pay-bill", mender=Mender.NOBODY)
