"""``/v1/credit-transfers``: an order to pay, and the question what became of it."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from apps.sandboxes.bank.directory import account_length
from apps.sandboxes.bank.grammar import StrictTransferOrder, TransferOrder
from apps.sandboxes.bank.outcomes import FAULTS, REFUSALS, BankOutcome, outcome_for
from apps.sandboxes.bank.signatures import NotAuthenticated, SignatureCheck
from apps.sandboxes.bank.transfers import OrderConflict, Status, Transfer, Transfers
from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.book import InsufficientFunds
from apps.sandboxes.kernel.edge import note_reference
from apps.sandboxes.kernel.faults import FaultAnswer, Faults

SEND = "credit_transfer"
QUERY = "query_transfer"
_DEFAULT_REFUSAL = "AC01"


@dataclass(kw_only=True)
class Desk:
    """What the routes work with."""

    kernel: Kernel
    transfers: Transfers
    signatures: SignatureCheck
    debtor_account: str
    strict: bool
    met_once: set[str] = field(default_factory=set)

    def take(self, *, order: TransferOrder, outcome: BankOutcome) -> Faults:
        """Planned faults and those of the creditor's account."""
        taken = self.kernel.faults.take(operation=SEND, subject=order.EndToEndId)
        own = FAULTS.get(outcome)
        if own is None:
            return taken
        if outcome is BankOutcome.UNAVAILABLE_ONCE:
            if order.EndToEndId in self.met_once:
                return taken
            self.met_once.add(order.EndToEndId)
        return Faults((*taken, own))

    def refusal(self, *, order: TransferOrder, outcome: BankOutcome, faults: Faults) -> str | None:
        """The ISO 20022 reason why this order is rejected at once, if it is."""
        planned = faults.refusal()
        if planned is not None:
            return planned or _DEFAULT_REFUSAL
        if order.DbtrAcct.Id != self.debtor_account:
            return "AC02"
        length = account_length(bic=order.CdtrAgt.BICFI)
        if length is None:
            return "RC01"
        if len(order.CdtrAcct.Id) != length:
            return "AC01"
        return REFUSALS.get(outcome)


def transfer_routes(*, desk: Desk) -> APIRouter:
    """The bank's own API."""
    router = APIRouter(prefix="/v1/credit-transfers", tags=["bank"])
    grammar = StrictTransferOrder if desk.strict else TransferOrder

    @router.post("")
    async def send_transfer(request: Request) -> JSONResponse:
        body = await desk.signatures.require(request=request)
        try:
            order = grammar.model_validate(_read_json(body))
        except ValidationError as error:
            return _grammar_error(error)
        note_reference(request=request, reference=order.EndToEndId)
        outcome = outcome_for(account=order.CdtrAcct.Id)
        faults = desk.take(order=order, outcome=outcome)
        faults.before()
        try:
            transfer = _decide(desk, order=order, outcome=outcome, faults=faults)
        except OrderConflict:
            return _conflict(order)
        faults.after_commit()
        status = 202 if transfer.status is Status.PENDING else 200
        return JSONResponse(_answer(transfer), status_code=status)

    @router.get("/{end_to_end_id}")
    async def query_transfer(end_to_end_id: str, request: Request) -> JSONResponse:
        await desk.signatures.require(request=request)
        note_reference(request=request, reference=end_to_end_id)
        faults = desk.kernel.faults.take(operation=QUERY, subject=end_to_end_id)
        faults.before()
        faults.after_commit()
        transfer = desk.transfers.find(end_to_end_id=end_to_end_id)
        if transfer is None:
            return _error(404, "UNKNOWN_ID", "no transfer has this end-to-end id")
        return JSONResponse(_answer(transfer))

    return router


def install_errors(*, app: FastAPI) -> None:
    """Answer refused callers and planned faults in the bank's shape."""

    async def not_authenticated(_request: Request, error: Exception) -> JSONResponse:
        code = error.code if isinstance(error, NotAuthenticated) else "REFUSED"
        return _error(401, code, "the request is not authentic")

    async def planned(_request: Request, error: Exception) -> JSONResponse:
        status = error.status if isinstance(error, FaultAnswer) else 500
        return _error(status, "BUSY" if status == 503 else "INTERNAL", "try again later")  # noqa: PLR2004 - Service Unavailable

    app.add_exception_handler(NotAuthenticated, not_authenticated)
    app.add_exception_handler(FaultAnswer, planned)


def _decide(desk: Desk, *, order: TransferOrder, outcome: BankOutcome, faults: Faults) -> Transfer:
    """The same order gets the same transfer; a new one is rejected or accepted.

    Raises:
        OrderConflict: the id stands for other content.
    """
    at = desk.kernel.clock()
    with desk.kernel.book.transaction():
        known = desk.transfers.earlier(order=order)
        if known is not None:
            return known
        reason = desk.refusal(order=order, outcome=outcome, faults=faults)
        if reason is not None:
            return desk.transfers.reject(order=order, reason=reason, at=at)
        try:
            return desk.transfers.accept(order=order, outcome=outcome, at=at)
        except InsufficientFunds:
            return desk.transfers.reject(order=order, reason="AM04", at=at)


def _read_json(body: bytes) -> Any:  # noqa: ANN401 - JSON of any shape
    """JSON without floats; text that is no JSON gives None, which no grammar accepts."""
    try:
        return json.loads(body, parse_float=Decimal)
    except ValueError:
        return None


def _answer(transfer: Transfer) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "MsgId": transfer.message_id,
        "EndToEndId": transfer.end_to_end_id,
        "TxId": transfer.bank_reference,
        "TxSts": transfer.status.value,
        "Amt": {"Ccy": "ETB", "Value": str(transfer.amount)},
        "AccptncDtTm": transfer.accepted_at.isoformat(),
    }
    if transfer.reason is not None:
        answer["StsRsnInf"] = {"Rsn": {"Cd": transfer.reason}}
    if transfer.status is Status.SETTLED and transfer.closed_at is not None:
        answer["SttlmDtTm"] = transfer.closed_at.isoformat()
    return answer


def _conflict(order: TransferOrder) -> JSONResponse:
    body = {
        "MsgId": order.MsgId,
        "EndToEndId": order.EndToEndId,
        "TxSts": Status.REJECTED.value,
        "StsRsnInf": {"Rsn": {"Cd": "AM05"}},
    }
    return JSONResponse(body, status_code=409)


def _grammar_error(error: ValidationError) -> JSONResponse:
    """The fields at fault, without the values that were sent."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    where = [
        f"{'.'.join(str(part) for part in one['loc']) or 'body'}: {one['msg']}" for one in found
    ]
    return _error(400, "GRAMMAR", "; ".join(where))


def _error(status: int, code: str, text: str) -> JSONResponse:
    return JSONResponse({"Error": {"Cd": code, "Desc": text}}, status_code=status)
