"""STK push: a payment prompt on the customer's phone (providers.md 2.2, 2.3)."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from fastapi import APIRouter, Request

from apps.sandboxes.kernel.faults import FaultKind, Faults
from apps.sandboxes.mpesa.answers import BAD_REQUEST, GatewayError, Refused, accepted_push
from apps.sandboxes.mpesa.behaviour import PhoneMode
from apps.sandboxes.mpesa.desk import Desk
from apps.sandboxes.mpesa.grammar import Fields
from apps.sandboxes.mpesa.journal import Prompt, PromptState
from apps.sandboxes.mpesa.spelling import new_checkout_id
from meqenet.money import Money

_PASSWORD_WRONG = "SVC0403"  # noqa: S105 - a response code
_VERSION = "v3"
_TRANSACTION_TYPES = ("CustomerPayBillOnline", "CustomerBuyGoodsOnline")
_AT_ONCE = (
    FaultKind.TIMEOUT_AFTER_COMMIT,
    FaultKind.ERROR_AFTER_COMMIT,
    FaultKind.EMPTY_AFTER_COMMIT,
    FaultKind.CALLBACK_FIRST,
)


@dataclass(frozen=True, kw_only=True)
class _Push:
    merchant_request_id: str
    short_code: str
    password: str
    timestamp: str
    amount: Money
    msisdn: str
    callback_url: str
    account_reference: str

    @classmethod
    def read(cls, *, fields: Fields, whole_only: bool) -> Self:
        """Hold a request against the documents' grammar."""
        fields.choice("TransactionType", of=_TRANSACTION_TYPES)
        fields.phone("PartyA")
        fields.text("PartyB", pattern=r"[0-9]{4,6}")
        fields.text("TransactionDesc", longest=13)
        fields.pairs("ReferenceData")
        return cls(
            merchant_request_id=fields.own_id("MerchantRequestID", otherwise=secrets.token_hex(16)),
            short_code=fields.text("BusinessShortCode", pattern=r"[0-9]{4,6}"),
            password=fields.text("Password"),
            timestamp=_timestamp(fields),
            amount=fields.amount(whole_only=whole_only),
            msisdn=fields.phone("PhoneNumber"),
            callback_url=fields.url("CallBackURL"),
            account_reference=fields.text("AccountReference", longest=12),
        )


def _timestamp(fields: Fields) -> str:
    text = fields.text("Timestamp", pattern=r"[0-9]{14}")
    try:
        datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - only the grammar is checked
    except ValueError:
        raise GatewayError(BAD_REQUEST, "Bad Request - Invalid Timestamp") from None
    return text


def routes(*, desk: Desk) -> APIRouter:
    """The STK push endpoint."""
    router = APIRouter(tags=["stk push"])

    @router.post("/mpesa/stkpush/{version}/processrequest")
    async def process_request(version: str, request: Request) -> dict[str, str]:
        fields = await desk.receive(request=request, version=version, documented=_VERSION)
        push = _Push.read(fields=fields, whole_only=desk.behaviour.whole_amounts_only)
        faults = desk.faults(
            request=request,
            operation="stk_push",
            our_id=push.merchant_request_id,
            msisdn=push.msisdn,
        )
        desk.require_short_code(given=push.short_code)
        if not desk.credentials.password_fits(
            password=push.password,
            timestamp=push.timestamp,
            kenyan=desk.behaviour.kenyan_password and not desk.strict,
        ):
            raise Refused(_PASSWORD_WRONG, "The password is incorrect")
        prompt = _find_or_open(desk, push=push, faults=faults)
        await _show(desk, prompt=prompt, faults=faults)
        faults.after_commit()
        return accepted_push(
            merchant_request_id=prompt.merchant_request_id,
            checkout_request_id=prompt.checkout_request_id,
        )

    return router


def _find_or_open(desk: Desk, *, push: _Push, faults: Faults) -> Prompt:
    """A MerchantRequestID opens one prompt: repeated, it finds the first (providers.md 2.9)."""
    now = desk.kernel.clock()
    manner = faults.manner()
    with desk.kernel.book.transaction():
        known = desk.journal.prompt(named=push.merchant_request_id)
        if known is not None:
            other = (known.msisdn, known.amount) != (push.msisdn, push.amount)
            if desk.strict and other:
                raise GatewayError(BAD_REQUEST, "Bad Request - Duplicate MerchantRequestID")
            return known
        prompt = Prompt(
            merchant_request_id=push.merchant_request_id,
            checkout_request_id=new_checkout_id(at=now),
            msisdn=push.msisdn,
            amount=push.amount,
            account_reference=push.account_reference,
            callback_url=push.callback_url,
            callback_copies=manner.copies,
            callback_delay_ms=int(manner.delay.total_seconds() * 1000),
            created_at=now,
            expires_at=now + desk.behaviour.prompt_life,
            state=PromptState.OPEN,
        )
        desk.journal.add_prompt(prompt=prompt)
        return prompt


async def _show(desk: Desk, *, prompt: Prompt, faults: Faults) -> None:
    """Put a new prompt on the phone; what must have happened before the answer happens now."""
    if prompt.state is not PromptState.OPEN or desk.phones.timers.runs(
        key=prompt.checkout_request_id
    ):
        return
    by_itself = desk.phones.mode(msisdn=prompt.msisdn) is PhoneMode.AUTO
    if by_itself and any(faults.has(kind=kind) for kind in _AT_ONCE):
        first = faults.has(kind=FaultKind.CALLBACK_FIRST)
        await desk.phones.answer(prompt, first=first)
    else:
        desk.phones.show(prompt=prompt)
