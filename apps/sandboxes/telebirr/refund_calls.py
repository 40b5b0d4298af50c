"""``refund`` (providers.md 1.9)."""

from collections.abc import Mapping

from apps.sandboxes.telebirr import grammar, refusals
from apps.sandboxes.telebirr.gateway import Biz, Operation
from apps.sandboxes.telebirr.notices import epoch_ms
from apps.sandboxes.telebirr.orders import Order
from apps.sandboxes.telebirr.parts import Parts
from apps.sandboxes.telebirr.refunds import Refund, RefundStatus
from apps.sandboxes.telebirr.refusals import Refused
from meqenet.money import Money

_DUPLICATED = "REFUND_DUPLICATED"


class RefundCalls:
    """Payments given back."""

    def __init__(self, *, parts: Parts) -> None:
        self._parts = parts

    def operations(self) -> tuple[Operation, ...]:
        """Where the call is served."""
        return (
            Operation(
                paths=("/payment/v1/merchant/refund",),
                method="payment.refund",
                rules=grammar.REFUND,
                handle=self.refund,
            ),
        )

    async def refund(self, biz: Biz, _raw: Mapping[str, object]) -> dict[str, object]:
        """Give a payment back, in whole or in part; once per ``refund_request_no``."""
        parts = self._parts
        text = biz.get("actual_amount") or biz.get("refund_amount")
        if text is None:
            raise refusals.grammar(field="actual_amount", rule="must be given")
        amount = Money.from_birr(text)
        order = self._order(biz)
        faults = parts.begin(operation="refund", subject=order.merch_order_id)
        number = biz["refund_request_no"]
        known = parts.refunds.find(refund_request_no=number)
        if known is not None:
            if (known.merch_order_id, known.amount) != (order.merch_order_id, amount):
                raise Refused(code=refusals.DUPLICATE, text="refund_request_no was used before")
            return self._answer(known, order=order, status=_DUPLICATED)
        now = parts.kernel.clock()
        refund = parts.refunds.open(order=order, refund_request_no=number, amount=amount, at=now)
        if parts.behaviour.rules.refund == "at_once":
            refund = parts.refunds.settle(refund=refund, order=order, at=now)
        faults.after_commit()
        return self._answer(refund, order=order, status=refund.status.value)

    def _order(self, biz: Biz) -> Order:
        ids = {name: biz[name] for name in ("merch_order_id", "payment_order_id") if name in biz}
        if not ids:
            raise refusals.grammar(field="merch_order_id", rule="must be given")
        order = self._parts.orders.find(**ids)
        if order is None:
            raise Refused(code=refusals.ORDER_UNKNOWN, text="The order does not exist")
        return order

    def _answer(self, refund: Refund, *, order: Order, status: str) -> dict[str, object]:
        """``refund_time`` is there only when the money is back."""
        done = refund.status is RefundStatus.REFUND_SUCCESS
        return {
            "merch_code": self._parts.credentials.merchant_code,
            "merch_order_id": order.merch_order_id,
            "trans_order_id": order.payment_order_id,
            "refund_order_id": refund.refund_order_id,
            "refund_amount": str(refund.amount),
            "refund_currency": "ETB",
            "refund_status": status,
            "refund_time": epoch_ms(at=refund.closed_at) if done and refund.closed_at else None,
        }
