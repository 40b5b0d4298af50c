"""What moves money at the short code's request: B2C payouts and reversals (providers.md 2.6, 2.7).

The money moves when the request is accepted, in one transaction with its conversation row; only the
Result comes later.
"""

import secrets
from collections.abc import Callable

from fastapi import APIRouter, Request

from apps.sandboxes.kernel.book import (
    InsufficientFunds,
    WalletClosed,
    WalletUnknown,
    merchant_account,
    wallet_account,
)
from apps.sandboxes.mpesa.answers import MAINTENANCE, GatewayError, accepted_conversation
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
from apps.sandboxes.mpesa.grammar import Fields
from apps.sandboxes.mpesa.journal import Conversation, Receipt, ReceiptKind
from apps.sandboxes.mpesa.spelling import compact_time, dotted_time, number
from meqenet.money import Money

_COMMANDS = ("BusinessPayment", "SalaryPayment", "PromotionPayment")
_REVERSIBLE = frozenset({ReceiptKind.PAYMENT, ReceiptKind.PAY_BILL})


def routes(*, desk: Desk) -> APIRouter:
    """Both endpoints."""
    router = APIRouter(tags=["b2c and reversal"])

    @router.post("/mpesa/b2c/{version}/paymentrequest")
    async def pay_out(version: str, request: Request) -> dict[str, str]:
        fields = await desk.receive(request=request, version=version, documented="v2")
        talk = _begin(desk, fields=fields)
        fields.choice("CommandID", of=_COMMANDS)
        fields.text("Remarks", longest=100)
        msisdn = fields.phone("PartyB")
        amount = fields.amount(whole_only=desk.behaviour.whole_amounts_only)
        faults = desk.faults(request=request, operation="b2c", our_id=talk.originator_id)
        desk.require_short_code(given=fields.text("PartyA"))
        code = _stopped(desk, fields=fields, talk=talk, operation="b2c", named="InitiatorName")
        outcome = _conclude(
            desk,
            row=_row(desk, talk=talk, kind=ReceiptKind.PAYOUT, msisdn=msisdn, amount=amount),
            deed=lambda: Outcome.failed(code) if code else _pay(desk, talk, msisdn, amount),
        )
        await tell(desk=desk, talk=talk, outcome=outcome, faults=faults)
        faults.after_commit()
        return _accepted(talk)

    @router.post("/mpesa/reversal/{version}/request")
    async def reverse(version: str, request: Request) -> dict[str, str]:
        fields = await desk.receive(request=request, version=version, documented="v2")
        talk = _begin(desk, fields=fields)
        fields.choice("CommandID", of=("TransactionReversal",))
        fields.choice("RecieverIdentifierType", of=("4", "11"))
        fields.text("Remarks", longest=100)
        amount = fields.amount(whole_only=desk.behaviour.whole_amounts_only)
        original = _original(desk, fields=fields)
        faults = desk.faults(request=request, operation="reversal", our_id=talk.originator_id)
        desk.require_short_code(given=_party(desk, fields=fields))
        code = _stopped(desk, fields=fields, talk=talk, operation="reversal", named="Initiator")
        msisdn = original.msisdn if original else fields.optional("ReceiverParty")
        outcome = _conclude(
            desk,
            row=_row(desk, talk=talk, kind=ReceiptKind.REVERSAL, msisdn=msisdn, amount=amount),
            deed=lambda: Outcome.failed(code) if code else _give_back(desk, talk, original, amount),
        )
        await tell(desk=desk, talk=talk, outcome=outcome, faults=faults)
        faults.after_commit()
        return _accepted(talk)

    return router


def _begin(desk: Desk, *, fields: Fields) -> Talk:
    originator_id = fields.own_id("OriginatorConversationID", otherwise=secrets.token_hex(16))
    return begin(desk=desk, fields=fields, originator_id=originator_id)


def _accepted(talk: Talk) -> dict[str, str]:
    return accepted_conversation(
        originator_id=talk.originator_id, conversation_id=talk.conversation_id
    )


def _stopped(desk: Desk, *, fields: Fields, talk: Talk, operation: str, named: str) -> str | None:
    """The code with which the core ends the request before any money moves."""
    if not initiator_fits(desk=desk, fields=fields, named=named):
        return INITIATOR_INVALID
    return planned_end(desk=desk, operation=operation, talk=talk)


def _row(desk: Desk, *, talk: Talk, kind: ReceiptKind, msisdn: str, amount: Money) -> Conversation:
    return Conversation(
        originator_id=talk.originator_id,
        conversation_id=talk.conversation_id,
        kind=kind,
        msisdn=msisdn,
        amount=amount,
        at=desk.kernel.clock(),
        result_code=DONE,
    )


def _conclude(desk: Desk, *, row: Conversation, deed: Callable[[], Outcome]) -> Outcome:
    """Do it once per OriginatorConversationID: money, receipt and row together.

    Raises:
        GatewayError: 500.002.1001; the id was used before (inferred from Daraja).
    """
    with desk.kernel.book.transaction():
        if desk.journal.conversation(named=row.originator_id) is not None:
            raise GatewayError(MAINTENANCE, "Duplicate OriginatorConversationID")
        outcome = deed()
        ending = {"result_code": outcome.code, "receipt": outcome.receipt}
        desk.journal.add_conversation(conversation=Conversation(**{**vars(row), **ending}))
        return outcome


def _move(desk: Desk, talk: Talk, *, kind: ReceiptKind, msisdn: str, amount: Money) -> Outcome:
    """From the short code to a wallet."""
    at = desk.kernel.clock()
    try:
        desk.kernel.book.move(
            kind=kind.value,
            reference=talk.originator_id,
            debit=merchant_account(code=desk.credentials.short_code),
            credit=wallet_account(msisdn=msisdn),
            amount=amount,
            at=at,
        )
    except InsufficientFunds:
        return Outcome.failed("1")
    except WalletUnknown:
        return Outcome.failed("2040")
    except WalletClosed:
        return Outcome.failed("2006")
    receipt = desk.journal.add_receipt(
        kind=kind,
        reference=talk.originator_id,
        conversation=talk.conversation_id,
        msisdn=msisdn,
        amount=amount,
        at=at,
    )
    return Outcome(code=DONE, receipt=receipt)


def _pay(desk: Desk, talk: Talk, msisdn: str, amount: Money) -> Outcome:
    done = _move(desk, talk, kind=ReceiptKind.PAYOUT, msisdn=msisdn, amount=amount)
    if done.receipt is None:
        return done
    funds = desk.kernel.book.balance(account=merchant_account(code=desk.credentials.short_code))
    name = desk.kernel.book.wallet(msisdn=msisdn).name
    return Outcome(
        code=DONE,
        receipt=done.receipt,
        parameters={
            "TransactionReceipt": done.receipt,
            "TransactionAmount": number(amount),
            "B2CWorkingAccountAvailableFunds": 0,
            "B2CUtilityAccountAvailableFunds": number(funds),
            "B2CChargesPaidAccountAvailableFunds": 0,
            "TransactionCompletedDateTime": dotted_time(desk.kernel.clock()),
            "ReceiverPartyPublicName": f"{msisdn} - {name}",
            "B2CRecipientIsRegisteredCustomer": "Y",
        },
    )


def _party(desk: Desk, *, fields: Fields) -> str:
    """Whose payment is reversed; Kenyan clients leave it out."""
    return fields.own_id("PartyA", otherwise=desk.credentials.short_code)


def _original(desk: Desk, *, fields: Fields) -> Receipt | None:
    """The payment to reverse, by receipt or, when that is "0", by its conversation."""
    receipt = fields.text("TransactionID")
    named = fields.optional("OriginalConcersationID") if receipt == "0" else receipt
    found = desk.journal.receipt(named=named) if named else None
    return found if found and found.kind in _REVERSIBLE else None


def _give_back(desk: Desk, talk: Talk, original: Receipt | None, amount: Money) -> Outcome:
    if original is None:
        return Outcome.failed("R000002")
    now = desk.journal.receipt(named=original.receipt)
    if now is None or now.reversed_by is not None:
        return Outcome.failed("R000001")
    if amount != original.amount:  # the core reverses whole transactions only
        return Outcome.failed("17")
    done = _move(
        desk, talk, kind=ReceiptKind.REVERSAL, msisdn=original.msisdn, amount=original.amount
    )
    if done.receipt is None:
        return done
    desk.journal.mark_reversed(receipt=original.receipt, by=done.receipt)
    return Outcome(
        code=DONE,
        receipt=done.receipt,
        parameters={
            "Amount": number(amount),
            "OriginalTransactionID": original.receipt,
            "TransCompletedTime": int(compact_time(desk.kernel.clock())),
        },
    )
