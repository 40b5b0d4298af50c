"""The customer's app, driven by tests, and a view of what the provider keeps: ``/_sandbox/…``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from apps.sandboxes.kernel.book import WalletUnknown
from apps.sandboxes.kernel.edge import CONTROL
from apps.sandboxes.kernel.faults import DropConnection, EmptyAnswer, FaultAnswer
from apps.sandboxes.telebirr import grammar, refusals
from apps.sandboxes.telebirr.checkout import Checkout, Payer
from apps.sandboxes.telebirr.mandates import Mandate
from apps.sandboxes.telebirr.orders import MandateWish, Order
from apps.sandboxes.telebirr.parts import Parts
from apps.sandboxes.telebirr.paygate import read_payer
from apps.sandboxes.telebirr.refunds import RefundStatus
from apps.sandboxes.telebirr.refusals import Refused
from apps.sandboxes.telebirr.rules import Rules
from apps.sandboxes.telebirr.templates import Template

_SIGN_HOST: Final = "10000000016"


class Typed(BaseModel):
    """What the customer types."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    msisdn: Annotated[str, Field(examples=["251911223344"])]
    pin: Annotated[str, Field(examples=["123456"])]


class PayRequest(Typed):
    """A raw request to be paid, as ``startPay`` gets it; a whole checkout URL is taken too."""

    raw_request: str


class SignRequest(Typed):
    """A mandate's deep link to be signed."""

    link: str


class Release(BaseModel):
    """How a held refund ends."""

    model_config = ConfigDict(extra="forbid")
    outcome: Literal["REFUND_SUCCESS", "REFUND_FAILED"] = "REFUND_SUCCESS"


def superapp_routes(*, parts: Parts, checkout: Checkout) -> APIRouter:
    """What a customer does in the app."""
    router = APIRouter(prefix=f"{CONTROL}/superapp", tags=["customer"])

    @router.post("/pay")
    async def pay(wanted: PayRequest) -> dict[str, Any]:
        text = wanted.raw_request.partition("?")[2] or wanted.raw_request
        with _refusals():
            payer = _payer(wanted)
            order = await checkout.open(raw_request=text)
            order, faults = await checkout.pay(order=order, payer=payer)
            faults.after_commit()
        return _paid(order)

    @router.post("/sign")
    async def sign(wanted: SignRequest) -> dict[str, str]:
        with _refusals():
            payer = _payer(wanted)
            faults = parts.begin(operation="sign", subject=payer.msisdn)
            mandate = _signed(wanted.link, payer=payer, parts=parts)
            faults.after_commit()
        return {"result": "success", "mandate_contract_id": mandate.mandate_id}

    @router.post("/mandates/{contract_no}/cancel")
    async def cancel(contract_no: str) -> dict[str, Any]:
        mandate = _found(parts.mandates.find(contract_no=contract_no))
        with _refusals():
            cancelled = parts.mandates.cancel(mandate=mandate, at=parts.kernel.clock())
        return asdict(cancelled)

    return router


def record_routes(*, parts: Parts) -> APIRouter:
    """What the provider keeps, and how it behaves where the documents are silent."""
    router = APIRouter(prefix=CONTROL, tags=["control"])

    @router.get("/orders")
    async def orders() -> list[dict[str, Any]]:
        return [_order(order, parts=parts) for order in parts.orders.all()]

    @router.post("/orders/{merch_order_id}/expire")
    async def expire(merch_order_id: str) -> dict[str, Any]:
        order = _found(parts.orders.find(merch_order_id=merch_order_id))
        if order.is_open:
            order = parts.orders.change(order=order, expires_at=parts.kernel.clock())
        return _order(await parts.lapse(order=order), parts=parts)

    @router.get("/mandates")
    async def mandates() -> list[dict[str, Any]]:
        now = parts.kernel.clock()
        return [
            {**asdict(mandate), "status": mandate.standing(at=now)}
            for mandate in parts.mandates.all()
        ]

    @router.post("/refunds/{refund_request_no}/release")
    async def release(refund_request_no: str, wanted: Release) -> dict[str, Any]:
        refund = _found(parts.refunds.find(refund_request_no=refund_request_no))
        order = _found(parts.orders.find(merch_order_id=refund.merch_order_id))
        if refund.status is not RefundStatus.REFUNDING:
            raise HTTPException(409, "the refund is final already")
        now, status = parts.kernel.clock(), RefundStatus(wanted.outcome)
        if status is RefundStatus.REFUND_SUCCESS:
            refund = parts.refunds.settle(refund=refund, order=order, at=now)
        else:
            refund = parts.refunds.close(refund=refund, status=status, at=now)
        return {**asdict(refund), "amount": str(refund.amount)}

    @router.get("/signatures")
    async def signatures() -> dict[str, Any]:
        seen = parts.gateway.signatures
        refused = {misfit.name.lower(): count for misfit, count in seen.misfits.items()}
        return {
            "good": seen.good,
            "refused": refused,
            "last_refused_canonical_string": seen.last_canonical,
        }

    @router.delete("/tokens", status_code=204)
    async def forget_tokens() -> None:
        parts.gateway.forget_tokens()

    return router


def rule_routes(*, parts: Parts) -> APIRouter:
    """Rules and mandate templates: look and change."""
    router = APIRouter(prefix=CONTROL, tags=["control"])

    @router.get("/rules")
    async def show_rules() -> Rules:
        return parts.behaviour.rules

    @router.patch("/rules")
    async def change_rules(wanted: dict[str, str]) -> Rules:
        merged = {**parts.behaviour.rules.model_dump(), **wanted}
        try:
            parts.behaviour.rules = Rules.model_validate(merged)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        return parts.behaviour.rules

    @router.get("/templates")
    async def show_templates() -> list[Template]:
        return list(parts.mandates.templates.all().values())

    @router.put("/templates/{template_id}")
    async def set_template(template_id: str, template: Template) -> Template:
        if template.id != template_id:
            raise HTTPException(422, "id: not the one of the path")
        parts.mandates.templates.set(template=template)
        return template

    return router


@contextmanager
def _refusals() -> Iterator[None]:
    """Answer as the app would: the provider's code in a problem, a lost connection as 504."""
    try:
        yield
    except Refused as refused:
        detail = {"code": refused.code, "text": refused.text, "solution": refused.solution}
        raise HTTPException(409, detail) from refused
    except FaultAnswer as fault:
        raise HTTPException(fault.status, "planned fault") from fault
    except (DropConnection, EmptyAnswer) as fault:
        raise HTTPException(504, "planned fault: the app lost the connection") from fault


def _payer(typed: Typed) -> Payer:
    payer = read_payer(msisdn=typed.msisdn, pin=typed.pin)
    if payer is None:
        raise refusals.grammar(field="msisdn", rule="2519… and a PIN of six digits")
    return payer


def _signed(link: str, *, payer: Payer, parts: Parts) -> Mandate:
    wish = _read_link(link, parts=parts)
    try:
        wallet = parts.kernel.book.wallet(msisdn=payer.msisdn)
    except WalletUnknown:
        raise Refused(code=refusals.WALLET_UNKNOWN, text="no wallet has this number") from None
    if payer.pin != wallet.pin:
        raise Refused(code=refusals.WRONG_PIN, text="the PIN is wrong")
    return parts.mandates.sign(wish=wish, payer=payer.msisdn, at=parts.kernel.clock())


def _read_link(link: str, *, parts: Parts) -> MandateWish:
    """A deep link ``merchant://10000000016?mctShortCode=…`` (providers.md 1.11 b)."""
    address = urlsplit(link)
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    if (address.scheme, address.netloc) != ("merchant", _SIGN_HOST):
        raise refusals.grammar(field="link", rule=f"must start with merchant://{_SIGN_HOST}?")
    parts.gateway.require_merchant(
        fields={"merch_code": query.get("mctShortCode"), "appid": query.get("thirdAppId")}
    )
    rules = {name: grammar.MANDATE_DATA[name] for name in ("mctContractNo", "mandateTemplateId")}
    fields = grammar.read(fields=query, rules=rules, strict=parts.strict)
    return MandateWish(
        contract_no=fields["mctContractNo"],
        template_id=fields["mandateTemplateId"],
        execute_on="",
    )


def _found(thing: Any) -> Any:  # noqa: ANN401 - the same type without None
    if thing is None:
        raise HTTPException(404, "there is no such thing")
    return thing


def _paid(order: Order) -> dict[str, Any]:
    return {
        "result": "success" if order.trans_id else "fail",
        "merch_order_id": order.merch_order_id,
        "order_status": order.status.value,
        "code": order.failure_code,
        "trans_id": order.trans_id,
    }


def _order(order: Order, *, parts: Parts) -> dict[str, Any]:
    shown = {**asdict(order), "amount": str(order.amount)}
    return {**shown, "order_status": parts.refunds.order_status(order=order)}
