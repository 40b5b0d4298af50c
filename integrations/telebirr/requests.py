"""What we ask of Telebirr: ``biz_content`` of each call (providers.md 1.6 to 1.11)."""

import re
from typing import Final
from urllib.parse import urlencode

from integrations.telebirr.errors import Deed
from integrations.telebirr.gateway import Call
from integrations.telebirr.settings import TelebirrSettings
from meqenet.errors import Defect
from meqenet.identity import wire_id
from meqenet.payments.rail import DebitMandate, MandateTerms, OpenCheckout, RefundPayment

_ORDER_ID: Final = re.compile(r"[A-Za-z0-9]{1,64}")
_CONTRACT_NO: Final = re.compile(r"[0-9]{32}")
_TITLE: Final = re.compile(r"[^~`!#$%^*()\-+=|/<>?;:\"\[\]{}\\&]{1,512}")
_EXPIRES_MINUTES_MAX: Final = 120
_MANDATE_DEBIT_EXPIRES_MINUTES: Final = 5
_WHOLE_TITLE: Final = "letters, digits and spaces, 1 to 512 of them"


def open_checkout(*, request: OpenCheckout, settings: TelebirrSettings) -> Call:
    """PreOrder, or in-app createOrder where a mandate is signed with the payment."""
    expires = request.expires_minutes
    _must(1 <= expires <= _EXPIRES_MINUTES_MAX, field="expires_minutes", rule="1 to 120")
    _must(bool(request.amount.santim > 0), field="amount", rule="above zero")
    _must(_TITLE.fullmatch(request.title), field="title", rule=_WHOLE_TITLE)
    biz: dict[str, object] = {
        "appid": settings.merchant_app_id,
        "merch_code": settings.merchant_code,
        "merch_order_id": order_id(meqenet_id=request.order_id),
        "notify_url": settings.notify_url,
        "trade_type": "InApp" if request.mandate else "Checkout",
        "title": request.title,
        "total_amount": str(request.amount),
        "trans_currency": request.amount.currency.value,
        "timeout_express": f"{expires}m",
        "business_type": "BuyGoods",
        "payee_identifier": settings.merchant_code,
        "payee_identifier_type": "04",
        "payee_type": "3000" if request.mandate else "5000",
        "callback_info": request.order_id,
    }
    if request.return_url:
        biz["redirect_url"] = request.return_url
    path = "/payment/v1/merchant/preOrder"
    if request.mandate:
        path = settings.in_app_path
        biz["mandate_data"] = _mandate_data(request.mandate, settings=settings)
    return Call(path=path, method="payment.preorder", biz=biz, deed=Deed.ACTS)


def query_order(*, meqenet_id: str, settings: TelebirrSettings) -> Call:
    """Ask for the state of an order."""
    return Call(
        path="/payment/v1/merchant/queryOrder",
        method="payment.queryorder",
        biz={
            "appid": settings.merchant_app_id,
            "merch_code": settings.merchant_code,
            "merch_order_id": order_id(meqenet_id=meqenet_id),
        },
        deed=Deed.ASKS,
    )


def debit_mandate(*, request: DebitMandate, settings: TelebirrSettings) -> Call:
    """Pull money: ``payment.disbursement``, in spite of its name."""
    _must(bool(request.amount.santim > 0), field="amount", rule="above zero")
    _must(_TITLE.fullmatch(request.title), field="title", rule=_WHOLE_TITLE)
    biz: dict[str, object] = {
        "appid": settings.merchant_app_id,
        "merch_code": settings.merchant_code,
        "merch_order_id": order_id(meqenet_id=request.order_id),
        "trade_type": settings.debit_trade_type,
        "title": request.title,
        "payee_msisdn": settings.debit_payee or settings.merchant_code,
        "total_amount": str(request.amount),
        "trans_currency": request.amount.currency.value,
        "operator_id": "0000",
        "timeout_express": f"{_MANDATE_DEBIT_EXPIRES_MINUTES}m",
        "business_type": "BuyGoods",
        "note_payer": request.title,
        "mct_contract_no": contract_no(text=request.contract_no),
        "notify_url": settings.notify_url,
    }
    if settings.debit_callback_info:
        biz["callback_info"] = request.order_id
    return Call(
        path="/payment/v1/merchant/disburseOrder",
        method="payment.disbursement",
        biz=biz,
        deed=Deed.ACTS,
    )


def query_mandate(*, contract: str, settings: TelebirrSettings) -> Call:
    """Ask for the state of a mandate by our own contract number."""
    return Call(
        path="/payment/v1/mandates/query",
        method="payment.queryMandate",
        biz={
            "appid": settings.merchant_app_id,
            "merch_short_code": settings.merchant_code,
            "merch_contract_no": contract_no(text=contract),
        },
        deed=Deed.ASKS,
    )


def cancel_mandate(
    *, mandate_id: str, msisdn: str, reason: str, settings: TelebirrSettings
) -> Call:
    """End a mandate in the name of the customer who signed it."""
    return Call(
        path="/payment/v1/mandateContract/cancel",
        method="payment.cancelMandate",
        biz={
            "merch_code": settings.merchant_code,
            "mandate_contract_id": mandate_id,
            "reason": reason,
            "initiator": msisdn,
            "initiator_type": "10",
        },
        deed=Deed.ACTS,
    )


def refund(*, request: RefundPayment, settings: TelebirrSettings) -> Call:
    """Give back a payment, in whole or in part; Telebirr dedupes on ``refund_request_no``."""
    _must(bool(request.amount.santim > 0), field="amount", rule="above zero")
    return Call(
        path="/payment/v1/merchant/refund",
        method="payment.refund",
        biz={
            "appid": settings.merchant_app_id,
            "merch_code": settings.merchant_code,
            "merch_order_id": order_id(meqenet_id=request.order_id),
            "refund_request_no": order_id(meqenet_id=request.refund_id),
            "actual_amount": str(request.amount),
            "trans_currency": request.amount.currency.value,
        },
        deed=Deed.ACTS,
    )


def mandate_link(*, contract: str, settings: TelebirrSettings) -> str:
    """The SuperApp deep link that signs a mandate without a payment (providers.md 1.11 b)."""
    query = urlencode(
        {
            "mctShortCode": settings.merchant_code,
            "mctContractNo": contract_no(text=contract),
            "mandateTemplateId": settings.mandate_template_id,
            "thirdAppId": settings.merchant_app_id,
        }
    )
    return f"merchant://10000000016?{query}"


def order_id(*, meqenet_id: str) -> str:
    """The wire spelling of one of our ids: letters and digits, at most 64.

    Raises:
        Defect: the id cannot be spelled so.
    """
    spelled = wire_id(meqenet_id=meqenet_id)
    _must(_ORDER_ID.fullmatch(spelled), field="order_id", rule="1 to 64 letters and digits")
    return spelled


def contract_no(*, text: str) -> str:
    """The number itself, checked: 32 digits.

    Raises:
        Defect: it is something else.
    """
    _must(_CONTRACT_NO.fullmatch(text), field="contract_no", rule="32 digits")
    return text


def _mandate_data(terms: MandateTerms, *, settings: TelebirrSettings) -> dict[str, object]:
    return {
        "mctContractNo": contract_no(text=terms.contract_no),
        "mandateTemplateId": settings.mandate_template_id,
        "executeTime": terms.first_debit_on.isoformat(),
    }


def _must(holds: object, *, field: str, rule: str) -> None:
    if not holds:
        raise Defect("telebirr_request_invalid", f"{field}: {rule}")
