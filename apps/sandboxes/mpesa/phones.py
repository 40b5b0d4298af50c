"""The customers' phones: a prompt appears, the customer answers or does not, the money moves.

In ``auto`` mode the sandbox's customer answers by the book's wallet and the well-known numbers; in
``manual`` mode somebody answers through the control API. Either way money and order row change in
one transaction, and the callback is sent afterwards.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.kernel.book import (
    InsufficientFunds,
    WalletClosed,
    WalletFrozen,
    WalletUnknown,
    merchant_account,
    wallet_account,
)
from apps.sandboxes.kernel.faults import CallbackManner
from apps.sandboxes.kernel.magic import MagicOutcome, outcome_for
from apps.sandboxes.mpesa import tables
from apps.sandboxes.mpesa.behaviour import Behaviour, Envelope, PhoneMode
from apps.sandboxes.mpesa.journal import Journal, Prompt, PromptState, ReceiptKind
from apps.sandboxes.mpesa.spelling import Json, compact_time, dumps, number
from apps.sandboxes.mpesa.timers import Timers

PAID = "0"
NO_FUNDS = "1"
RULE_OR_LIMIT = "17"
BUSY = "1001"
NOT_ACTIVE = "2006"
CANCELLED = "1032"
UNREACHABLE = "1037"
WRONG_PIN = "TP40087"

DESCRIPTIONS = {
    PAID: "The service request is processed successfully.",
    NO_FUNDS: "The balance is insufficient for the transaction.",
    RULE_OR_LIMIT: "The transaction breaks a rule or a limit.",
    BUSY: "Unable to lock subscriber, a transaction is already in process.",
    NOT_ACTIVE: "The account is not active.",
    CANCELLED: "Request cancelled by user.",
    UNREACHABLE: "DS timeout user cannot be reached.",
    WRONG_PIN: "The PIN entered is wrong.",
}
_ENDS = {
    MagicOutcome.WRONG_PIN: WRONG_PIN,
    MagicOutcome.DECLINES: CANCELLED,
    MagicOutcome.UNREACHABLE: UNREACHABLE,
    MagicOutcome.OVER_LIMIT: RULE_OR_LIMIT,
}


@dataclass(frozen=True, kw_only=True)
class Phones:
    """All phones of the network.

    Attributes:
        short_code: whose account is paid.
        timers: what is going to happen on phones by itself.
    """

    kernel: Kernel
    journal: Journal
    behaviour: Behaviour
    short_code: str
    timers: Timers

    def mode(self, *, msisdn: str) -> PhoneMode:
        """Who answers this phone."""
        query = select(tables.phones.c.mode).where(tables.phones.c.msisdn == msisdn)
        with self.kernel.book.transaction() as connection:
            mode = connection.execute(query).scalar_one_or_none()
        return PhoneMode(mode) if mode else self.behaviour.default_mode

    def set_mode(self, *, msisdn: str, mode: PhoneMode) -> None:
        """For prompts that come from now on."""
        row = insert(tables.phones).values(msisdn=msisdn, mode=mode)
        with self.kernel.book.transaction() as connection:
            connection.execute(
                row.on_conflict_do_update(index_elements=["msisdn"], set_={"mode": mode})
            )

    def show(self, *, prompt: Prompt) -> None:
        """Let an open prompt take its course from now."""
        left = prompt.expires_at - self.kernel.clock()
        delay = self.behaviour.answer_delay
        key = prompt.checkout_request_id
        if self._others_open(prompt):
            self.timers.start(key=key, delay=delay, then=lambda: self.end(prompt, code=BUSY))
        elif self.mode(msisdn=prompt.msisdn) is PhoneMode.AUTO and delay < left:
            self.timers.start(key=key, delay=delay, then=lambda: self.answer(prompt))
        else:
            self.timers.start(key=key, delay=left, then=lambda: self.end(prompt, code=UNREACHABLE))

    async def answer(self, prompt: Prompt, *, first: bool = False) -> None:
        """The sandbox's customer answers: as planned, as the well-known number says, or pays."""
        planned = self.kernel.faults.take(
            operation="stk_answer", subject=prompt.merchant_request_id, msisdn=prompt.msisdn
        ).refusal()
        code = planned or _ENDS.get(outcome_for(msisdn=prompt.msisdn), PAID)
        await self.end(prompt, code=code, first=first)

    async def enter_pin(self, prompt: Prompt, *, pin: str) -> Prompt | None:
        """Somebody types a PIN. None when the prompt is no longer open."""
        right = self.kernel.book.wallet(msisdn=prompt.msisdn).pin == pin
        return await self.end(prompt, code=PAID if right else WRONG_PIN)

    async def end(self, prompt: Prompt, *, code: str, first: bool = False) -> Prompt | None:
        """End a prompt and tell the caller; None when it has ended already."""
        ended = self._end(prompt, code=code)
        if ended is None:
            return None
        await self.kernel.callbacks.send(
            url=ended.callback_url,
            body=dumps(_callback(ended, envelope=self.behaviour.envelope)),
            reference=ended.merchant_request_id,
            manner=CallbackManner(
                copies=ended.callback_copies,
                delay=timedelta(milliseconds=ended.callback_delay_ms),
                first=first,
            ),
        )
        self.timers.stop(key=prompt.checkout_request_id)
        return ended

    def resume(self) -> None:
        """After a restart: every prompt that was open takes its course again."""
        for prompt in self.journal.prompts(open_only=True):
            self.show(prompt=prompt)

    def _end(self, prompt: Prompt, *, code: str) -> Prompt | None:
        """Money and order row in one transaction."""
        at = self.kernel.clock()
        with self.kernel.book.transaction():
            now = self.journal.prompt(named=prompt.checkout_request_id)
            if now is None or now.state is not PromptState.OPEN:
                return None
            code, receipt = self._pay(now) if code == PAID else (code, None)
            return self.journal.close_prompt(prompt=now, result_code=code, receipt=receipt, at=at)

    def _pay(self, prompt: Prompt) -> tuple[str, str | None]:
        if not self.behaviour.allows(amount=prompt.amount):
            return RULE_OR_LIMIT, None
        at = self.kernel.clock()
        try:
            self.kernel.book.move(
                kind=ReceiptKind.PAYMENT.value,
                reference=prompt.merchant_request_id,
                debit=wallet_account(msisdn=prompt.msisdn),
                credit=merchant_account(code=self.short_code),
                amount=prompt.amount,
                at=at,
            )
        except InsufficientFunds:
            return NO_FUNDS, None
        except (WalletFrozen, WalletClosed):
            return NOT_ACTIVE, None
        except WalletUnknown:
            return UNREACHABLE, None
        receipt = self.journal.add_receipt(
            kind=ReceiptKind.PAYMENT,
            reference=prompt.merchant_request_id,
            conversation=prompt.checkout_request_id,
            msisdn=prompt.msisdn,
            amount=prompt.amount,
            at=at,
        )
        return PAID, receipt

    def _others_open(self, prompt: Prompt) -> bool:
        if not self.behaviour.one_prompt_at_a_time:
            return False
        shown = self.journal.prompts(msisdn=prompt.msisdn, open_only=True)
        return any(other.merchant_request_id != prompt.merchant_request_id for other in shown)


def _callback(prompt: Prompt, *, envelope: Envelope) -> dict[str, Json]:
    """The callback of an ended prompt (providers.md 2.4); AccountReference is not echoed."""
    code = prompt.result_code or ""
    told: dict[str, Json] = {
        "MerchantRequestID": prompt.merchant_request_id,
        "CheckoutRequestID": prompt.checkout_request_id,
        "ResultCode": int(code) if code.isdecimal() else code,
        "ResultDesc": DESCRIPTIONS.get(code, "The service request has failed."),
    }
    if prompt.receipt and prompt.answered_at:
        told["CallbackMetadata"] = {
            "Item": [
                {"Name": "Amount", "Value": number(prompt.amount)},
                {"Name": "MpesaReceiptNumber", "Value": prompt.receipt},
                {"Name": "TransactionDate", "Value": int(compact_time(prompt.answered_at))},
                {"Name": "PhoneNumber", "Value": int(prompt.msisdn)},
            ]
        }
    body: dict[str, Json] = {"Body": {"stkCallback": told}}
    return {"Envelope": body} if envelope is Envelope.ET else body
