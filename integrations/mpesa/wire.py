"""What M-PESA tells us on its own: STK callbacks and Results (providers.md 2.4, 2.6, 2.7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from integrations.mpesa.spelling import decode, moment_of, money_of, pairs_of, text_of
from meqenet.errors import Defect, Mender, Refusal
from meqenet.money import Money
from meqenet.payments.rail import PaymentAnswer, RailStatus, RefundAnswer

ACCEPTED = "0"
"""The code of success in every M-PESA answer, callback and Result, number or text."""

NOT_FOUND_CODES = frozenset({"404.002.01", "R000002"})
"""How a gateway says that it knows no such transaction: ``R000002`` is Daraja's "the original
transaction id is invalid"; the other is what our sandbox says at once. [inferred]"""

_STATUS_WORDS = {
    "completed": RailStatus.SUCCEEDED,
    "reversed": RailStatus.SUCCEEDED,
    "pending": RailStatus.PENDING,
    "authorized": RailStatus.PENDING,
    "initiated": RailStatus.PENDING,
    "failed": RailStatus.FAILED,
    "declined": RailStatus.FAILED,
    "cancelled": RailStatus.FAILED,
    "expired": RailStatus.FAILED,
}
"""``TransactionStatus`` words. A reversed payment did move; the reversal is a refund of its own."""


class ResultPurpose(StrEnum):
    """What was asked, and so what a Result at that address answers."""

    PAYMENT_STATUS = "payment-status"
    """The state of a payment order was asked."""
    REVERSAL = "reversal"
    """A payment was to be reversed."""
    REVERSAL_STATUS = "reversal-status"
    """The state of a reversal was asked."""
    B2C = "b2c"
    """A customer was to be paid."""


def parse_stk_callback(*, order_id: str, body: bytes) -> PaymentAnswer:
    """Read an STK callback in either envelope; any code but 0 is a failure, code verbatim.

    Args:
        order_id: the order named by the path at which the callback arrived.
        body: the request's body, as received.

    Raises:
        Refusal: ``callback_unreadable``, or ``callback_order_mismatch`` when the body speaks of
            another order than the path.
    """
    outer = _object(decode(body))
    envelope = _object(outer["Envelope"]) if "Envelope" in outer else outer
    callback = _object(_object(envelope.get("Body")).get("stkCallback"))
    if callback.get("MerchantRequestID") != order_id:
        raise _mismatch()
    code = _code(callback.get("ResultCode"))
    reference = text_of(callback.get("CheckoutRequestID"))
    if code != ACCEPTED:
        return PaymentAnswer(
            order_id=order_id,
            status=RailStatus.FAILED,
            provider_reference=reference,
            failure_code=code,
        )
    items = pairs_of(_object(callback.get("CallbackMetadata")).get("Item"), key="Name")
    return PaymentAnswer(
        order_id=order_id,
        status=RailStatus.SUCCEEDED,
        provider_reference=reference,
        receipt=items.get("MpesaReceiptNumber"),
        amount=_money(items.get("Amount")),
        occurred_at=moment_of(items.get("TransactionDate", "")),
    )


@dataclass(frozen=True, kw_only=True)
class MpesaResult:
    """What M-PESA's core says of one asynchronous request.

    Attributes:
        originator_conversation_id: for reversal and B2C, our refund or order id.
        conversation_id: the provider's id of the request (``AG_…``).
        code: ``0`` or the failure's code, verbatim.
        transaction_id: the receipt of the money that this request moved, if any.
        parameters: ``ResultParameters`` as text.
    """

    originator_conversation_id: str | None
    conversation_id: str | None
    code: str
    transaction_id: str | None
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)

    def payment_answer(self, *, order_id: str, purpose: ResultPurpose) -> PaymentAnswer:
        """The word on a payment order, from a ``payment-status`` or ``b2c`` Result.

        Raises:
            Refusal: ``callback_order_mismatch``; a B2C Result for another order.
            Defect: ``mpesa_query_refused``; the question failed and says nothing of the payment.
        """
        if purpose is ResultPurpose.B2C:
            status, failure = self._of_the_deed(our_id=order_id)
            receipt = self.parameters.get("TransactionReceipt") or self.transaction_id
        elif purpose is ResultPurpose.PAYMENT_STATUS:
            status, failure = self._of_the_question()
            receipt = self.parameters.get("ReceiptNo")
        else:
            raise ValueError(f"purpose: {purpose} is about a refund, not a payment")
        answer = PaymentAnswer(
            order_id=order_id,
            status=status,
            provider_reference=self.conversation_id if purpose is ResultPurpose.B2C else None,
            failure_code=failure,
        )
        if status is not RailStatus.SUCCEEDED:
            return answer
        amount = self.parameters.get("TransactionAmount") or self.parameters.get("Amount")
        return replace(
            answer, receipt=receipt, amount=_money(amount), occurred_at=self._finalised()
        )

    def refund_answer(self, *, refund_id: str, purpose: ResultPurpose) -> RefundAnswer:
        """The word on a refund, from a ``reversal``, ``b2c`` or ``reversal-status`` Result.

        Raises:
            Refusal: ``callback_order_mismatch``; a Result of another refund's reversal or payout.
            Defect: ``mpesa_query_refused``; the question failed and says nothing of the refund.
        """
        if purpose in (ResultPurpose.REVERSAL, ResultPurpose.B2C):
            status, failure = self._of_the_deed(our_id=refund_id)
            receipt = self.transaction_id
        elif purpose is ResultPurpose.REVERSAL_STATUS:
            status, failure = self._of_the_question()
            receipt = self.parameters.get("ReceiptNo")
        else:
            raise ValueError(f"purpose: {purpose} is about a payment, not a refund")
        return RefundAnswer(
            refund_id=refund_id,
            status=status,
            receipt=receipt if status is RailStatus.SUCCEEDED else None,
            failure_code=failure,
        )

    def _of_the_deed(self, *, our_id: str) -> tuple[RailStatus, str | None]:
        if self.originator_conversation_id != our_id:
            raise _mismatch()
        if self.code == ACCEPTED:
            return RailStatus.SUCCEEDED, None
        return RailStatus.FAILED, self.code

    def _of_the_question(self) -> tuple[RailStatus, str | None]:
        if self.code in NOT_FOUND_CODES:
            return RailStatus.NOT_FOUND, None
        word = self.parameters.get("TransactionStatus", "")
        status = _STATUS_WORDS.get(word.lower())
        if self.code != ACCEPTED or status is None:
            raise Defect(
                "mpesa_query_refused",
                "a transaction status query has no readable answer",
                facts={"result_code": self.code, "transaction_status": word},
            )
        if status is RailStatus.FAILED:
            return status, self.parameters.get("TransactionReason") or word
        return status, None

    def _finalised(self) -> datetime | None:
        names = ("TransactionCompletedDateTime", "FinalisedTime")
        return moment_of(next((self.parameters[n] for n in names if n in self.parameters), ""))


def parse_result(*, body: bytes) -> MpesaResult:
    """Read a Result of B2C, reversal or status query.

    Raises:
        Refusal: ``callback_unreadable``.
    """
    result = _object(_object(decode(body)).get("Result"))
    given = result.get("ResultParameters")
    listed = _object(given).get("ResultParameter") if given else None
    return MpesaResult(
        originator_conversation_id=text_of(result.get("OriginatorConversationID")),
        conversation_id=text_of(result.get("ConversationID")),
        code=_code(result.get("ResultCode")),
        transaction_id=text_of(result.get("TransactionID")),
        parameters=pairs_of(listed, key="Key"),
    )


def _unreadable() -> Refusal:
    return Refusal("callback_unreadable", "the body is no M-PESA callback", mender=Mender.NOBODY)


def _mismatch() -> Refusal:
    return Refusal(
        "callback_order_mismatch",
        "the callback speaks of another order than its address",
        mender=Mender.NOBODY,
    )


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _unreadable()
    return value


def _code(value: object) -> str:
    """A result code: a number here, text there, and ``TP40087`` is not numeric at all."""
    text = text_of(value)
    if not text:
        raise _unreadable()
    return text


def _money(text: str | None) -> Money | None:
    """The amount, if one is given; raises ``callback_unreadable`` for what is no amount."""
    try:
        return None if text is None else money_of(text)
    except ValueError as error:
        raise _unreadable() from error
