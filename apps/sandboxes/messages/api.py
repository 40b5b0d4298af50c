"""``/v1/messages``: a message to pass on, and the question what became of it."""

import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.edge import note_reference
from apps.sandboxes.kernel.faults import FaultAnswer, Faults
from apps.sandboxes.messages.grammar import Message, StrictMessage
from apps.sandboxes.messages.outbox import IdReused, Outbox, Sent
from apps.sandboxes.messages.outcomes import FAULTS, REFUSALS, MessageOutcome, outcome_for

SEND = "send_message"
QUERY = "query_message"
_DEFAULT_REFUSAL = "invalid_destination"


class NotAuthenticated(Exception):
    """The API key is missing or wrong."""


@dataclass(kw_only=True)
class Desk:
    """What the routes work with."""

    kernel: Kernel
    outbox: Outbox
    api_key: str
    strict: bool
    met_once: set[str] = field(default_factory=set)

    def require_key(self, *, request: Request) -> None:
        """Let only our client in.

        Raises:
            NotAuthenticated: the key is not ours.
        """
        sent, wanted = request.headers.get("Authorization", ""), f"Bearer {self.api_key}"
        if not hmac.compare_digest(sent.encode(), wanted.encode()):
            raise NotAuthenticated

    def take(self, *, message: Message, outcome: MessageOutcome) -> Faults:
        """Planned faults, by message id or receiver, and those of a well-known receiver."""
        # With its plus the receiver is none of the wallets' well-known numbers.
        taken = self.kernel.faults.take(operation=SEND, subject=message.id, msisdn=message.to)
        own = FAULTS.get(outcome)
        if own is None:
            return taken
        if outcome is MessageOutcome.UNAVAILABLE_ONCE:
            if message.id in self.met_once:
                return taken
            self.met_once.add(message.id)
        return Faults((*taken, own))


def message_routes(*, desk: Desk) -> APIRouter:
    """The provider's own API."""
    router = APIRouter(prefix="/v1/messages", tags=["messages"])
    grammar = StrictMessage if desk.strict else Message

    @router.post("")
    async def send_message(request: Request) -> JSONResponse:
        desk.require_key(request=request)
        try:
            message = grammar.model_validate(_read_json(await request.body()))
        except ValidationError as error:
            return _grammar_error(error)
        note_reference(request=request, reference=message.id)
        outcome = outcome_for(to=message.to)
        faults = desk.take(message=message, outcome=outcome)
        faults.before()
        try:
            sent, is_new = _decide(desk, message=message, outcome=outcome, faults=faults)
        except IdReused:
            return _error(409, "id_reused", "the id stands for another message")
        faults.after_commit()
        return JSONResponse(_answer(sent), status_code=201 if is_new else 200)

    @router.get("/{message_id}")
    async def query_message(message_id: str, request: Request) -> JSONResponse:
        desk.require_key(request=request)
        note_reference(request=request, reference=message_id)
        faults = desk.kernel.faults.take(operation=QUERY, subject=message_id)
        faults.before()
        faults.after_commit()
        sent = desk.outbox.find(message_id=message_id)
        if sent is None:
            return _error(404, "unknown_id", "no message has this id")
        return JSONResponse(_answer(sent))

    return router


def install_errors(*, app: FastAPI) -> None:
    """Answer refused callers and planned faults in the provider's shape."""

    async def not_authenticated(_request: Request, _error_raised: Exception) -> JSONResponse:
        return _error(401, "unauthorized", "the API key is missing or wrong")

    async def planned(_request: Request, error: Exception) -> JSONResponse:
        status = error.status if isinstance(error, FaultAnswer) else 500
        return _error(status, "busy" if status == 503 else "internal", "try again later")  # noqa: PLR2004 - Service Unavailable

    app.add_exception_handler(NotAuthenticated, not_authenticated)
    app.add_exception_handler(FaultAnswer, planned)


def _decide(
    desk: Desk, *, message: Message, outcome: MessageOutcome, faults: Faults
) -> tuple[Sent, bool]:
    """The same message is passed on once; a new one is refused or accepted.

    Raises:
        IdReused: the id stands for other content.
    """
    at = desk.kernel.clock()
    with desk.kernel.book.transaction():
        known = desk.outbox.earlier(message=message)
        if known is not None:
            return known, False
        planned = faults.refusal()
        reason = REFUSALS.get(outcome) if planned is None else planned or _DEFAULT_REFUSAL
        if reason is not None:
            return desk.outbox.refuse(message=message, reason=reason, at=at), True
        return desk.outbox.accept(message=message, outcome=outcome, at=at), True


def _read_json(body: bytes) -> Any:  # noqa: ANN401 - JSON of any shape
    """Text that is no JSON gives None, which no grammar accepts."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _answer(sent: Sent) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": sent.id,
        "reference": sent.reference,
        "status": sent.status.value,
        "segments": sent.segment_count,
        "accepted_at": sent.accepted_at.isoformat(),
    }
    if sent.reason is not None:
        answer["reason"] = sent.reason
    if sent.closed_at is not None:
        answer["closed_at"] = sent.closed_at.isoformat()
    return answer


def _grammar_error(error: ValidationError) -> JSONResponse:
    """The fields at fault, without the values that were sent."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    where = [
        f"{'.'.join(str(part) for part in one['loc']) or 'body'}: {one['msg']}" for one in found
    ]
    return _error(422, "grammar", "; ".join(where))


def _error(status: int, code: str, text: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "text": text}}, status_code=status)
