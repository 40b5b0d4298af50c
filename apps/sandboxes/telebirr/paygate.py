"""The web paygate: the page behind a checkout URL (providers.md 1.7)."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from apps.sandboxes.telebirr import pages
from apps.sandboxes.telebirr.checkout import SIGNED_FIELDS, Checkout, Payer, read_raw_request
from apps.sandboxes.telebirr.order_calls import local_time
from apps.sandboxes.telebirr.orders import Order, OrderStatus
from apps.sandboxes.telebirr.parts import Parts
from apps.sandboxes.telebirr.refusals import CHECKOUT, Refused

PAYGATE: Final = "/payment/web/paygate"
_CARRIED: Final = (*SIGNED_FIELDS, "sign", "sign_type")
_PHONE: Final = re.compile(r"(?:\+?251|0)?(9[0-9]{8})")
_PIN: Final = re.compile(r"[0-9]{6}")


def paygate_routes(*, parts: Parts, checkout: Checkout) -> APIRouter:
    """The page and the form behind it."""
    router = APIRouter(tags=["paygate"])

    @router.get(PAYGATE, response_class=HTMLResponse)
    async def show(request: Request) -> Response:
        try:
            order = await _opened(request.url.query, parts=parts, checkout=checkout)
        except Refused as refused:
            return _error(refused)
        fields = read_raw_request(text=request.url.query)
        return _shown(order, fields=fields, parts=parts, problem=None)

    @router.post(f"{PAYGATE}/pay", response_class=HTMLResponse)
    async def pay(request: Request) -> Response:
        form = await request.form()
        fields = {name: text for name, text in form.items() if isinstance(text, str)}
        query = urlencode({name: fields.get(name, "") for name in _CARRIED})
        try:
            order = await _opened(query, parts=parts, checkout=checkout)
            if order.status is not OrderStatus.WAIT_PAY:
                return _shown(order, fields=fields, parts=parts, problem=None)
            if fields.get("deed") == "cancel":
                order = await checkout.decline(order=order)
                return _shown(order, fields=fields, parts=parts, problem=None)
            payer = read_payer(msisdn=fields.get("msisdn", ""), pin=fields.get("pin", ""))
            if payer is None:
                problem = "Give a telebirr number (09… or 2519…) and a PIN of six digits."
                return _shown(order, fields=fields, parts=parts, problem=problem)
            after, faults = await checkout.pay(order=order, payer=payer)
        except Refused as refused:
            return _error(refused)
        faults.after_commit()
        return _shown(after, fields=fields, parts=parts, problem=_problem(order, after=after))

    return router


def read_payer(*, msisdn: str, pin: str) -> Payer | None:
    """What the customer typed, the phone as ``2519…``; None when it is no phone or no PIN."""
    phone = _PHONE.fullmatch(re.sub(r"[\s-]", "", msisdn))
    if phone is None or not _PIN.fullmatch(pin):
        return None
    return Payer(msisdn=f"251{phone[1]}", pin=pin)


def return_url(*, order: Order, parts: Parts) -> str | None:
    """Where the browser goes afterwards, with the order's state if the rules say so; no proof."""
    if order.redirect_url is None or parts.behaviour.rules.redirect == "bare":
        return order.redirect_url
    told = {
        "merch_order_id": order.merch_order_id,
        "payment_order_id": order.payment_order_id,
        "trade_status": order.status.value,
        "total_amount": str(order.amount),
        "trans_currency": "ETB",
        "trans_end_time": local_time(order=order) or "",
    }
    joint = "&" if "?" in order.redirect_url else "?"
    signed = {name: str(text) for name, text in parts.gateway.sign(fields=told).items()}
    return f"{order.redirect_url}{joint}{urlencode(signed)}"


async def _opened(query: str, *, parts: Parts, checkout: Checkout) -> Order:
    order = await checkout.open(raw_request=query)
    if parts.strict and order.trade_type == "InApp":
        raise Refused(
            code=CHECKOUT,
            text="The order is paid in the SuperApp",
            solution="trade_type: InApp orders have no web page; use rawRequest with startPay",
        )
    return order


def _problem(before: Order, *, after: Order) -> str | None:
    if after.status is not OrderStatus.WAIT_PAY:
        return None
    if after.wrong_pins > before.wrong_pins:
        return "The PIN is wrong. Please try again."
    return "The phone does not answer. The order still waits to be paid."


def _shown(
    order: Order, *, fields: Mapping[str, str], parts: Parts, problem: str | None
) -> Response:
    if order.status is OrderStatus.WAIT_PAY:
        hidden = {name: fields.get(name, "") for name in _CARRIED}
        page = pages.payment_form(order=order, hidden=hidden, problem=problem)
        return _html(page, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK)
    back = return_url(order=order, parts=parts)
    if order.status is not OrderStatus.PAY_SUCCESS:
        return _html(pages.failed_page(order=order, back=back), HTTPStatus.PAYMENT_REQUIRED)
    if back is not None:
        return RedirectResponse(back, status_code=HTTPStatus.SEE_OTHER)
    return _html(pages.paid_page(order=order), HTTPStatus.OK)


def _error(refused: Refused) -> HTMLResponse:
    page = pages.error_page(code=refused.code, text=refused.text, solution=refused.solution)
    return _html(page, HTTPStatus.BAD_REQUEST)


def _html(page: str, status: HTTPStatus) -> HTMLResponse:
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(page, status_code=status, headers=headers)
