"""M-PESA Ethiopia's gateway as the ``Mpesa`` port: each request is sent once.

Only a request that was turned away for its access token is sent again, once and with a new token:
the gateway had looked at nothing else by then.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import httpx

from integrations.mpesa.errors import (
    Acknowledgement,
    Deed,
    Verdict,
    read_answer,
    transport_failure,
)
from integrations.mpesa.password import addis_timestamp, stk_password
from integrations.mpesa.settings import MpesaSettings
from integrations.mpesa.spelling import Value, birr_number, encode, text_of
from integrations.mpesa.token import TokenSource
from integrations.mpesa.wire import ResultPurpose
from meqenet.errors import Defect, Unavailable
from meqenet.money import Money
from meqenet.payments.rail import (
    PaymentAnswer,
    PushPayment,
    RailStatus,
    RefundAnswer,
    RefundPayment,
)

_ACCOUNT_REFERENCE_LETTERS_MAX = 12
_SHORT_CODE = "4"
"""``IdentifierType`` of an organisation's short code."""
_UNKNOWN_RECEIPT = "0"
"""``TransactionID`` when the receipt is not known and the conversation is named instead."""

_STATUS_OF = {
    Verdict.ACCEPTED: RailStatus.PENDING,
    Verdict.DUPLICATE: RailStatus.PENDING,
    Verdict.REFUSED: RailStatus.FAILED,
    Verdict.NOT_FOUND: RailStatus.FAILED,
}


class MpesaClient:
    """The real client (providers.md 2). Errors are those of ``integrations.ports.wallets``.

    Args:
        settings: addresses, credentials, versions.
        http: a pooled client; its own timeouts are not used.
        clock: gives the present as an aware datetime.
    """

    def __init__(
        self, *, settings: MpesaSettings, http: httpx.AsyncClient, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._tokens = TokenSource(settings=settings, http=http, clock=clock)

    async def push_payment(self, *, request: PushPayment) -> PaymentAnswer:
        """Send an STK push; PENDING with the CheckoutRequestID, or FAILED when refused at once.

        Raises:
            Defect: also before sending, for an amount or a reference that M-PESA cannot take.
        """
        if not 0 < len(request.account_reference) <= _ACCOUNT_REFERENCE_LETTERS_MAX:
            raise Defect("mpesa_account_reference", "the account reference has 1 to 12 characters")
        settings = self._settings
        timestamp = addis_timestamp(moment=self._clock())
        fields: dict[str, Value] = {
            "MerchantRequestID": request.order_id,
            "BusinessShortCode": settings.short_code,
            "Password": stk_password(
                short_code=settings.short_code,
                passkey=settings.passkey.get_secret_value(),
                timestamp=timestamp,
                form=settings.password_form,
            ),
            "Timestamp": timestamp,
            "TransactionType": settings.transaction_type.value,
            "Amount": self._amount(request.amount),
            "PartyA": request.msisdn,
            "PartyB": settings.short_code,
            "PhoneNumber": request.msisdn,
            "CallBackURL": settings.stk_callback_url(order_id=request.order_id),
            "AccountReference": request.account_reference,
            "TransactionDesc": settings.transaction_description,
            "ReferenceData": [{"Key": "ThirdPartyReference", "Value": request.order_id}],
        }
        path = f"/mpesa/stkpush/{settings.stk_version}/processrequest"
        said = await self._post(path=path, fields=fields, deed=Deed.MOVES_MONEY)
        return _payment(order_id=request.order_id, said=said, reference="CheckoutRequestID")

    async def ask_payment(
        self, *, order_id: str, provider_reference: str | None, receipt: str | None = None
    ) -> PaymentAnswer:
        """Query the transaction by the provider's id, or by ours when its id never reached us.

        Money that came to our short code is known by its ``receipt`` alone.

        PENDING means that the Result comes to the ``payment-status`` address; NOT_FOUND that the
        gateway said at once that it knows no such order.
        """
        said = await self._ask(
            purpose=ResultPurpose.PAYMENT_STATUS,
            our_id=order_id,
            named={"TransactionID": receipt}
            if receipt is not None
            else _named(order_id=order_id, provider_reference=provider_reference),
        )
        return PaymentAnswer(
            order_id=order_id,
            status=_status_of_question(said),
            provider_reference=provider_reference,
        )

    async def reverse_payment(self, *, request: RefundPayment) -> RefundAnswer:
        """Reverse a whole payment by its receipt; the Result comes to the ``reversal`` address.

        A part of a payment cannot be reversed (providers.md 2.7): pay it out.
        """
        settings = self._settings
        fields: dict[str, Value] = {
            "OriginatorConversationID": request.refund_id,
            "Initiator": settings.initiator_name,
            "SecurityCredential": settings.credential(),
            "CommandID": "TransactionReversal",
            "TransactionID": request.receipt,
            "Amount": self._amount(request.amount),
            "PartyA": settings.short_code,
            "RecieverIdentifierType": settings.reversal_receiver_type,
            "ReceiverParty": request.msisdn,
            **self._answer_to(purpose=ResultPurpose.REVERSAL, our_id=request.refund_id),
            "Remarks": "Refund",
            "Occasion": request.refund_id,
        }
        path = f"/mpesa/reversal/{settings.reversal_version}/request"
        said = await self._post(path=path, fields=fields, deed=Deed.MOVES_MONEY)
        status = _STATUS_OF[said.verdict]
        return RefundAnswer(
            refund_id=request.refund_id,
            status=status,
            failure_code=said.code if status is RailStatus.FAILED else None,
        )

    async def ask_refund(self, *, refund_id: str) -> RefundAnswer:
        """Query a reversal by our refund id; the Result comes to ``reversal-status``."""
        said = await self._ask(
            purpose=ResultPurpose.REVERSAL_STATUS,
            our_id=refund_id,
            named={"OriginatorConversationID": refund_id},
        )
        return RefundAnswer(refund_id=refund_id, status=_status_of_question(said))

    async def pay_out(self, *, order_id: str, msisdn: str, amount: Money) -> PaymentAnswer:
        """B2C: pay a customer; the Result comes to the ``b2c`` address."""
        settings = self._settings
        fields: dict[str, Value] = {
            "OriginatorConversationID": order_id,
            "InitiatorName": settings.initiator_name,
            "SecurityCredential": settings.credential(),
            "CommandID": settings.b2c_command,
            "Amount": self._amount(amount),
            "PartyA": settings.short_code,
            "PartyB": msisdn,
            "Remarks": "Payout",
            **self._answer_to(purpose=ResultPurpose.B2C, our_id=order_id),
            "Occassion": order_id,
        }
        path = f"/mpesa/b2c/{settings.b2c_version}/paymentrequest"
        said = await self._post(path=path, fields=fields, deed=Deed.MOVES_MONEY)
        return _payment(order_id=order_id, said=said, reference="ConversationID")

    async def _ask(
        self, *, purpose: ResultPurpose, our_id: str, named: Mapping[str, str]
    ) -> Acknowledgement:
        settings = self._settings
        fields: dict[str, Value] = {
            "Initiator": settings.initiator_name,
            "SecurityCredential": settings.credential(),
            "CommandID": "TransactionStatusQuery",
            "TransactionID": _UNKNOWN_RECEIPT,
            **named,
            "PartyA": settings.short_code,
            "IdentifierType": _SHORT_CODE,
            **self._answer_to(purpose=purpose, our_id=our_id),
            "Remarks": "Status",
            "Occasion": our_id,
        }
        path = f"/mpesa/transactionstatus/{settings.status_version}/query"
        return await self._post(path=path, fields=fields, deed=Deed.ASKS)

    def _answer_to(self, *, purpose: ResultPurpose, our_id: str) -> dict[str, str]:
        return {
            "QueueTimeOutURL": self._settings.timeout_url(purpose=purpose, order_id=our_id),
            "ResultURL": self._settings.result_url(purpose=purpose, order_id=our_id),
        }

    def _amount(self, amount: Money) -> Value:
        return birr_number(amount=amount, whole_only=self._settings.whole_amounts_only)

    async def _post(self, *, path: str, fields: Mapping[str, Value], deed: Deed) -> Acknowledgement:
        body = encode(fields)
        token = await self._tokens.token()
        said = await self._send(path=path, body=body, token=token, deed=deed)
        if said.verdict is Verdict.TOKEN_REFUSED:
            token = await self._tokens.token(refused=token)
            said = await self._send(path=path, body=body, token=token, deed=deed)
        if said.verdict is Verdict.TOKEN_REFUSED:
            raise Unavailable("mpesa_token_refused", "M-PESA refuses a token that it just gave")
        return said

    async def _send(self, *, path: str, body: bytes, token: str, deed: Deed) -> Acknowledgement:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            response = await self._http.post(
                f"{self._settings.base_url}{path}",
                content=body,
                headers=headers,
                timeout=self._settings.timeout(),
            )
        except httpx.RequestError as error:
            raise transport_failure(error=error, deed=deed) from error
        return read_answer(response=response, deed=deed)


def _named(*, order_id: str, provider_reference: str | None) -> dict[str, str]:
    """How a status query names a payment; ``OriginalConcersationID`` is M-PESA's own spelling."""
    if provider_reference is None:
        return {"OriginatorConversationID": order_id}
    return {"OriginalConcersationID": provider_reference}


def _payment(*, order_id: str, said: Acknowledgement, reference: str) -> PaymentAnswer:
    status = _STATUS_OF[said.verdict]
    return PaymentAnswer(
        order_id=order_id,
        status=status,
        provider_reference=text_of(said.fields.get(reference)),
        failure_code=said.code if status is RailStatus.FAILED else None,
    )


def _status_of_question(said: Acknowledgement) -> RailStatus:
    """What an accepted or refused question says of the thing asked about.

    Raises:
        Defect: ``mpesa_query_refused``; the question was refused and says nothing of the payment.
    """
    if said.verdict is Verdict.NOT_FOUND:
        return RailStatus.NOT_FOUND
    if said.verdict is Verdict.REFUSED:
        raise Defect(
            "mpesa_query_refused",
            "M-PESA refused a transaction status query",
            facts={"response_code": said.code or ""},
        )
    return RailStatus.PENDING
