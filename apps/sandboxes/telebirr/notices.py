"""Callbacks to ``notify_url``: flat, signed with the provider's key (providers.md 1.10)."""

import json
from datetime import datetime

from apps.sandboxes.kernel.callbacks import CallbackSender
from apps.sandboxes.kernel.clock import Clock
from apps.sandboxes.kernel.faults import CallbackManner
from apps.sandboxes.telebirr.credentials import Credentials
from apps.sandboxes.telebirr.orders import EXPIRED, Order, OrderStatus
from apps.sandboxes.telebirr.payments import Behaviour
from apps.sandboxes.telebirr.signing import SIGN_TYPE, signature

_PROMPTLY = CallbackManner()
_WORDS = {
    OrderStatus.WAIT_PAY: "Pending",
    OrderStatus.PAYING: "Paying",
    OrderStatus.PAY_SUCCESS: "Completed",
    OrderStatus.PAY_FAILED: "Failure",
    OrderStatus.ORDER_CLOSED: "Failure",
}


class Notices:
    """Tells merchants what became of their orders."""

    def __init__(
        self,
        *,
        callbacks: CallbackSender,
        credentials: Credentials,
        behaviour: Behaviour,
        clock: Clock,
    ) -> None:
        self._callbacks = callbacks
        self._credentials = credentials
        self._behaviour = behaviour
        self._clock = clock

    async def tell(self, *, order: Order, manner: CallbackManner = _PROMPTLY) -> None:
        """Report the order's present state, if the merchant wants to know.

        Call it after the transaction that brought the order there.
        """
        if order.notify_url is not None:
            await self._callbacks.send(
                url=order.notify_url,
                body=json.dumps(self.body(order=order), ensure_ascii=False),
                reference=order.merch_order_id,
                manner=manner,
            )

    def body(self, *, order: Order) -> dict[str, object]:
        """The callback's fields, signed."""
        now = self._clock()
        fields: dict[str, object] = {
            "notify_url": order.notify_url,
            "appid": self._credentials.merchant_app_id,
            "notify_time": epoch_ms(at=now),
            "merch_code": self._credentials.merchant_code,
            "merch_order_id": order.merch_order_id,
            "payment_order_id": order.payment_order_id,
            "total_amount": str(order.amount),
            "trans_id": order.trans_id,
            "trans_currency": "ETB",
            "trade_status": word(order=order),
            "trans_end_time": epoch_ms(at=order.closed_at or now),
            "callback_info": order.callback_info,
        }
        fields = {name: value for name, value in fields.items() if value is not None}
        fields["sign"] = signature(message=fields, key=self._credentials.sp_private_key)
        fields["sign_type"] = SIGN_TYPE
        if self._behaviour.rules.notify_spelling == "production" and "trans_id" in fields:
            fields["transId"] = fields.pop("trans_id")
        return fields


def word(*, order: Order) -> str:
    """The order's state in the vocabulary of the callback."""
    return "Expired" if order.failure_code == EXPIRED else _WORDS[order.status]


def epoch_ms(*, at: datetime) -> str:
    """Milliseconds since 1970, 13 digits."""
    return str(int(at.timestamp()) * 1000 + at.microsecond // 1000)
