"""C2B: a customer pays the bill without being asked (providers.md 2.5)."""

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from apps.sandboxes.kernel.book import (
    BookError,
    InsufficientFunds,
    merchant_account,
    wallet_account,
)
from apps.sandboxes.kernel.faults import Faults
from apps.sandboxes.kernel.settings import SandboxSettings
from apps.sandboxes.mpesa import tables
from apps.sandboxes.mpesa.answers import Refused, accepted_conversation
from apps.sandboxes.mpesa.desk import Desk
from apps.sandboxes.mpesa.grammar import Fields
from apps.sandboxes.mpesa.journal import ReceiptKind
from apps.sandboxes.mpesa.spelling import (
    Json,
    compact_time,
    dumps,
    loads,
    new_conversation_id,
    new_receipt,
)
from meqenet.money import Money

_VALIDATION_TIMEOUT_S = 8
_RESPONSE_TYPES = ("Completed", "Cancelled")
_MISSPELT = "Canceled"
_SIMULATED = ("CustomerPayBillOnline", "CustomerBuyGoodsOnline")


@dataclass(frozen=True, kw_only=True)
class _Addresses:
    """Where the short code wants to be asked and told; None when it registered nothing."""

    confirmation_url: str
    validation_url: str
    completes_unanswered: bool


@dataclass(frozen=True, kw_only=True)
class _Bill:
    trans_id: str
    conversation_id: str
    msisdn: str
    amount: Money
    reference: str


def routes(*, desk: Desk) -> APIRouter:
    """Registering addresses and simulating a customer's payment."""
    router = APIRouter(tags=["c2b"])

    @router.post("/v1/c2b-register-url/register")
    async def register(request: Request, apikey: str = "") -> JSONResponse:
        if apikey != desk.credentials.consumer_key:
            return _header(desk, code="401", message="Unauthorised-Invalid Api Key")
        fields = Fields(values=loads(await request.body()) or {}, strict=desk.strict)
        fields.choice("CommandID", of=("RegisterURL",))
        desk.require_short_code(given=fields.text("ShortCode"))
        types = _RESPONSE_TYPES if desk.strict else (*_RESPONSE_TYPES, _MISSPELT)
        addresses = _Addresses(
            confirmation_url=fields.url("ConfirmationURL"),
            validation_url=fields.url("ValidationURL"),
            completes_unanswered=fields.choice("ResponseType", of=types) == "Completed",
        )
        if not _keep(desk, addresses):
            return _header(desk, code=400, message="Short Code already Registered")
        return _header(desk, code=200, message="Request processed successfully")

    @router.post("/mpesa/b2c/simulatetransaction/{version}/request")
    async def simulate(version: str, request: Request) -> dict[str, str]:
        fields = await desk.receive(request=request, version=version, documented="v1")
        fields.choice("CommandID", of=_SIMULATED)
        bill = _Bill(
            trans_id=new_receipt(),
            conversation_id=new_conversation_id(at=desk.kernel.clock()),
            msisdn=fields.phone("Msisdn"),
            amount=fields.amount(whole_only=desk.behaviour.whole_amounts_only),
            reference=fields.text("BillRefNumber"),
        )
        faults = desk.faults(request=request, operation="c2b", our_id=bill.reference)
        desk.require_short_code(given=fields.text("ShortCode"))
        await _pay_bill(desk, bill=bill, faults=faults)
        faults.after_commit()
        return accepted_conversation(
            originator_id=secrets.token_hex(16), conversation_id=bill.conversation_id
        )

    return router


async def _pay_bill(desk: Desk, *, bill: _Bill, faults: Faults) -> None:
    """Ask the short code, move the money, tell the short code."""
    addresses = _addresses(desk)
    if addresses is not None:
        code = await _validate(desk, bill=bill, addresses=addresses)
        if code != "0":
            raise Refused(code, "The payment was rejected by the organisation")
    _move(desk, bill=bill)
    if addresses is not None:
        await desk.kernel.callbacks.send(
            url=addresses.confirmation_url,
            body=dumps(_notice(desk, bill=bill, kind="Confirmation")),
            reference=bill.reference,
            manner=faults.manner(),
        )


def _move(desk: Desk, *, bill: _Bill) -> None:
    at = desk.kernel.clock()
    try:
        with desk.kernel.book.transaction():
            desk.kernel.book.move(
                kind=ReceiptKind.PAY_BILL.value,
                reference=bill.reference,
                debit=wallet_account(msisdn=bill.msisdn),
                credit=merchant_account(code=desk.credentials.short_code),
                amount=bill.amount,
                at=at,
            )
            desk.journal.add_receipt(
                kind=ReceiptKind.PAY_BILL,
                reference=bill.reference,
                conversation=bill.conversation_id,
                msisdn=bill.msisdn,
                amount=bill.amount,
                at=at,
                receipt=bill.trans_id,
            )
    except InsufficientFunds:
        raise Refused("1", "The balance is insufficient for the transaction") from None
    except BookError:
        raise Refused("17", "The transaction breaks a rule or a limit") from None


async def _validate(desk: Desk, *, bill: _Bill, addresses: _Addresses) -> str:
    """The short code's word on a payment; without one, what it registered for that case."""
    unanswered = "0" if addresses.completes_unanswered else "C2B00016"
    if urlsplit(addresses.validation_url).hostname not in SandboxSettings().reachable_hosts:
        return unanswered
    body = dumps(_notice(desk, bill=bill, kind="Validation"))
    async with httpx.AsyncClient(timeout=_VALIDATION_TIMEOUT_S, trust_env=False) as http:
        try:
            answer = await http.post(
                addresses.validation_url,
                content=body,
                headers={"Content-Type": "application/json"},
            )
        except httpx.TransportError:
            return unanswered
    said = (loads(answer.content) or {}).get("ResultCode")
    return unanswered if said is None or not answer.is_success else str(said)


def _notice(desk: Desk, *, bill: _Bill, kind: str) -> dict[str, Json]:
    wallet = next((w for w in desk.kernel.book.wallets() if w.msisdn == bill.msisdn), None)
    first, _, last = (wallet.name if wallet else "").partition(" ")
    held = desk.kernel.book.balance(account=merchant_account(code=desk.credentials.short_code))
    return {
        "RequestType": kind,
        "TransactionType": "Pay Bill",
        "TransID": bill.trans_id,
        "TransTime": compact_time(desk.kernel.clock()),
        "TransAmount": f"{bill.amount.birr.normalize():f}",
        "BusinessShortCode": desk.credentials.short_code,
        "BillRefNumber": bill.reference,
        "InvoiceNumber": "",
        "OrgAccountBalance": str(held) if kind == "Confirmation" else "",
        "ThirdPartyTransID": "",
        "MSISDN": bill.msisdn,
        "FirstName": first,
        "MiddleName": "******",
        "LastName": last,
    }


def _keep(desk: Desk, addresses: _Addresses) -> bool:
    """Keep the first registration of a short code; whether this was it."""
    row = insert(tables.addresses).values(short_code=desk.credentials.short_code, **vars(addresses))
    with desk.kernel.book.transaction() as connection:
        return bool(connection.execute(row.on_conflict_do_nothing()).rowcount)


def _addresses(desk: Desk) -> _Addresses | None:
    columns = tables.addresses.c
    query = select(
        columns.confirmation_url, columns.validation_url, columns.completes_unanswered
    ).where(columns.short_code == desk.credentials.short_code)
    with desk.kernel.book.transaction() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return _Addresses(**row) if row else None


def _header(desk: Desk, *, code: int | str, message: str) -> JSONResponse:
    """``{header: {…}}``: success has a number for code, a bad key a text and an empty body."""
    at = desk.kernel.clock().isoformat(timespec="milliseconds")
    header = {"responseCode": code, "responseMessage": message, "timestamp": at.split("+")[0]}
    if isinstance(code, str):
        answer = {"header": {"requestRefId": secrets.token_hex(8), **header}, "body": {}}
        return JSONResponse(answer, status_code=int(code))
    return JSONResponse({"header": {**header, "customerMessage": message}})
