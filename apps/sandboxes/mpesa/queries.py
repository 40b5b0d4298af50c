"""What only asks: the state of a transaction, the balance of the short code (providers.md 2.7)."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request

from apps.sandboxes.kernel.book import merchant_account
from apps.sandboxes.mpesa.answers import (
    NO_TRANSACTION,
    GatewayError,
    accepted_conversation,
)
from apps.sandboxes.mpesa.conversations import (
    DONE,
    INITIATOR_INVALID,
    Outcome,
    Talk,
    begin,
    initiator_fits,
    planned_end,
    tell,
)
from apps.sandboxes.mpesa.desk import Desk
from apps.sandboxes.mpesa.grammar import Fields, invalid
from apps.sandboxes.mpesa.journal import Journal, Prompt, PromptState
from apps.sandboxes.mpesa.phones import CANCELLED, UNREACHABLE
from apps.sandboxes.mpesa.spelling import Json, compact_time, number
from meqenet.money import Money

_NAMES = ("TransactionID", "OriginalConcersationID", "OriginatorConversationID")
_STATUS_AFTER = {CANCELLED: "Cancelled", UNREACHABLE: "Expired"}


@dataclass(frozen=True, kw_only=True)
class _Fate:
    """Where a transaction stands. ``reason`` is the code of a failure."""

    status: str
    amount: Money
    begun_at: datetime
    ended_at: datetime | None = None
    receipt: str | None = None
    reason: str | None = None

    def parameters(self) -> dict[str, Json]:
        """The Result's parameters; what does not exist yet is left out."""
        told: dict[str, Json | None] = {
            "ReceiptNo": self.receipt,
            "TransactionStatus": self.status,
            "TransactionReason": self.reason,
            "Amount": number(self.amount),
            "InitiatedTime": int(compact_time(self.begun_at)),
            "FinalisedTime": int(compact_time(self.ended_at)) if self.ended_at else None,
        }
        return {name: value for name, value in told.items() if value is not None}


def routes(*, desk: Desk) -> APIRouter:
    """Transaction status and account balance."""
    router = APIRouter(tags=["status and balance"])

    @router.post("/mpesa/transactionstatus/{version}/query")
    async def status(version: str, request: Request) -> dict[str, str]:
        fields = await desk.receive(request=request, version=version, documented="v1")
        fields.choice("CommandID", of=("TransactionStatusQuery",))
        fields.choice("IdentifierType", of=("1", "2", "4"))
        named = _named(fields)
        talk = begin(desk=desk, fields=fields, originator_id=secrets.token_hex(16))
        faults = desk.faults(request=request, operation="status", our_id=named)
        fate = _find(desk.journal, named=named)
        if fate is None:
            raise GatewayError(NO_TRANSACTION)
        outcome = Outcome(code=DONE, receipt=fate.receipt, parameters=fate.parameters())
        outcome = _stopped(desk, fields=fields, talk=talk, operation="status") or outcome
        await tell(desk=desk, talk=talk, outcome=outcome, faults=faults)
        faults.after_commit()
        return _accepted(talk)

    @router.post("/mpesa/accountbalance/{version}/query")
    async def balance(version: str, request: Request) -> dict[str, str]:
        fields = await desk.receive(request=request, version=version, documented="v2")
        fields.choice("CommandID", of=("AccountBalance",))
        fields.choice("IdentifierType", of=("4",))
        originator_id = fields.own_id("OriginatorConversationID", otherwise=secrets.token_hex(16))
        talk = begin(desk=desk, fields=fields, originator_id=originator_id)
        faults = desk.faults(request=request, operation="balance", our_id=originator_id)
        desk.require_short_code(given=fields.text("PartyA"))
        outcome = _stopped(desk, fields=fields, talk=talk, operation="balance") or _balance(desk)
        await tell(desk=desk, talk=talk, outcome=outcome, faults=faults)
        faults.after_commit()
        return _accepted(talk)

    return router


def _named(fields: Fields) -> str:
    """The id by which a transaction is asked for: receipt first, then conversation."""
    for name in _NAMES:
        given = fields.optional(name)
        if given not in ("", "0"):
            return given
    raise invalid("TransactionID")


def _accepted(talk: Talk) -> dict[str, str]:
    return accepted_conversation(
        originator_id=talk.originator_id, conversation_id=talk.conversation_id
    )


def _stopped(desk: Desk, *, fields: Fields, talk: Talk, operation: str) -> Outcome | None:
    if not initiator_fits(desk=desk, fields=fields, named="Initiator"):
        return Outcome.failed(INITIATOR_INVALID)
    code = planned_end(desk=desk, operation=operation, talk=talk)
    return Outcome.failed(code) if code else None


def _find(journal: Journal, *, named: str) -> _Fate | None:
    """A prompt, a payout or reversal, or a payment made without being asked."""
    if (prompt := journal.prompt(named=named)) is not None:
        return _fate_of_prompt(prompt)
    if (conversation := journal.conversation(named=named)) is not None:
        failed = conversation.result_code != DONE
        return _Fate(
            status="Failed" if failed else "Completed",
            amount=conversation.amount,
            begun_at=conversation.at,
            ended_at=conversation.at,
            receipt=conversation.receipt,
            reason=conversation.result_code if failed else None,
        )
    receipt = journal.receipt(named=named)
    if receipt is None:
        return None
    return _Fate(
        status="Completed",
        amount=receipt.amount,
        begun_at=receipt.at,
        ended_at=receipt.at,
        receipt=receipt.receipt,
    )


def _fate_of_prompt(prompt: Prompt) -> _Fate:
    code = prompt.result_code or ""
    failed = prompt.state is PromptState.FAILED
    status = {PromptState.OPEN: "Pending", PromptState.PAID: "Completed"}.get(prompt.state)
    return _Fate(
        status=status or _STATUS_AFTER.get(code, "Failed"),
        amount=prompt.amount,
        begun_at=prompt.created_at,
        ended_at=prompt.answered_at,
        receipt=prompt.receipt,
        reason=code if failed else None,
    )


def _balance(desk: Desk) -> Outcome:
    """``AccountBalance`` is "Name|ETB|available|…" per account, joined by "&"."""
    held = desk.kernel.book.balance(account=merchant_account(code=desk.credentials.short_code))
    accounts = (("Working Account", Money.zero()), ("Utility Account", held))
    told = "&".join(f"{name}|ETB|{sum_}|{sum_}|0.00|0.00" for name, sum_ in accounts)
    return Outcome(
        code=DONE,
        parameters={
            "AccountBalance": told,
            "BOCompletedTime": int(compact_time(desk.kernel.clock())),
        },
    )
