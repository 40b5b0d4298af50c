"""The bank's spelling of orders and answers: pacs.008's names in JSON (providers.md 4.6)."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.bank.errors import AnswerUnreadable
from meqenet.errors import Defect
from meqenet.identity import wire_id
from meqenet.money import Money
from meqenet.settlement.transfer import CreditTransfer, TransferAnswer, TransferStatus

_REFERENCE_LETTERS_MAX = 35
DUPLICATION = "AM05"

_STATUS_OF = {
    "PDNG": TransferStatus.PENDING,
    "ACSC": TransferStatus.SETTLED,
    "ACCC": TransferStatus.SETTLED,
    "RJCT": TransferStatus.REJECTED,
}


def wire_reference(*, end_to_end_id: str) -> str:
    """Our id in letters and digits, at most 35: payment systems pass those on unchanged.

    Raises:
        Defect: the id has no such spelling.
    """
    reference = wire_id(meqenet_id=end_to_end_id)
    grammatical = reference.isascii() and reference.isalnum()
    if not grammatical or len(reference) > _REFERENCE_LETTERS_MAX:
        raise Defect("bank_reference", "an end-to-end id has 1 to 35 letters and digits")
    return reference


def spell_order(*, order: CreditTransfer, debtor_name: str, debtor_account: str) -> bytes:
    """The order's JSON. The same order always has the same bytes.

    Raises:
        Defect: the amount is not above zero, or the id has no spelling.
    """
    if order.amount <= Money.zero(order.amount.currency):
        raise Defect("bank_amount", "a transfer is above zero")
    reference = wire_reference(end_to_end_id=order.end_to_end_id)
    fields = {
        "MsgId": reference,
        "EndToEndId": reference,
        "Amt": _spell_amount(order.amount),
        "Dbtr": {"Nm": debtor_name},
        "DbtrAcct": {"Id": debtor_account},
        "CdtrAgt": {"BICFI": order.creditor.bic},
        "Cdtr": {"Nm": order.creditor.account_name},
        "CdtrAcct": {"Id": order.creditor.account_number},
        "RmtInf": {"Ustrd": order.remittance},
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def read_answer(
    *, content: bytes, end_to_end_id: str, amount: Money | None = None
) -> TransferAnswer:
    """The bank's word on one order.

    Args:
        content: the body of a successful answer.
        end_to_end_id: the order that we asked about.
        amount: what we ordered, where the caller knows it.

    Raises:
        AnswerUnreadable: no JSON, an unknown status, or an answer about something else.
    """
    fields = _read_object(content)
    if fields.get("EndToEndId") != wire_reference(end_to_end_id=end_to_end_id):
        raise AnswerUnreadable("it is about another order")
    if amount is not None and fields.get("Amt") != _spell_amount(amount):
        raise AnswerUnreadable("it is about another amount")
    status = _STATUS_OF.get(str(fields.get("TxSts")))
    if status is None:
        raise AnswerUnreadable("its status is none that we know")
    reference = fields.get("TxId")
    return TransferAnswer(
        end_to_end_id=end_to_end_id,
        status=status,
        bank_reference=reference if isinstance(reference, str) else None,
        reason_code=_reason(fields) if status is TransferStatus.REJECTED else None,
    )


def not_found(*, end_to_end_id: str) -> TransferAnswer:
    """The answer about an order that the bank never took."""
    return TransferAnswer(end_to_end_id=end_to_end_id, status=TransferStatus.NOT_FOUND)


def _spell_amount(amount: Money) -> dict[str, str]:
    return {"Ccy": amount.currency.value, "Value": str(amount)}


def _read_object(content: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(content, parse_float=Decimal)
    except ValueError:
        raise AnswerUnreadable("it is no JSON") from None
    if not isinstance(fields, dict):
        raise AnswerUnreadable("it is no JSON object")
    return fields


def _reason(fields: Mapping[str, Any]) -> str:
    """The ISO 20022 status reason; a rejection without one cannot be told to a merchant."""
    match fields.get("StsRsnInf"):
        case {"Rsn": {"Cd": str(code)}} if code:
            return code
        case _:
            raise AnswerUnreadable("a rejection without a reason")
