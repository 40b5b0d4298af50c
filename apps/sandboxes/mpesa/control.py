"""M-PESA's part of the control API: phones answered by hand, orders, behaviour, tokens."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.exceptions import HTTPException
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from apps.sandboxes.kernel.edge import CONTROL
from apps.sandboxes.mpesa.behaviour import Behaviour, PhoneMode
from apps.sandboxes.mpesa.desk import Desk
from apps.sandboxes.mpesa.journal import Prompt
from apps.sandboxes.mpesa.phones import CANCELLED


class SetMode(BaseModel):
    """Who shall answer a phone."""

    model_config = ConfigDict(extra="forbid")
    mode: PhoneMode


class AnswerPrompt(BaseModel):
    """What a shopper does with a prompt: types a PIN, or cancels."""

    model_config = ConfigDict(extra="forbid", strict=True)
    checkout_request_id: Annotated[
        str | None, Field(description="The oldest open prompt, if left out.")
    ] = None
    pin: Annotated[str | None, Field(pattern=r"^\d{4,6}$")] = None
    cancel: bool = False

    @model_validator(mode="after")
    def _one_deed(self) -> "AnswerPrompt":
        if (self.pin is not None) == self.cancel:
            raise ValueError('give either "pin" or "cancel": true')
        return self


def phone_routes(*, desk: Desk) -> APIRouter:
    """Phones: mode, open prompts, answers."""
    router = APIRouter(prefix=f"{CONTROL}/phones", tags=["control"])

    @router.post("/{msisdn}/mode")
    async def set_mode(msisdn: str, wanted: SetMode) -> SetMode:
        desk.kernel.book.wallet(msisdn=msisdn)
        desk.phones.set_mode(msisdn=msisdn, mode=wanted.mode)
        return wanted

    @router.get("/{msisdn}/prompts")
    async def prompts(msisdn: str) -> list[dict[str, Any]]:
        desk.kernel.book.wallet(msisdn=msisdn)
        return [_told(p) for p in desk.journal.prompts(msisdn=msisdn, open_only=True)]

    @router.post("/{msisdn}/answer")
    async def answer(msisdn: str, given: AnswerPrompt) -> dict[str, Any]:
        desk.kernel.book.wallet(msisdn=msisdn)
        wanted = given.checkout_request_id
        shown = desk.journal.prompts(msisdn=msisdn, open_only=True)
        for prompt in shown:
            if wanted in (None, prompt.checkout_request_id):
                ended = await _answer(desk, prompt=prompt, given=given)
                if ended is not None:
                    return _told(ended)
        raise HTTPException(status_code=404, detail="no such prompt is open on this phone")

    return router


async def _answer(desk: Desk, *, prompt: Prompt, given: AnswerPrompt) -> Prompt | None:
    if given.pin is None:
        return await desk.phones.end(prompt, code=CANCELLED)
    return await desk.phones.enter_pin(prompt, pin=given.pin)


def gateway_routes(*, desk: Desk) -> APIRouter:
    """Orders, behaviour, tokens."""
    router = APIRouter(prefix=CONTROL, tags=["control"])

    @router.get("/orders")
    async def orders() -> list[dict[str, Any]]:
        return [_told(prompt) for prompt in desk.journal.prompts()]

    @router.get("/orders/{order_id}")
    async def order(order_id: str) -> dict[str, Any]:
        prompt = desk.journal.prompt(named=order_id)
        if prompt is None:
            raise HTTPException(status_code=404, detail="no such order")
        return _told(prompt)

    @router.get("/behaviour")
    async def behaviour() -> dict[str, Any]:
        return desk.behaviour.model_dump(mode="json")

    @router.patch("/behaviour")
    async def change(wanted: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        try:
            checked = Behaviour.model_validate({**desk.behaviour.model_dump(), **wanted})
        except ValidationError as error:
            raise HTTPException(status_code=422, detail=error.errors(include_url=False)) from error
        for name in wanted:
            setattr(desk.behaviour, name, getattr(checked, name))
        return desk.behaviour.model_dump(mode="json")

    @router.post("/tokens/expire", status_code=204)
    async def expire_tokens() -> None:
        desk.tokens.expire_all()

    return router


def _told(prompt: Prompt) -> dict[str, Any]:
    """A prompt as its phone shows it, and what became of it."""
    ended = prompt.answered_at
    return {
        "merchant_request_id": prompt.merchant_request_id,
        "checkout_request_id": prompt.checkout_request_id,
        "msisdn": prompt.msisdn,
        "amount": str(prompt.amount),
        "account_reference": prompt.account_reference,
        "created_at": prompt.created_at.isoformat(),
        "expires_at": prompt.expires_at.isoformat(),
        "state": prompt.state.value,
        "result_code": prompt.result_code,
        "receipt": prompt.receipt,
        "answered_at": ended.isoformat() if ended else None,
    }
