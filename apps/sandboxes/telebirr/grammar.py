"""What each field must look like (providers.md 1.4, 1.6 to 1.11)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from apps.sandboxes.telebirr.refusals import grammar

_TITLE: Final = r"[^~`!#$%^*()\-+=|/<>?;:\"\[\]{}\\&]{1,512}"
_URL: Final = r"https?://\S{1,504}"
_AMOUNT: Final = r"(?=.{1,20}$)(?!0+(\.0{1,2})?$)\d+(\.\d{1,2})?"
_MINUTES: Final = r"([1-9]|[1-9]\d|1[01]\d|120)m"
_TRADE: Final = r"Checkout|InApp|Cross-App|WebCheckout|PWA|QrCode|QuickPay|BankTrade"
CONTRACT_NO: Final = r"\d{32}"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One field.

    Attributes:
        pattern: what the whole text must match.
        required: whether it must be there.
        strict: whether it is required only by the documents, and left out by known clients.
    """

    pattern: str
    required: bool = True
    strict: bool = False


def _optional(pattern: str) -> Rule:
    return Rule(pattern=pattern, required=False)


_APPID: Final = Rule(pattern=r"\d{1,32}")
_MERCH_CODE: Final = Rule(pattern=r"\d{1,16}")
_ORDER_ID: Final = Rule(pattern=r"[A-Za-z0-9]{1,64}")
_CURRENCY: Final = Rule(pattern="ETB")
_LENIENT_CURRENCY: Final = replace(_CURRENCY, required=False, strict=True)
_BUYS: Final = Rule(pattern="BuyGoods", required=False, strict=True)

ENVELOPE: Final[Mapping[str, Rule]] = {
    "timestamp": Rule(pattern=r"\d{10,13}"),
    "nonce_str": Rule(pattern=r"[\w-]{1,256}"),
    "version": Rule(pattern=r"1\.0"),
    "sign_type": Rule(pattern=r"SHA256[Ww]ithRSA"),
}
PRE_ORDER: Final[Mapping[str, Rule]] = {
    "appid": _APPID,
    "merch_code": _MERCH_CODE,
    "merch_order_id": _ORDER_ID,
    "notify_url": Rule(pattern=_URL),
    "redirect_url": _optional(_URL),
    "trade_type": Rule(pattern=_TRADE),
    "title": Rule(pattern=_TITLE),
    "total_amount": Rule(pattern=_AMOUNT),
    "trans_currency": _CURRENCY,
    "timeout_express": _optional(_MINUTES),
    "business_type": _BUYS,
    "payee_identifier": _optional(r"\d{1,16}"),
    "payee_identifier_type": _optional("04"),
    "payee_type": _optional(r"\d{4}"),
    "callback_info": _optional(r".{1,512}"),
}
MANDATE_DATA: Final[Mapping[str, Rule]] = {
    "mctContractNo": Rule(pattern=CONTRACT_NO),
    "mandateTemplateId": Rule(pattern=r"\d{1,16}"),
    "executeTime": Rule(pattern=r"\d{4}-\d{2}-\d{2}"),
}
QUERY_ORDER: Final[Mapping[str, Rule]] = {
    "appid": _APPID,
    "merch_code": _MERCH_CODE,
    "merch_order_id": replace(_ORDER_ID, required=False, strict=True),
    "prepay_id": _optional(r"\w{1,128}"),
}
REFUND: Final[Mapping[str, Rule]] = {
    "appid": _APPID,
    "merch_code": _MERCH_CODE,
    "merch_order_id": replace(_ORDER_ID, required=False, strict=True),
    "payment_order_id": _optional(r"\w{1,64}"),
    "refund_request_no": Rule(pattern=r"[A-Za-z0-9_-]{1,64}"),
    "refund_reason": _optional(r".{1,256}"),
    "actual_amount": Rule(pattern=_AMOUNT, required=False, strict=True),
    "refund_amount": _optional(_AMOUNT),
    "trans_currency": _LENIENT_CURRENCY,
}
QUERY_MANDATE: Final[Mapping[str, Rule]] = {
    "appid": _APPID,
    "merch_short_code": _MERCH_CODE,
    "merch_contract_no": _optional(CONTRACT_NO),
    "mandate_contract_id": _optional(r"\w{1,64}"),
}
CANCEL_MANDATE: Final[Mapping[str, Rule]] = {
    "merch_code": _MERCH_CODE,
    "mandate_contract_id": Rule(pattern=r"\w{1,64}"),
    "reason": Rule(pattern=r".{1,256}"),
    "initiator": Rule(pattern=r"2519\d{8}"),
    "initiator_type": Rule(pattern="10"),
    "description": _optional(r".{1,256}"),
}
DISBURSE: Final[Mapping[str, Rule]] = {
    "appid": _APPID,
    "merch_code": _MERCH_CODE,
    "merch_order_id": _ORDER_ID,
    "trade_type": Rule(pattern="Mandate|Disbursement"),
    "title": Rule(pattern=_TITLE),
    "payee_msisdn": Rule(pattern=r"\d{4,16}"),
    "total_amount": Rule(pattern=_AMOUNT),
    "trans_currency": _CURRENCY,
    "operator_id": Rule(pattern=r"\d{1,16}"),
    "timeout_express": _optional(_MINUTES),
    "business_type": _BUYS,
    "note_payer": _optional(r".{1,1024}"),
    "mandate_contract_id": _optional(r"\w{1,64}"),
    "mct_contract_no": _optional(CONTRACT_NO),
    "notify_url": _optional(_URL),
    "callback_info": _optional(r".{1,512}"),
}


def read(
    *, fields: Mapping[str, object], rules: Mapping[str, Rule], strict: bool
) -> dict[str, str]:
    """The known fields as text; fields without a rule are ignored.

    Raises:
        Refused: 49401024995, naming the first field that is missing or malformed.
    """
    texts: dict[str, str] = {}
    for name, rule in rules.items():
        value = fields.get(name)
        if value is None or value == "":
            if rule.required or (rule.strict and strict):
                raise grammar(field=name, rule="must be given")
            continue
        text = _text(value, name=name, strict=strict)
        if not re.fullmatch(rule.pattern, text, re.ASCII):
            raise grammar(field=name, rule=f"must match ^({rule.pattern})$")
        texts[name] = text
    return texts


def _text(value: object, *, name: str, strict: bool) -> str:
    """A number is read as its plain text, unless the documents are followed to the letter."""
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if isinstance(value, str) or (number and not strict):
        return str(value)
    raise grammar(field=name, rule="must be a string")
