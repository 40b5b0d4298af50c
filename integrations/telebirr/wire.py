"""What Telebirr says, in our words: statuses, amounts, times, callbacks (providers.md 1.8-1.11)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from integrations.telebirr.errors import AnswerUnreadable
from integrations.telebirr.settings import TelebirrNotifySettings
from integrations.telebirr.signing import canonical_string, load_public_key, verifies
from meqenet.calendar import ADDIS
from meqenet.errors import Mender, Refusal
from meqenet.identity import wire_id
from meqenet.money import Money
from meqenet.payments.rail import (
    MandateAnswer,
    MandateStatus,
    PaymentAnswer,
    RailStatus,
    RefundAnswer,
)

PAYMENT_STATUSES: Final[Mapping[str, RailStatus]] = {
    # queryOrder
    "WAIT_PAY": RailStatus.PENDING,
    "PAYING": RailStatus.PENDING,
    "ACCEPTED": RailStatus.PENDING,
    "PAY_SUCCESS": RailStatus.SUCCEEDED,
    "PAY_FAILED": RailStatus.FAILED,
    "ORDER_CLOSED": RailStatus.FAILED,
    # The payment itself stands, whatever became of its refund.
    "REFUNDING": RailStatus.SUCCEEDED,
    "REFUND_SUCCESS": RailStatus.SUCCEEDED,
    "REFUND_FAILED": RailStatus.SUCCEEDED,
    # notify
    "Pending": RailStatus.PENDING,
    "Paying": RailStatus.PENDING,
    "Completed": RailStatus.SUCCEEDED,
    "Failure": RailStatus.FAILED,
    "Expired": RailStatus.FAILED,
}
"""Two vocabularies for one thing: that of queryOrder and that of the callback."""

REFUND_STATUSES: Final[Mapping[str, RailStatus]] = {
    "REFUND_SUCCESS": RailStatus.SUCCEEDED,
    "REFUNDING": RailStatus.PENDING,
    "ACCEPTED": RailStatus.PENDING,
    "REFUND_FAILED": RailStatus.FAILED,
}
REFUND_FAILED: Final = "REFUND_FAILED"
REFUND_DUPLICATED: Final = "REFUND_DUPLICATED"

_MANDATE_ENDED: Final = frozenset({"cancelled", "canceled", "expired", "inactive", "terminated"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_MS: Final = re.compile(r"[0-9]{13}")


@dataclass(frozen=True, kw_only=True)
class TelebirrNotify:
    """A callback whose signature is Telebirr's.

    Attributes:
        merch_order_id: the wire spelling of our order id.
        order_id: our own id, when the callback echoes it (``callback_info``).
        answer: what it says of the order; None when ``order_id`` is None, see ``answer_for``.
    """

    merch_order_id: str
    order_id: str | None
    fields: Mapping[str, object]

    @property
    def answer(self) -> PaymentAnswer | None:
        """What it says of the order that it names itself."""
        return None if self.order_id is None else self.answer_for(order_id=self.order_id)

    def answer_for(self, *, order_id: str) -> PaymentAnswer:
        """What it says, when the caller has found the order by its wire id.

        Raises:
            ValueError: the callback is about another order.
        """
        if wire_id(meqenet_id=order_id) != self.merch_order_id:
            raise ValueError("order_id: the callback is about another order")
        return read_payment(order_id=order_id, fields=self.fields)


def parse_notify(*, body: bytes, settings: TelebirrNotifySettings) -> TelebirrNotify:
    """Read a payment callback (providers.md 1.10).

    A callback is a hint: it may come twice, late, or before the answer that it belongs to.

    Raises:
        Refusal: ``callback_malformed``, ``callback_signature_invalid``, or ``callback_mismatch``
            when it is signed and about another merchant or another order than it says.
    """
    fields = _verified(_unwrapped(body), settings=settings)
    for name, ours in (
        ("appid", settings.merchant_app_id),
        ("merch_code", settings.merchant_code),
    ):
        if fields.get(name, ours) != ours:
            raise _refusal("callback_mismatch", "the callback is for another merchant", name)
    merch_order_id = fields.get("merch_order_id")
    if not isinstance(merch_order_id, str) or not merch_order_id:
        raise _refusal("callback_malformed", "the callback names no order", "merch_order_id")
    order_id = fields.get("callback_info") or None
    if order_id is not None and (
        not isinstance(order_id, str) or wire_id(meqenet_id=order_id) != merch_order_id
    ):
        raise _refusal("callback_mismatch", "the callback names two orders", "callback_info")
    try:
        read_payment(order_id=order_id or merch_order_id, fields=fields)
    except AnswerUnreadable as error:
        raise _refusal("callback_malformed", error.reason, None) from error
    return TelebirrNotify(merch_order_id=merch_order_id, order_id=order_id, fields=fields)


def read_payment(*, order_id: str, fields: Mapping[str, object]) -> PaymentAnswer:
    """What queryOrder or a callback says of an order.

    Raises:
        AnswerUnreadable: no known status, two that contradict each other, no readable amount.
    """
    told = {str(fields[name]) for name in ("order_status", "trade_status") if fields.get(name)}
    statuses = {PAYMENT_STATUSES.get(word) for word in told}
    if len(statuses) != 1:
        raise AnswerUnreadable("the order has no status, or two that contradict each other")
    status = statuses.pop()
    if status is None:
        raise AnswerUnreadable(f"the order has an unknown status, {min(told)!r}")
    return PaymentAnswer(
        order_id=order_id,
        status=status,
        provider_reference=_text(fields, "payment_order_id"),
        receipt=_text(fields, "trans_id"),
        amount=read_amount(fields=fields),
        failure_code=min(told) if status is RailStatus.FAILED else None,
        occurred_at=read_time(fields.get("trans_end_time") or fields.get("trans_time")),
    )


def read_prepay_id(*, fields: Mapping[str, object]) -> str:
    """The id under which an order is paid (preOrder's answer)."""
    prepay_id = _text(fields, "prepay_id")
    if prepay_id is None:
        raise AnswerUnreadable("the order has no prepay_id")
    return prepay_id


def read_debit(*, order_id: str, fields: Mapping[str, object]) -> PaymentAnswer:
    """What a successful ``payment.disbursement`` says: paid once it names the time of payment.

    The answer carries no receipt; the order's query does.
    """
    paid_at = fields.get("pay_success_time")
    return PaymentAnswer(
        order_id=order_id,
        status=RailStatus.SUCCEEDED if paid_at else RailStatus.PENDING,
        provider_reference=_text(fields, "payment_order_id"),
        amount=read_amount(fields=fields),
        occurred_at=read_time(paid_at),
    )


def read_refund(*, refund_id: str, fields: Mapping[str, object]) -> RefundAnswer | None:
    """What ``payment.refund`` says; None when it only says that it knows the request already.

    ``refund_time`` is there only when the refund has succeeded, so it decides a duplicate too.
    """
    told = str(fields.get("refund_status", ""))
    status = REFUND_STATUSES.get(told)
    if told == REFUND_DUPLICATED:
        if not fields.get("refund_time"):
            return None
        status = RailStatus.SUCCEEDED
    if status is None:
        raise AnswerUnreadable(f"the refund has an unknown status, {told!r}")
    return RefundAnswer(
        refund_id=refund_id,
        status=status,
        receipt=_text(fields, "refund_order_id"),
        failure_code=told if status is RailStatus.FAILED else None,
    )


def read_mandate(*, contract_no: str, fields: Mapping[str, object]) -> MandateAnswer:
    """What ``payment.queryMandate`` says; ``single_amount`` is the most that one debit may take."""
    told = str(fields.get("status", "")).lower()
    if told != "active" and told not in _MANDATE_ENDED:
        raise AnswerUnreadable(f"the mandate has an unknown status, {told!r}")
    return MandateAnswer(
        contract_no=contract_no,
        status=MandateStatus.ACTIVE if told == "active" else MandateStatus.ENDED,
        mandate_id=_text(fields, "mandate_contract_id"),
        debit_limit=read_amount(fields=fields, name="single_amount"),
    )


def read_amount(*, fields: Mapping[str, object], name: str = "total_amount") -> Money | None:
    """An amount in birr, a decimal string or number; None when the field is not there."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    currency = fields.get("trans_currency") or fields.get("currency") or "ETB"
    if currency != "ETB" or isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise AnswerUnreadable(f"{name} is no amount in birr")
    try:
        return Money.from_birr(value)
    except ValueError as error:
        raise AnswerUnreadable(f"{name} is no amount in birr") from error


def read_time(value: object) -> datetime | None:
    """Milliseconds since 1970, or ``YYYY-MM-DD HH:MM:SS`` in Addis Ababa; None for other forms.

    The zone of the second form is not documented; the local one is assumed.
    """
    text = str(value or "").strip()
    if _EPOCH_MS.fullmatch(text):
        return _EPOCH + timedelta(milliseconds=int(text))
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=ADDIS).astimezone(UTC)
    except ValueError:
        return None


def _unwrapped(body: bytes) -> Mapping[str, object]:
    """The flat message; production was seen to wrap it in ``data``."""
    try:
        message = json.loads(body, parse_float=Decimal)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise _refusal("callback_malformed", "the callback is no JSON object", None)
    inner = message.get("data")
    return inner if isinstance(inner, dict) and "merch_order_id" in inner else message


def _verified(
    message: Mapping[str, object], *, settings: TelebirrNotifySettings
) -> Mapping[str, object]:
    """The message as it was signed.

    Production was seen to sign the receipt as ``trans_id`` and to send it as ``transId``.
    """
    spellings = [message]
    if "transId" in message and "trans_id" not in message:
        spellings.append(
            {("trans_id" if name == "transId" else name): v for name, v in message.items()}
        )
    public_key = load_public_key(text=settings.sp_public_key)
    signature = message.get("sign")
    for spelling in spellings:
        try:
            text = canonical_string(message=spelling)
        except ValueError as error:
            raise _refusal("callback_malformed", str(error), None) from error
        if isinstance(signature, str) and verifies(
            text=text, signature=signature, public_key=public_key
        ):
            return spelling
    raise _refusal("callback_signature_invalid", "the callback is not signed by telebirr", "sign")


def _text(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    return None if value is None or value == "" else str(value)


def _refusal(code: str, text: str, field: str | None) -> Refusal:
    return Refusal(code, text, mender=Mender.NOBODY, field=field)
