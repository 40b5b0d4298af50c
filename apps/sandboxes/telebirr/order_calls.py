"""``preOrder``, in-app ``createOrder``, ``queryOrder`` (providers.md 1.6, 1.8)."""

from collections.abc import Mapping

from apps.sandboxes.kernel.clock import ADDIS
from apps.sandboxes.telebirr import grammar, refusals
from apps.sandboxes.telebirr.gateway import Biz, Operation
from apps.sandboxes.telebirr.orders import (
    DEFAULT_TIMEOUT,
    EXPIRED,
    MandateWish,
    NewOrder,
    Order,
    OrderStatus,
)
from apps.sandboxes.telebirr.parts import Parts
from apps.sandboxes.telebirr.refusals import Refused
from meqenet.money import Money


class OrderCalls:
    """Orders that a customer pays."""

    def __init__(self, *, parts: Parts) -> None:
        self._parts = parts

    def operations(self) -> tuple[Operation, ...]:
        """Where each call is served; in-app orders have two paths, both seen."""
        return (
            Operation(
                paths=("/payment/v1/merchant/preOrder",),
                method="payment.preorder",
                rules=grammar.PRE_ORDER,
                handle=self.pre_order,
            ),
            Operation(
                paths=(
                    "/payment/v1/inapp/createOrder",
                    "/payment/v1/merchant/inapp/createOrder",
                ),
                method="payment.preorder",
                rules=grammar.PRE_ORDER,
                handle=self.create_order,
            ),
            Operation(
                paths=("/payment/v1/merchant/queryOrder",),
                method="payment.queryorder",
                rules=grammar.QUERY_ORDER,
                handle=self.query_order,
            ),
        )

    async def pre_order(self, biz: Biz, raw: Mapping[str, object]) -> dict[str, object]:
        """Create an order that a customer pays on the web page."""
        faults = self._parts.begin(operation="preOrder", subject=biz["merch_order_id"])
        order = await self._create(biz, raw)
        faults.after_commit()
        return {"merch_order_id": order.merch_order_id, "prepay_id": order.prepay_id}

    async def create_order(self, biz: Biz, raw: Mapping[str, object]) -> dict[str, object]:
        """Create an order that a customer pays in the app."""
        faults = self._parts.begin(operation="createOrder", subject=biz["merch_order_id"])
        order = await self._create(biz, raw)
        faults.after_commit()
        timeout = biz.get("timeout_express", DEFAULT_TIMEOUT)
        code = (
            "TELEBIRR",
            "BUYGOODS",
            biz["merch_code"],
            biz["total_amount"],
            order.prepay_id,
            timeout,
        )
        return {
            "merch_order_id": order.merch_order_id,
            "prepay_id": order.prepay_id,
            "receiveCode": "$".join(code),
        }

    async def query_order(self, biz: Biz, _raw: Mapping[str, object]) -> dict[str, object]:
        """Tell an order's state, under both names that clients read."""
        ids = {name: biz[name] for name in ("merch_order_id", "prepay_id") if name in biz}
        if not ids:
            raise refusals.grammar(field="merch_order_id", rule="must be given")
        faults = self._parts.begin(operation="queryOrder", subject=next(iter(ids.values())))
        order = self._parts.orders.find(**ids)
        if order is None:
            raise Refused(code=refusals.ORDER_UNKNOWN, text="The order does not exist")
        order = await self._parts.lapse(order=order)
        faults.after_commit()
        status = self._parts.refunds.order_status(order=order)
        never_paid = order.status is OrderStatus.WAIT_PAY or order.failure_code == EXPIRED
        return {
            "merch_order_id": order.merch_order_id,
            "order_status": status,
            "trade_status": status,
            "payment_order_id": None if never_paid else order.payment_order_id,
            "trans_id": order.trans_id,
            "trans_time": local_time(order=order),
            "trans_currency": "ETB",
            "total_amount": str(order.amount),
        }

    async def _create(self, biz: Biz, raw: Mapping[str, object]) -> Order:
        parts = self._parts
        amount = Money.from_birr(biz["total_amount"])
        wish = self._wish(biz, raw)
        known = parts.orders.find(merch_order_id=biz["merch_order_id"])
        if known is not None:
            known = await parts.lapse(order=known)
            same = (known.amount, known.wish) == (amount, wish)
            waits = known.status is OrderStatus.WAIT_PAY
            if same and waits and parts.behaviour.rules.duplicate_order == "same_prepay_id":
                return known
            raise Refused(code=refusals.DUPLICATE, text="merch_order_id was used before")
        if wish is not None:
            parts.mandates.require_signable(wish=wish)
        new = NewOrder(
            merch_order_id=biz["merch_order_id"],
            trade_type=biz["trade_type"],
            title=biz["title"],
            amount=amount,
            notify_url=biz["notify_url"],
            redirect_url=biz.get("redirect_url"),
            callback_info=biz.get("callback_info"),
            timeout=biz.get("timeout_express", DEFAULT_TIMEOUT),
            wish=wish,
        )
        return parts.orders.add(order=new, at=parts.kernel.clock())

    def _wish(self, biz: Biz, raw: Mapping[str, object]) -> MandateWish | None:
        data = raw.get("mandate_data")
        if data is None:
            return None
        if not isinstance(data, dict):
            raise refusals.grammar(field="mandate_data", rule="must be an object")
        if biz["trade_type"] != "InApp":
            raise refusals.grammar(field="trade_type", rule="must be InApp to sign a mandate")
        fields = grammar.read(fields=data, rules=grammar.MANDATE_DATA, strict=self._parts.strict)
        return MandateWish(
            contract_no=fields["mctContractNo"],
            template_id=fields["mandateTemplateId"],
            execute_on=fields["executeTime"],
        )


def local_time(*, order: Order) -> str | None:
    """When the order was paid or closed, ``YYYY-MM-DD HH:MM:SS`` in Addis Ababa."""
    if order.closed_at is None:
        return None
    return order.closed_at.astimezone(ADDIS).strftime("%Y-%m-%d %H:%M:%S")
