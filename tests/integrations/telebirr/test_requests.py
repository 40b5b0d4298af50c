from datetime import date

import pytest
from pydantic import ValidationError

from integrations.telebirr import requests
from integrations.telebirr.errors import Deed
from integrations.telebirr.settings import TelebirrSettings
from meqenet.errors import Defect
from meqenet.money import Money
from meqenet.payments.rail import DebitMandate, MandateTerms, OpenCheckout, RefundPayment
from workers.settings import read

ORDER = "pln_abcdefghij0123456789-i01-a1"
GIVEN = {
    "BASE_URL": "https://superapp.example.et:38443/apiaccess/payment/gateway/",
    "FABRIC_APP_ID": "c4182ef8-9249-458a-985e-06d191f4d505",
    "APP_SECRET": "fad0f06383c6297f545876694b974599",
    "MERCHANT_APP_ID": "1234567890123456",
    "MERCHANT_CODE": "101011",
    "PRIVATE_KEY": "secret-key",
    "SP_PUBLIC_KEY": "public-key",
    "NOTIFY_URL": "https://api.example.et/callbacks/telebirr",
    "MANDATE_TEMPLATE_ID": "207001",
}


def settings(**changes: str) -> TelebirrSettings:
    environment = {f"MEQENET_TELEBIRR_{k}": v for k, v in {**GIVEN, **changes}.items()}
    return read(TelebirrSettings, environment=environment)


def checkout(**changes: object) -> OpenCheckout:
    values: dict[str, object] = {
        "order_id": ORDER,
        "amount": Money.from_birr("1250.5"),
        "title": "Shoes",
        "return_url": None,
        "expires_minutes": 30,
        **changes,
    }
    return OpenCheckout(**values)  # type: ignore[arg-type]  # checked by the tests that use it


def test_addresses_have_one_form() -> None:
    given = settings()
    assert given.base_url == "https://superapp.example.et:38443/apiaccess/payment/gateway"
    assert given.web_base_url == "https://superapp.example.et:38443/payment/web/paygate?"
    other = settings(WEB_BASE_URL="https://web.example.et/paygate")
    assert other.web_base_url == "https://web.example.et/paygate?"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "superapp.example.et"),
        ("WEB_BASE_URL", "ftp://x"),
        ("MERCHANT_APP_ID", "c4182ef8-9249-458a-985e-06d191f4d505"),
        ("TOKEN_LIFE_MINUTES", "60"),
        ("DEBIT_TRADE_TYPE", "Checkout"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_shown(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**{name: value})
    assert name.lower() in str(refused.value)
    assert "secret" not in str(refused.value).replace("app_secret", "")


def test_a_web_order() -> None:
    call = requests.open_checkout(
        request=checkout(return_url="https://shop.example.et/thanks"), settings=settings()
    )
    assert (call.path, call.method) == ("/payment/v1/merchant/preOrder", "payment.preorder")
    assert call.deed is Deed.ACTS
    assert call.biz == {
        "appid": "1234567890123456",
        "merch_code": "101011",
        "merch_order_id": "plnabcdefghij0123456789i01a1",
        "notify_url": GIVEN["NOTIFY_URL"],
        "trade_type": "Checkout",
        "title": "Shoes",
        "total_amount": "1250.50",
        "trans_currency": "ETB",
        "timeout_express": "30m",
        "business_type": "BuyGoods",
        "payee_identifier": "101011",
        "payee_identifier_type": "04",
        "payee_type": "5000",
        "callback_info": ORDER,
        "redirect_url": "https://shop.example.et/thanks",
    }


def test_an_order_that_signs_a_mandate_is_an_in_app_order() -> None:
    terms = MandateTerms(contract_no="0" * 31 + "1", first_debit_on=date(2026, 12, 6))
    path = "/payment/v1/merchant/inapp/createOrder"
    call = requests.open_checkout(
        request=checkout(mandate=terms), settings=settings(IN_APP_PATH=path)
    )
    assert (call.path, call.biz["trade_type"], call.biz["payee_type"]) == (path, "InApp", "3000")
    assert call.biz["mandate_data"] == {
        "mctContractNo": "0" * 31 + "1",
        "mandateTemplateId": "207001",
        "executeTime": "2026-12-06",
    }


def test_a_debit_and_its_open_points() -> None:
    request = DebitMandate(
        order_id=ORDER, contract_no="1" * 32, amount=Money(1), title="Installment 2 of 4"
    )
    by_default = requests.debit_mandate(request=request, settings=settings()).biz
    assert by_default["trade_type"] == "Mandate"
    assert by_default["payee_msisdn"] == "101011"
    assert by_default["total_amount"] == "0.01"
    assert "callback_info" not in by_default
    changed = requests.debit_mandate(
        request=request,
        settings=settings(
            DEBIT_TRADE_TYPE="Disbursement", DEBIT_PAYEE="251911223344", DEBIT_CALLBACK_INFO="true"
        ),
    ).biz
    assert changed["trade_type"] == "Disbursement"
    assert changed["payee_msisdn"] == "251911223344"
    assert changed["callback_info"] == ORDER


def test_the_link_that_signs_a_mandate() -> None:
    assert requests.mandate_link(contract="1" * 32, settings=settings()) == (
        f"merchant://10000000016?mctShortCode=101011&mctContractNo={'1' * 32}"
        "&mandateTemplateId=207001&thirdAppId=1234567890123456"
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "Shoes & bag"}, "title"),
        ({"title": ""}, "title"),
        ({"title": "x" * 513}, "title"),
        ({"expires_minutes": 0}, "expires_minutes"),
        ({"expires_minutes": 121}, "expires_minutes"),
        ({"amount": Money(0)}, "amount"),
        ({"order_id": "ጫማ"}, "order_id"),
        ({"order_id": "x" * 65}, "order_id"),
    ],
)
def test_what_telebirr_would_refuse_is_not_sent(change: dict[str, object], field: str) -> None:
    with pytest.raises(Defect, match=f"^{field}: "):
        requests.open_checkout(request=checkout(**change), settings=settings())


@pytest.mark.parametrize("contract", ["1" * 31, "1" * 33, "a" * 32, "\u0661" * 32])
def test_a_contract_number_has_32_digits(contract: str) -> None:
    with pytest.raises(Defect, match="contract_no: 32 digits"):
        requests.query_mandate(contract=contract, settings=settings())


def test_a_refund_names_the_order_and_itself() -> None:
    request = RefundPayment(
        refund_id=f"{ORDER}-r1",
        order_id=ORDER,
        receipt="CJD7GBOXIP",
        amount=Money.from_birr("99.9"),
        msisdn="251900000000",
    )
    assert requests.refund(request=request, settings=settings()).biz == {
        "appid": "1234567890123456",
        "merch_code": "101011",
        "merch_order_id": "plnabcdefghij0123456789i01a1",
        "refund_request_no": "plnabcdefghij0123456789i01a1r1",
        "actual_amount": "99.90",
        "trans_currency": "ETB",
    }
